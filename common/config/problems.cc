#include "common/config/problems.h"

#include <algorithm>
#include <tuple>

#include "common/text.h"

namespace muster {
namespace {

// More than anyone reads; keeps the error of a file that is no config at all in bounds.
constexpr size_t kMostShown = 100;

bool IsPlainKey(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-';
  });
}

bool IsInside(std::string_view path, std::string_view outer) {
  if (outer.empty() || path == outer) return true;
  return path.starts_with(outer) && (path[outer.size()] == '.' || path[outer.size()] == '[');
}

template <class Value>
void EraseInside(const std::string& path, std::map<std::string, Value>& from) {
  std::erase_if(from, [&](const auto& entry) { return IsInside(entry.first, path); });
}

}  // namespace

std::string MemberPath(std::string_view parent, std::string_view key) {
  if (!IsPlainKey(key)) return fmt::format("{}[\"{}\"]", parent, key);
  return parent.empty() ? std::string(key) : fmt::format("{}.{}", parent, key);
}

std::string ElementPath(std::string_view parent, size_t index) {
  return fmt::format("{}[{}]", parent, index);
}

std::string ParentPath(std::string_view path) {
  size_t end = path.ends_with("\"]") ? path.rfind("[\"")
               : path.ends_with("]") ? path.rfind('[')
                                     : path.rfind('.');
  return std::string(end == std::string_view::npos ? "" : path.substr(0, end));
}

void Places::Erase(const std::string& path) {
  EraseInside(path, keys_);
  EraseInside(path, values_);
  EraseInside(path, sources_);
}

Place Places::Key(const std::string& path) const {
  auto found = keys_.find(path);
  return found == keys_.end() ? Value(path) : found->second;
}

Place Places::Value(const std::string& path) const {
  for (std::string at = path;; at = ParentPath(at)) {
    if (auto found = values_.find(at); found != values_.end()) return found->second;
    if (at.empty()) return Place();
  }
}

void Places::AddSources(const std::string& path, const Places& inner) {
  for (const auto& [below, text] : inner.sources_) {
    bool point = !path.empty() && !below.empty() && below.front() != '[';
    sources_[path + (point ? "." : "") + below] = text;
  }
}

std::optional<std::string> Places::Source(const std::string& path) const {
  auto found = sources_.find(path);
  return found == sources_.end() ? std::nullopt : std::optional(found->second);
}

std::string Places::Text(const Place& place) const {
  if (!place.option.empty()) return place.option;
  return fmt::format("{}:{}:{}", file_, place.line, place.column);
}

void Problems::AtKey(const std::string& path, std::string what) {
  found_.push_back({path, places_.Key(path), std::move(what)});
}

void Problems::AtValue(const std::string& path, std::string what) {
  found_.push_back({path, places_.Value(path), std::move(what)});
}

void Problems::At(Place place, std::string what) {
  found_.push_back({"", std::move(place), std::move(what)});
}

void Problems::InTemplate(const std::string& path, const std::string& origin, std::string error) {
  // A text in the config itself: its place (TemplatePlace) begins the line already.
  constexpr std::string_view kLater = " (its line ";
  bool here = origin == places_.Text(places_.Value(path)) && error.starts_with(origin);
  if (here) error.erase(0, origin.size());
  size_t end = here && error.starts_with(kLater) ? error.find(')') : std::string::npos;
  if (end != std::string::npos) {
    error = "line " + error.substr(kLater.size(), end - kLater.size()) + " of the text" +
            error.substr(end + 1);
  } else if (here) {
    error.erase(0, error.find_first_not_of(": "));
  }
  AtValue(path, error);
}

bool Problems::Under(std::string_view path) const {
  return std::any_of(found_.begin(), found_.end(),
                     [&](const Problem& problem) { return IsInside(problem.path, path); });
}

std::string Problems::Text() const {
  std::vector<Problem> sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
    return std::tuple(!a.place.option.empty(), a.place.line, a.place.column) <
           std::tuple(!b.place.option.empty(), b.place.line, b.place.column);
  });
  std::string text;
  for (size_t i = 0; i < sorted.size() && i < kMostShown; ++i) {
    if (i > 0) text += '\n';
    text += VisibleText(fmt::format("{}: {}", places_.Text(sorted[i].place), sorted[i].what));
  }
  if (sorted.size() > kMostShown) {
    text += fmt::format("\nand {} more mistakes", sorted.size() - kMostShown);
  }
  return text;
}

}  // namespace muster
