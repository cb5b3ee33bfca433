#include "supervisor/outputs/existing_outputs.h"

#include <algorithm>
#include <filesystem>

#include "common/files.h"
#include "common/safe_name.h"
#include "common/step_values.h"
#include "common/text.h"

namespace muster {

ExistingOutputs::ExistingOutputs(const Config& config, const LedgerView& view)
    : config_(config),
      view_(view),
      any_(std::any_of(config.outputs.begin(), config.outputs.end(),
                       [](const Output& output) { return output.skip_existing; })) {}

std::string ExistingOutputs::WhySkipped(const Json& item_fields) const {
  if (!any_) return "";
  Json context = ItemContext(config_, item_fields);
  std::string why;
  for (const Output& output : config_.outputs) {
    if (!output.skip_existing) continue;
    auto path = RenderPath(output.path().text, output.path().origin, context);
    if (!path) return "";
    auto full = PathInside(config_.output_dir, *path);
    std::error_code ignored;
    bool there = full && std::filesystem::is_regular_file(*full, ignored);
    if (!there || view_.OutputOwner(*path)) return "";
    if (why.empty()) why = VisibleText(*path) + " is there already";
  }
  return why;
}

}  // namespace muster
