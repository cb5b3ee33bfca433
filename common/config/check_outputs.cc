#include "common/config/check_outputs.h"

#include <algorithm>
#include <map>

#include "common/config/check_steps.h"
#include "common/config/kinds.h"
#include "common/config/template_names.h"
#include "common/expression.h"
#include "common/files.h"
#include "common/score.h"
#include "common/template.h"
#include "common/text.h"

namespace muster {
namespace {

constexpr const char* kKinds[] = {"file", "append", "csv", "jsonl"};

// A setting of an output that not every kind has a use for.
struct UsedBy {
  const char* setting;
  bool file, append, csv, jsonl;
  const char* what;  // ends the sentence
};
constexpr UsedBy kUses[] = {
    {"text", true, false, false, false, "file"},
    {"header", false, true, false, false, "append"},
    {"record", false, true, false, false, "append"},
    {"columns", false, false, true, true, "csv or jsonl"},
    {"rows", false, false, true, true, "csv or jsonl"},
    {"flatten", false, false, true, true, "csv or jsonl"},
    {"order", false, true, true, true, "what grows: append, csv or jsonl"},
    {"errors", false, true, true, true, "what grows: append, csv or jsonl"},
    {"spreadsheet_safe", false, false, true, false, "csv"},
};

// The names that are known once every step is done.
std::vector<std::string> NamesAfterSteps(const Config& config) {
  std::vector<std::string> names{"item", "params", "run"};
  for (std::string& id : StepIds(config)) names.push_back(std::move(id));
  for (const char* name : {"usage", "status", "error", "warnings"}) names.push_back(name);
  return names;
}

class OutputCheck {
 public:
  OutputCheck(const Config& config, Problems& problems)
      : config_(config),
        problems_(problems),
        ids_(StepIds(config)),
        ended_(config, problems, ids_, NamesAfterSteps(config)),
        known_(ended_.With({"scores"})) {}

  void CheckAll() {
    for (size_t i = 0; i < config_.outputs.size(); ++i) CheckOutput(i);
    for (const auto& [name, rule] : config_.score) CheckScore(rule, MemberPath("score", name));
    CheckReport();
  }

 private:
  bool Has(const std::string& path, std::string_view setting) const {
    return problems_.places().HasKey(MemberPath(path, setting));
  }

  // ---- outputs ----

  void CheckOutput(size_t index) {
    const Output& output = config_.outputs[index];
    std::string path = ElementPath("outputs", index);
    const std::optional<TextSource>* given[] = {&output.file, &output.append, &output.csv,
                                                &output.jsonl};
    std::vector<const char*> kinds;
    for (size_t i = 0; i < std::size(kKinds); ++i) {
      if (*given[i]) kinds.push_back(kKinds[i]);
    }
    if (kinds.size() != 1) {
      if (kinds.empty() && problems_.Under(path)) return;
      std::string what =
          kinds.empty() ? "says no file" : fmt::format("has {}", fmt::join(kinds, " and "));
      return problems_.AtValue(path, fmt::format("\"{}\" {}; expected one of: file, append, csv, "
                                                 "jsonl",
                                                 path, what));
    }
    CheckUses(output, path, kinds[0]);
    CheckPlace(output, index, MemberPath(path, kinds[0]));
    CheckTexts(output, path);
    if (output.is_table()) CheckTable(output, path);
  }

  void CheckUses(const Output& output, const std::string& path, const char* kind) {
    for (const UsedBy& each : kUses) {
      bool used = (each.file && output.file) || (each.append && output.append) ||
                  (each.csv && output.csv) || (each.jsonl && output.jsonl);
      if (used || !Has(path, each.setting)) continue;
      problems_.AtKey(MemberPath(path, each.setting),
                      fmt::format("\"{}.{}\" is for {}; this output has {}", path, each.setting,
                                  each.what, kind));
    }
    auto needs = [&](const char* setting, bool there, const char* what) {
      if (there || problems_.Under(path)) return;
      problems_.AtValue(path,
                        fmt::format("\"{}.{}\" is missing; expected {}", path, setting, what));
    };
    if (output.file) needs("text", output.text.has_value(), "what the file is to hold");
    if (output.append) needs("record", output.record.has_value(), "what an item adds to the file");
    if (output.is_table()) {
      needs("columns", !output.columns.empty() || !output.flatten.empty(),
            "a list of columns, or flatten");
    }
  }

