#pragma once

// Reads a config into its structs by the table of settings. It knows what each value must look
// like by itself; what values mean together is judged in check.cc.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config/config.h"
#include "common/config/kinds.h"
#include "common/config/problems.h"
#include "common/config/settings.h"
#include "common/json.h"

namespace muster {

// A visitor of the table that fills in what a config says, as a person wrote it (YAML) or as it
// travels to workers (ConfigToJson: texts are inside, nothing is rendered any more). Mistakes go to
// `problems`, and the setting keeps its default. All references must outlive the reader.
class Reader {
 public:
  enum class Form { kWritten, kTravelling };

  // `folder` is what the paths of {file: …} are relative to.
  Reader(const Json& root, Form form, std::string folder, Problems& problems);

  template <class S>
  void Read(S& out) {
    ReadMap(root_, "", [&] { Describe(*this, out); });
  }

  // ---- what the table calls ----

  template <class T, class Kind>
  void Setting(std::string_view name, T&& out, const Kind& kind, std::string_view) {
    const Json* value = Take(name);
    if (!value) return;
    if (auto parsed = Parse(*value, PathOf(name), kind)) out = *std::move(parsed);
  }

  template <class T, class Kind>
  void Required(std::string_view name, T&& out, const Kind& kind, std::string_view help) {
    if (!map_->contains(name)) missing_.emplace_back(name, Expected(kind));
    Setting(name, std::forward<T>(out), kind, help);
  }

  template <class Inside>
  void Group(std::string_view name, std::string_view, const Inside& inside,
             std::string_view word = "") {
    const Json* value = TakePart(name);
    if (!value || IsWord(*value, word)) return;
    ReadMap(*value, PathOf(name), inside, word);
  }

  template <class S>
  void Optional(std::string_view name, std::optional<S>& out, std::string_view) {
    const Json* value = TakePart(name);
    if (value) ReadMap(*value, PathOf(name), [&] { Describe(*this, out.emplace(S{})); });
  }

  template <class S>
  void List(std::string_view name, std::vector<S>& out, std::string_view) {
    const Json* value = TakePart(name);
    if (!value || !IsList(*value, PathOf(name))) return;
    out.assign(value->size(), S{});
    for (size_t i = 0; i < out.size(); ++i) {
      ReadMap((*value)[i], ElementPath(PathOf(name), i), [&] { Describe(*this, out[i]); });
    }
  }

  template <class S>
  void Map(std::string_view name, std::map<std::string, S>& out, const Words& names,
           std::string_view) {
    const Json* value = TakePart(name);
    if (!value || !IsMap(*value, PathOf(name))) return;
    for (const auto& member : value->items()) {
      std::string path = MemberPath(PathOf(name), member.key());
      if (!NameFits(member.key(), path, names)) continue;
      S& element = out[member.key()];
      if (!member.value().is_null()) {
        ReadMap(member.value(), path, [&] { Describe(*this, element); });
      }
    }
  }

  void Hidden(std::string_view name, std::string& out);

 private:
  using StringMap = std::map<std::string, std::string>;

  // Enters a map, lets `inside` read it, and then reports the keys that nobody asked for
  // and those that are not there. `word` is what could have stood in its place.
  template <class Inside>
  void ReadMap(const Json& map, const std::string& path, const Inside& inside,
               std::string_view word = "") {
    if (!IsMap(map, path, word)) return;
    auto around = std::tuple(map_, std::exchange(path_, path), std::exchange(known_, {}),
                             std::exchange(missing_, {}));
    map_ = &map;
    inside();
    ReportUnknownKeys();
    ReportMissing();
    std::tie(map_, path_, known_, missing_) = std::move(around);
  }

  std::string PathOf(std::string_view name) const { return MemberPath(path_, name); }
  const Json* Take(std::string_view name);
  const Json* TakePart(std::string_view name);  // nullptr also for an empty value
  static bool IsWord(const Json& value, std::string_view word);
  bool IsMap(const Json& value, const std::string& path, std::string_view word = "");
  bool IsList(const Json& value, const std::string& path);
  bool NameFits(const std::string& name, const std::string& path, const Words& names);
  void Wrong(const Json& value, const std::string& path, const std::string& expected);
  void NotText(const Json& value, const std::string& path, const std::string& expected);
  void ReportUnknownKeys();
  void ReportMissing();

