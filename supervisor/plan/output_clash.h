#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "common/config/config.h"
#include "common/result.h"

namespace muster {

// Finds outputs that would go to one file, before anything is paid: files of one item that two
// would write, and any file that two of the config's outputs would. Goes through the items twice,
// to keep eight bytes of each path: after Add() of all, MayClash() says whether there is anything
// to find, and then Name() says what. Paths that answers decide are left out: nobody knows them
// yet.
class OutputClash {
 public:
  explicit OutputClash(const Config& config);

  // An error: a path that is not inside the output folder.
  Result<void> Add(const std::vector<std::string>& paths);
  bool MayClash();

  // The same items again, in the same order: a sentence where one clashes with one before it.
  std::string Name(const std::string& item, const std::vector<std::string>& paths);

 private:
  bool Grows(size_t index) const { return grows_[index]; }

  std::vector<bool> grows_;       // by output: items share its files
  std::vector<size_t> known_;     // indexes of the outputs whose paths do not depend on answers
  std::vector<uint64_t> hashes_;  // of files that are one item's
  std::unordered_map<uint64_t, size_t> growing_;  // of the others, with their output
  std::unordered_set<uint64_t> suspects_;
  struct Owner {
    std::string item;
    size_t output = 0;
  };
  std::map<std::string, Owner> owners_;  // by path, of the suspects
};

}  // namespace muster