  void CheckPlace(const Output& output, size_t index, const std::string& path) {
    const TextSource& file = output.path();
    known_.CheckText(file, path);
    if (problems_.Under(path)) return;
    if (auto inside = PathInside("/", file.text); !inside) {
      return problems_.AtValue(path, inside.error());
    }
    auto [first, added] = files_.emplace(file.text, index);
    if (!added) {
      return problems_.AtValue(
          path, fmt::format("two outputs write \"{}\"; the first is in line {}", file.text,
                            problems_.places().Value(ElementPath("outputs", first->second)).line));
    }
    bool of_all = output.skip_existing && file.text.find("{{") == std::string::npos;
    if (!of_all) return;
    problems_.AtKey(MemberPath(ElementPath("outputs", index), "skip_existing"),
                    fmt::format("\"{}\" is the file of every item, so that all would be skipped; "
                                "expected a path with {{{{item.id}}}} or the like",
                                VisibleText(file.text)));
  }

  void CheckTexts(const Output& output, const std::string& path) {
    if (output.text) known_.CheckText(*output.text, MemberPath(path, "text"));
    if (output.record) known_.CheckText(*output.record, MemberPath(path, "record"));
    if (!output.header) return;
    std::string header = MemberPath(path, "header");
    KnownNames before(config_, problems_, {}, {"params", "run"});
    before.CheckText(*output.header, header);
    if (problems_.Under(header) || output.header->file.empty()) return;
    problems_.AtValue(header, fmt::format("\"{}\": the path is the same for every item; expected "
                                          "one without names",
                                          header));
  }

  void CheckTable(const Output& output, const std::string& path) {
    known_.CheckPath(output.rows, MemberPath(path, "rows"));
    if (output.rows.empty()) known_.CheckPath(output.flatten, MemberPath(path, "flatten"));
    std::string columns = MemberPath(path, "columns");
    std::map<std::string, size_t> seen;
    for (size_t i = 0; i < output.columns.size(); ++i) {
      const Column& column = output.columns[i];
      std::string at = ElementPath(columns, i);
      CheckColumn(column, at, !output.rows.empty());
      if (column.name.empty() || seen.emplace(column.name, i).second || problems_.Under(at))
        continue;
      problems_.AtValue(at, fmt::format("two columns are called \"{}\"", VisibleText(column.name)));
    }
  }

  void CheckColumn(const Column& column, const std::string& path, bool of_rows) {
    if (column.name.empty()) {
      return known_.CheckPath(column.value.text.substr(0, column.value.text.size() - 2), path);
    }
    // Of a pair the value stands one deeper.
    std::string at = Has(path, column.name) ? MemberPath(path, column.name) : path;
    if (!of_rows) return known_.CheckValue(column.value, at);
    // A name that stands alone may be a member of the row, which is known when there is one.
    auto names = NamesIn(column.value);
    if (!names) return;
    KnownNames of_row = known_.With({"each"});
    for (const std::string& name : *names) {
      if (name.find('.') != std::string::npos) of_row.CheckPath(name, at);
    }
  }

  // ---- scores and reports ----

  void CheckScore(const ScoreRule& rule, const std::string& path) {
    ended_.CheckValue(rule.got, MemberPath(path, "got"));
    ended_.CheckValue(rule.expect, MemberPath(path, "expect"));
    std::string by = MemberPath(path, "by");
    if (problems_.Under(by)) return;
    if (ended_.Knows(rule.by)) return ended_.CheckPath(rule.by, by);
    if (auto method = CheckScoreMethod(rule.by); !method) {
      problems_.AtValue(by, fmt::format("\"{}\": {}", by, method.error()));
    }
  }

  void CheckReport() {
    const ReportRules& report = config_.report;
    std::vector<std::string> scores;
    for (const auto& [name, rule] : config_.score) scores.push_back(name);
    for (size_t i = 0; i < report.compare.size(); ++i) {
      const std::string& name = report.compare[i];
      if (config_.score.contains(name) || problems_.Under("report.compare")) continue;
      std::string nearest = NearestName(name, scores);
      problems_.AtValue(
          ElementPath("report.compare", i),
          fmt::format("there is no score \"{}\"; {}", VisibleText(name),
                      !nearest.empty() ? fmt::format("did you mean \"{}\"?", nearest)
                      : scores.empty() ? "expected a name under score"
                                       : fmt::format("there are: {}", fmt::join(scores, ", "))));
    }
    ended_.CheckValue(report.group_by, "report.group_by");
    ended_.CheckValue(report.against, "report.against");
    ended_.CheckValue(report.against_when, "report.against_when");
    if (report.against.empty() && Has("report", "against_when") && !problems_.Under("report")) {
      problems_.AtKey("report.against_when",
                      "\"report.against_when\" needs against, whose items it names");
    }
  }

  const Config& config_;
  Problems& problems_;
  std::vector<std::string> ids_;
  KnownNames ended_;  // what is known when an item has ended
  KnownNames known_;  // the same with its scores
  std::map<std::string, size_t> files_;
};

}  // namespace

void CheckOutputs(const Config& config, Problems& problems) {
  OutputCheck(config, problems).CheckAll();
}

}  // namespace muster
