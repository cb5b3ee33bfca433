#include "supervisor/plan/output_clash.h"

#include <algorithm>

#include "common/files.h"
#include "common/hash.h"
#include "common/template.h"
#include "common/text.h"

namespace muster {
namespace {

bool IsKnownBefore(const TextSource& path) {
  auto names = TemplateNames(path.text, path.origin);
  if (!names) return false;
  return std::all_of(names->begin(), names->end(), [](const std::string& name) {
    std::string first = name.substr(0, name.find('.'));
    return first == "item" || first == "params" || first == "run";
  });
}

}  // namespace

OutputClash::OutputClash(const Config& config) {
  for (size_t i = 0; i < config.outputs.size(); ++i) {
    grows_.push_back(config.outputs[i].grows());
    if (IsKnownBefore(config.outputs[i].path())) known_.push_back(i);
  }
}

Result<void> OutputClash::Add(const std::vector<std::string>& paths) {
  for (size_t index : known_) {
    auto full = PathInside("/", paths[index]);
    if (!full) return Error{full.error()};
    uint64_t hash = StableHash(*full);
    if (!Grows(index)) {
      hashes_.push_back(hash);
      continue;
    }
    auto [at, added] = growing_.emplace(hash, index);
    if (!added && at->second != index) suspects_.insert(hash);
  }
  return {};
}

bool OutputClash::MayClash() {
  std::sort(hashes_.begin(), hashes_.end());
  auto at = hashes_.begin();
  while ((at = std::adjacent_find(at, hashes_.end())) != hashes_.end()) suspects_.insert(*at++);
  for (uint64_t hash : hashes_) {
    if (growing_.contains(hash)) suspects_.insert(hash);
  }
  return !suspects_.empty();
}

std::string OutputClash::Name(const std::string& item, const std::vector<std::string>& paths) {
  std::string why;
  for (size_t index : known_) {
    auto full = PathInside("/", paths[index]);
    if (!full || !suspects_.contains(StableHash(*full))) continue;
    auto [at, added] = owners_.emplace(*full, Owner{item, index});
    const Owner& owner = at->second;
    bool shared = Grows(index) && owner.output == index;
    if (added || shared || !why.empty()) continue;
    std::string whose = fmt::format("items {} and {}", VisibleText(owner.item), VisibleText(item));
    if (owner.item == item) whose = "two outputs of item " + VisibleText(item);
    why = fmt::format("{} would write one file, {}; expected a path of its own for each", whose,
                      VisibleText(paths[index]));
  }
  return why;
}

}  // namespace muster
