#include <utility>

#include "common/config/config.h"
#include "common/config/reader.h"
#include "common/config/settings.h"

// A config as it travels to workers: written by the table of settings, and read back by it.

namespace muster {
namespace {

// A visitor of the table that writes what is set.
class Writer {
 public:
  template <class S>
  static Json Write(S& value) {
    Writer writer;
    Describe(writer, value);
    return std::move(writer.map_);
  }

  template <class T, class Kind>
  void Setting(std::string_view name, T&& value, const Kind& kind, std::string_view) {
    if (auto written = Written(value, kind)) map_[std::string(name)] = *std::move(written);
  }
  template <class T, class Kind>
  void Required(std::string_view name, T&& value, const Kind& kind, std::string_view help) {
    Setting(name, value, kind, help);
  }
  template <class Inside>
  void Group(std::string_view name, std::string_view, const Inside& inside, std::string_view = "") {
    Json around = std::exchange(map_, Json::object());
    inside();
    around[std::string(name)] = std::exchange(map_, Json());
    map_ = std::move(around);
  }
  template <class S>
  void Optional(std::string_view name, std::optional<S>& value, std::string_view) {
    if (value) map_[std::string(name)] = Write(*value);
  }
  template <class S>
  void List(std::string_view name, std::vector<S>& values, std::string_view) {
    Json& list = map_[std::string(name)] = Json::array();
    for (S& value : values) list.push_back(Write(value));
  }
  template <class S>
  void Map(std::string_view name, std::map<std::string, S>& values, const Words&,
           std::string_view) {
    Json& map = map_[std::string(name)] = Json::object();
    for (auto& [key, value] : values) map[key] = Write(value);
  }
  void Hidden(std::string_view name, const std::string& value) { map_[std::string(name)] = value; }

 private:
  Json map_ = Json::object();
};

}  // namespace

Json OptionsToJson(const ChatOptions& options) {
  ChatOptions copy = options;
  return Writer::Write(copy);
}

Json ConfigToJson(const Config& config) {
  Config copy = config;  // the table speaks of what can be changed
  return Writer::Write(copy);
}

Result<Config> ConfigFromJson(const Json& json) {
  Places nowhere("config");
  Problems problems(nowhere);
  Config config;
  Reader(json, Reader::Form::kTravelling, "", problems).Read(config);
  if (!problems.empty()) return Error{problems.Text()};
  return config;
}

}  // namespace muster
