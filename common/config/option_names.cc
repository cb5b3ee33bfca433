#include "common/config/option_names.h"

#include "common/config/settings.h"

namespace muster {
namespace {

// A visitor of the table that collects names.
struct Collector {
  std::vector<std::string> names;

  template <class T, class Kind>
  void Setting(std::string_view name, T&&, const Kind&, std::string_view) {
    names.emplace_back(name);
  }
};

// One that clears the setting of a name.
struct Clearer {
  std::string_view wanted;

  template <class T, class Kind>
  void Setting(std::string_view name, T& value, const Kind&, std::string_view) {
    if (name == wanted) value = T();
  }
};

}  // namespace

const std::vector<std::string>& OptionNames() {
  static const std::vector<std::string> kNames = [] {
    Collector collector;
    ChatOptions options;
    Describe(collector, options);
    return collector.names;
  }();
  return kNames;
}

void ClearOption(ChatOptions& options, std::string_view name) {
  Clearer clearer{name};
  Describe(clearer, options);
}

}  // namespace muster