  // The value, or nullopt after reporting what is wrong with it.
  std::optional<int64_t> Parse(const Json& value, const std::string& path, const Whole& kind);
  std::optional<double> Parse(const Json& value, const std::string& path, const Real& kind);
  std::optional<bool> Parse(const Json& value, const std::string& path, const Flag& kind);
  std::optional<Milliseconds> Parse(const Json& value, const std::string& path,
                                    const Duration& kind);
  std::optional<std::pair<Milliseconds, Milliseconds>> Parse(const Json& value,
                                                             const std::string& path,
                                                             const DurationSpan& kind);
  std::optional<std::string> Parse(const Json& value, const std::string& path, const Words& kind);
  std::optional<std::string> Parse(const Json& value, const std::string& path, const Choice& kind);
  std::optional<std::string> Parse(const Json& value, const std::string& path,
                                   const LoadTemplate& kind);
  std::optional<TextSource> Parse(const Json& value, const std::string& path, const Template& kind);
  std::optional<StringMap> Parse(const Json& value, const std::string& path, const Templates& kind);
  std::optional<std::string> Parse(const Json& value, const std::string& path,
                                   const ItemTemplate& kind);
  std::optional<Expression> Parse(const Json& value, const std::string& path,
                                  const ExpressionKind& kind);
  std::optional<std::vector<Column>> Parse(const Json& value, const std::string& path,
                                           const ColumnList& kind);
  std::optional<StringMap> Parse(const Json& value, const std::string& path, const Headers& kind);
  std::optional<int64_t> Parse(const Json& value, const std::string& path, const Dollars& kind);
  std::optional<int64_t> Parse(const Json& value, const std::string& path, const Money& kind);
  std::optional<std::vector<std::string>> Parse(const Json& value, const std::string& path,
                                                const Texts& kind);
  std::optional<std::vector<std::string>> Parse(const Json& value, const std::string& path,
                                                const Choices& kind);
  std::optional<std::vector<TextSource>> Parse(const Json& value, const std::string& path,
                                               const TemplateList& kind);
  std::optional<StringMap> Parse(const Json& value, const std::string& path, const TextMap& kind);
  std::optional<Json> Parse(const Json& value, const std::string& path, const JsonSource& kind);
  std::optional<Json> Parse(const Json& value, const std::string& path, const RawFields& kind);
  std::optional<Json> Parse(const Json& value, const std::string& path, const Scalar& kind);
  std::optional<Json> Parse(const Json& value, const std::string& path, const Scalars& kind);
  std::optional<Json> Parse(const Json& value, const std::string& path, const ParamMap& kind);
  std::optional<ItemSource::Range> Parse(const Json& value, const std::string& path,
                                         const NumberRange& kind);

  // Every element of a list, or the one value that stands for a list of it.
  template <class Visit>
  void ForEachOf(const Json& value, const std::string& path, const Visit& visit) {
    if (!value.is_array()) return visit(value, path);
    for (size_t i = 0; i < value.size(); ++i) visit(value[i], ElementPath(path, i));
  }

  std::optional<std::string> TextOf(const Json& value, const std::string& path) const;
  std::optional<Milliseconds> DurationOf(std::string_view text) const;
  std::optional<TextSource> ReadFileOf(const Json& map, const std::string& path);
  // The value of one param; `params` are those before it.
  std::optional<Json> ParamValue(const Json& value, const std::string& path, const Json& params);
  std::optional<Json> PickedDefault(const ParamDeclaration& param, const std::string& path,
                                    const Json& params);
  void CheckChoice(const ParamDeclaration& param, const std::string& path);

  const Json& root_;
  const Form form_;
  const std::string folder_;
  Problems& problems_;
  Json names_;  // what templates rendered at load may use

  // The map being read, its path, the keys the table knows in it, and those it lacks with what
  // was expected of them.
  const Json* map_ = nullptr;
  std::string path_;
  std::vector<std::string> known_;
  std::vector<std::pair<std::string, std::string>> missing_;
};

}  // namespace muster
