#include "common/config/check_items.h"

#include <algorithm>
#include <vector>

#include "common/config/kinds.h"
#include "common/config/template_names.h"

namespace muster {
namespace {

constexpr std::string_view kSources[] = {"directories", "csv", "jsonl", "json", "range", "matrix"};
constexpr const char* kExpected = "expected directories, csv, jsonl, json, range or matrix in it";

// The sources that are given, in the order of kSources.
std::vector<std::string> SourcesOf(const ItemSource& items, const Places& places) {
  std::vector<std::string> given;
  bool there[] = {!items.directories.empty(), !items.csv.empty(),
                  !items.jsonl.empty(),       !items.json.empty(),
                  items.range.has_value(),    places.HasKey("items.matrix")};
  for (size_t i = 0; i < std::size(kSources); ++i) {
    if (there[i]) given.emplace_back(kSources[i]);
  }
  return given;
}

void CheckMatrix(const Json& matrix, Problems& problems) {
  if (matrix.empty() && problems.places().HasKey("items.matrix")) {
    problems.AtKey("items.matrix", "\"items.matrix\" is empty; expected names and lists of values");
  }
  for (const auto& member : matrix.items()) {
    std::string path = MemberPath("items.matrix", member.key());
    const Json& values = member.value();
    bool scalars = values.is_array() && std::none_of(values.begin(), values.end(), [](auto& value) {
                     return value.is_structured() || value.is_null();
                   });
    if (!scalars) {
      problems.AtValue(path, fmt::format("\"{}\" is no list of values; expected one, such as [1, "
                                         "2, 3]",
                                         path));
    }
    if (!IsFieldName(member.key()) || member.key() == "id") {
      problems.AtKey(path, fmt::format("\"{}\" cannot be a field here; expected the name of a "
                                       "field, without dots and blanks, that is not id",
                                       member.key()));
    }
  }
}

// The fields that every item has before `fields` and `sample` add theirs; those of rows are known
// only when they are read.
std::vector<std::string> GivenFields(const ItemSource& items) {
  std::vector<std::string> given{"id"};
  if (!items.directories.empty()) given.push_back("files");
  if (items.range) given.push_back("number");
  for (const auto& member : items.matrix.items()) given.push_back(member.key());
  if (!items.group_by.empty()) given = {"id", "rows", items.group_by};
  if (!items.repeat.empty()) given.push_back("trial");
  return given;
}

void CheckNewFields(const ItemSource& items, Problems& problems) {
  std::vector<std::string> given = GivenFields(items);
  auto check = [&](const std::string& setting, const std::string& name) {
    if (std::find(given.begin(), given.end(), name) == given.end()) return given.push_back(name);
    bool sampled = setting == "items.fields" && items.sample.contains(name);
    problems.AtKey(MemberPath(setting, name),
                   fmt::format("\"{}\" is a field that {} gives; choose another name", name,
                               sampled ? "items.sample" : "the source"));
  };
  for (const auto& [name, sample] : items.sample) check("items.sample", name);
  for (const auto& [name, text] : items.fields) check("items.fields", name);
}

void CheckSettings(const ItemSource& items, Problems& problems) {
  if (!items.files.empty() && items.directories.empty()) {
    problems.AtKey("items.files", "\"items.files\" needs \"items.directories\" to look in");
  }
  bool csv = !items.csv.empty() || (items.join && !items.join->csv.empty());
  if (!items.delimiter.empty() && !csv) {
    problems.AtKey("items.delimiter", "\"items.delimiter\" is about CSV files, and there is none");
  }
  if (items.group_by == "rows") {
    problems.AtValue("items.group_by",
                     "\"items.group_by\" cannot be \"rows\": item.rows are the rows of a group; "
                     "expected the name of another field");
  }
  if (items.join && items.join->json.empty() == items.join->csv.empty()) {
    problems.AtValue("items.join", fmt::format("\"items.join\" {}; expected one of them",
                                               items.join->csv.empty() ? "has neither json nor csv"
                                                                       : "has json and csv"));
  }
  CheckMatrix(items.matrix, problems);
  CheckNewFields(items, problems);
}

// What templates and conditions of items may begin with.
void CheckTexts(const Config& config, Problems& problems) {
  const ItemSource& items = config.items;
  const std::vector<std::string> known{"item", "params"};
  auto check = [&](const std::string& text, const std::string& path) {
    CheckNames(TextSource{text, ""}, path, known, {}, config.params, problems);
  };
  for (const auto& [name, text] : items.fields) check(text, MemberPath("items.fields", name));
  if (!items.id.empty()) check(items.id, "items.id");
  CheckNames(items.where, "items.where", known, {}, config.params, problems);
  CheckNames(items.repeat, "items.repeat", {"params"}, {}, config.params, problems);
  for (const auto& [name, sample] : items.sample) {
    check("{{" + sample.of + "}}", MemberPath(MemberPath("items.sample", name), "of"));
  }
}

}  // namespace

void CheckItems(const Config& config, Problems& problems) {
  const Places& places = problems.places();
  if (!places.HasKey("items")) {
    return problems.AtValue("", fmt::format("\"items\" is missing; {}", kExpected));
  }
  if (!problems.Under("items")) {
    std::vector<std::string> given = SourcesOf(config.items, places);
    if (given.empty()) {
      problems.AtKey("items", fmt::format("\"items\" says no source; {}", kExpected));
    } else if (given.size() > 1) {
      problems.AtKey(
          MemberPath("items", given[1]),
          fmt::format("\"items\" has {} and {}; expected one of them", given[0], given[1]));
    }
    CheckSettings(config.items, problems);
  }
  CheckTexts(config, problems);
}

}  // namespace muster
