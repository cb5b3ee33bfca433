#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/result.h"

namespace muster::torture {

// What one round works on, and what must come of it: every item has a folder of parts, each part is
// asked about, then the whole; the output holds all answers. Knows texts and files, no processes.
//
// A call is known by its place, "ITEM/STEP" with the ledger's step path ("i03/parts[b]",
// "i03/whole"); every prompt begins with the place it is asked from.
class Scene {
 public:
  struct Shape {
    std::string folder;  // of the round
    std::string token;   // makes the round's requests unlike any other's
    uint64_t seed = 0;   // of the provider's faults
    int64_t items = 0, workers = 0;
    size_t parts = 7;   // of each item: 1 to 7
    std::string rules;  // what the provider does to its clients; empty: a bit of everything
    std::string retry = "{attempts: 30, base: 20ms, most: 40ms}";
    std::string run_dir;  // empty: in the folder
  };

  explicit Scene(const Shape& shape);

  // Writes items, the config and the provider's script. The config names the provider's port.
  Result<void> Write(uint16_t port) const;
  std::string Script() const;

  std::string config() const { return shape_.folder + "/torture.yaml"; }
  std::string run_dir() const {
    return shape_.run_dir.empty() ? shape_.folder + "/run" : shape_.run_dir;
  }
  std::string log() const { return shape_.folder + "/log"; }  // what muster says
  const Shape& shape() const { return shape_; }

  // The most calls that one item, and all of them, can have in the air.
  int64_t item_concurrency() const;
  int64_t most_in_the_air() const { return item_concurrency() * shape_.workers; }

  const std::vector<std::string>& items() const { return items_; }
  std::vector<std::string> PlacesOf(const std::string& item) const;  // in the order of the steps
  std::string OutputPath(const std::string& item) const;             // in the run directory

  // Texts by place.
  using Answers = std::map<std::string, std::string>;
  // What is asked there, given the answers that came before. Empty: one of them is missing.
  std::string PromptOf(const std::string& place, const Answers& answers) const;
  // What the item's output holds once all is answered.
  std::string OutputOf(const std::string& item, const Answers& answers) const;

 private:
  std::string PartText(const std::string& item, const std::string& part) const;

  Shape shape_;
  std::vector<std::string> items_;
};

// The place that a prompt was asked from; the item of a place.
std::string PlaceIn(const std::string& prompt);
std::string ItemOf(const std::string& place);

}  // namespace muster::torture
