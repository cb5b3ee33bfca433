#pragma once

// Where each part of a config was written, and the mistakes found in it. A part is named by its
// path: "limits.time.base", "steps[0].chat.model", providers.openai.prices["gpt-5.1"].input.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace muster {

std::string MemberPath(std::string_view parent, std::string_view key);
std::string ElementPath(std::string_view parent, size_t index);
std::string ParentPath(std::string_view path);  // "" is the parent of all

// A position in the config's file (1-based, columns in characters), or the command-line option that
// said it instead ("--set workers").
struct Place {
  int line = 1, column = 1;
  std::string option;  // empty: the file
};

// The places of one config. What has no place of its own is where the part around it is.
class Places {
 public:
  explicit Places(std::string file) : file_(std::move(file)) {}

  void SetKey(const std::string& path, Place place) { keys_[path] = std::move(place); }
  void SetValue(const std::string& path, Place place) { values_[path] = std::move(place); }
  // How a value was written, where that matters: numbers, and all that came by an option.
  void SetSource(const std::string& path, std::string text) { sources_[path] = std::move(text); }
  // Takes over the sources of a document that was put at `path`.
  void AddSources(const std::string& path, const Places& inner);
  // Forgets `path` and everything in it: it is about to be replaced.
  void Erase(const std::string& path);

  // Whether a person wrote this member, in the file or as an option.
  bool HasKey(const std::string& path) const { return keys_.contains(path); }
  Place Key(const std::string& path) const;
  Place Value(const std::string& path) const;
  std::optional<std::string> Source(const std::string& path) const;

  // "transcripts.yaml:12:3", or the option.
  std::string Text(const Place& place) const;

 private:
  std::string file_;
  std::map<std::string, Place> keys_, values_;
  std::map<std::string, std::string> sources_;
};

// Collects the mistakes of one config, so that a user sees all of them at once. Refers to the
// places, which must outlive it and may still change.
class Problems {
 public:
  explicit Problems(const Places& places) : places_(places) {}

  void AtKey(const std::string& path, std::string what);
  void AtValue(const std::string& path, std::string what);
  void At(Place place, std::string what);
  // The error of a template that stands at `path`; `origin` is what the error begins with.
  void InTemplate(const std::string& path, const std::string& origin, std::string error);

  bool empty() const { return found_.empty(); }
  // Whether a mistake was found at `path` or in it: then it is no use to judge the whole.
  bool Under(std::string_view path) const;

  // A line each, in the order of the file, options last; what no terminal should see is escaped.
  std::string Text() const;

  const Places& places() const { return places_; }

 private:
  struct Problem {
    std::string path;
    Place place;
    std::string what;
  };

  const Places& places_;
  std::vector<Problem> found_;
};

}  // namespace muster
