#include "supervisor/report/report_data.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "common/expression.h"
#include "common/text.h"
#include "supervisor/ledger/schema.h"
#include "supervisor/ledger/sqlite.h"
#include "supervisor/run_status.h"

namespace muster {
namespace {

constexpr int kShownColumns = 80;  // of what an item came to

using ItemsById = std::map<std::string, ReportItem*>;

int64_t NowMs() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::string ShownValue(const Json& value) {
  if (value.is_null()) return "";
  std::string text = value.is_string() ? value.get<std::string>() : DumpJson(value);
  return FitColumns(VisibleText(text.substr(0, 4 * kShownColumns)), kShownColumns);
}

std::vector<std::string> TextsOf(const Json& value, std::string_view key) {
  std::vector<std::string> texts;
  const Json* list = Member(value, key);
  if (!list || !list->is_array()) return texts;
  for (const Json& each : *list) {
    if (each.is_string()) texts.push_back(each.get<std::string>());
  }
  return texts;
}

Expression ExpressionOf(const Json& rules, std::string_view key) {
  const Json* value = Member(rules, key);
  if (!value) return {};
  if (value->is_string()) return {value->get<std::string>()};
  return {StringMember(*value, "text"), StringMember(*value, "origin")};
}

// What the run's config asked of its reports, as intake kept it.
ReportRules RulesOf(const LedgerView& ledger) {
  ReportRules rules;
  auto text = ledger.Meta("report");
  auto json = text ? ParseJson(*text) : Result<Json>(Json::object());
  if (!json) return rules;
  rules.compare = TextsOf(*json, "compare");
  rules.plots = TextsOf(*json, "plots");
  rules.group_by = ExpressionOf(*json, "group_by");
  rules.against = ExpressionOf(*json, "against");
  rules.against_when = ExpressionOf(*json, "against_when");
  return rules;
}

std::string NameOf(const LedgerView& ledger, const std::string& run_dir) {
  if (auto name = ledger.Meta("name"); name && !name->empty()) return *name;
  std::filesystem::path path(run_dir);
  return path.has_filename() ? path.filename() : path.parent_path().filename();
}

// ---- items ----

// An item that did not end well has no result; its fields may still say where it belongs.
std::optional<std::string> GroupOf(const ReportRules& rules, const std::string& fields) {
  if (rules.group_by.empty()) return std::nullopt;
  auto item = ParseJson(fields);
  if (!item) return std::nullopt;
  auto group = Evaluate(rules.group_by, Json{{"item", *item}});
  if (!group || group->is_null()) return std::nullopt;
  return group->is_string() ? group->get<std::string>() : DumpJson(*group);
}

void ReadItems(const LedgerView& ledger, ReportRun& run) {
  ledger.ForEachItem([&](const ItemRow& row) {
    if (row.status == ItemStatus::kAbsent) return;
    ReportItem item;
    item.id = row.id;
    item.status = row.status;
    item.reason = row.reason;
    if (row.status != ItemStatus::kDone) item.group = GroupOf(run.rules, row.fields);
    run.items.push_back(std::move(item));
  });
}

void TakeScores(const Json& scores, ReportItem& item) {
  for (const auto& [name, score] : scores.items()) {
    ItemScore& taken = item.scores[name];
    taken.value = NumberMember(score, "value");
    if (const Json* got = Member(score, "got")) taken.got = ShownValue(*got);
    if (const Json* expect = Member(score, "expect")) taken.expect = ShownValue(*expect);
  }
}

// `json`: as common/item_result.h has it.
void TakeResult(const Json& json, ReportItem& item) {
  if (const Json* scores = Member(json, "scores"); scores && scores->is_object()) {
    TakeScores(*scores, item);
  }
  if (const Json* steps = Member(json, "steps"); steps && steps->is_object()) {
    for (const auto& [score, list] : steps->items()) item.steps[score] = TextsOf(*steps, score);
  }
  if (const Json* group = Member(json, "group"); group && group->is_string()) {
    item.group = group->get<std::string>();
  }
  item.against = NumberMember(json, "against");
  item.warnings = static_cast<int64_t>(TextsOf(json, "warnings").size());
}

Result<void> ReadResults(Database& database, const ItemsById& items) {
  Rows rows = database.Query("SELECT i.id, r.result FROM results r JOIN items i USING(item)");
  while (rows.Next()) {
    auto found = items.find(rows.Text(0));
    if (found == items.end() || found->second->status != ItemStatus::kDone) continue;
    auto json = ParseJson(rows.View(1));
    if (!json) return Fail("the result of item {}: {}", VisibleText(rows.Text(0)), json.error());
    TakeResult(*json, *found->second);
  }
  return {};
}

// Money in two halves, because SQLite's sum() fails when it overflows.
void ReadWork(Database& database, const ItemsById& items) {
  Rows rows = database.Query(
      "SELECT i.id, c.step, sum(t.input), sum(t.cached), sum(t.cache_write), sum(t.output),"
      " sum(t.reasoning), sum(t.cache_write_1h), sum(t.outcome = 1 AND t.input IS NOT NULL),"
      " sum(t.outcome = 1 AND t.input IS NULL), sum(t.cost >> 32), sum(t.cost & 4294967295),"
      " sum(t.outcome <> 0 AND t.cost IS NULL), sum(t.outcome = 1),"
      " sum(iif(t.outcome = 1, t.total_ms, 0))"
      " FROM calls c JOIN items i USING(item) JOIN tries t USING(call) GROUP BY c.item, c.step");
  while (rows.Next()) {
    auto found = items.find(rows.Text(0));
    if (found == items.end()) continue;
    TriedWork& work = found->second->work[rows.Text(1)];
    work.usage = {rows.Int(2), rows.Int(3), rows.Int(4), rows.Int(5), rows.Int(6), rows.Int(7)};
    work.with_usage = rows.Int(8);
    work.without_usage = rows.Int(9);
    work.cost = AddMoney(PriceOf(rows.Int(10), Picodollars{1} << 32), rows.Int(11));
    work.without_cost = rows.Int(12);
    work.answered = rows.Int(13);
    work.answer_ms = rows.Int(14);
  }
}

// ---- the run ----

// The last thing that is known to have happened in a session; 0: nothing.
int64_t LastSign(Database& database, int64_t session) {
  Rows tries = database.Query(
      "SELECT max(max(started_ms, coalesce(ended_ms, 0))) FROM tries WHERE session = ?", session);
  int64_t last = tries.Next() ? tries.Int(0) : 0;
  Rows attempts = database.Query(
      "SELECT max(max(started_ms, coalesce(ended_ms, 0))) FROM attempts WHERE session = ?",
      session);
  return attempts.Next() ? std::max(last, attempts.Int(0)) : last;
}

struct SessionSpan {
  int64_t session = 0, started_ms = 0;
  std::optional<int64_t> ended_ms;
};

void ReadTimes(Database& database, ReportRun& run) {
  std::vector<SessionSpan> spans;
  {
    Rows rows =
        database.Query("SELECT session, started_ms, ended_ms FROM sessions ORDER BY session");
    while (rows.Next()) spans.push_back({rows.Int(0), rows.Int(1), rows.OptionalInt(2)});
  }
  run.sessions = static_cast<int64_t>(spans.size());
  for (const SessionSpan& span : spans) {
    bool going_on = run.live && &span == &spans.back() && !span.ended_ms;
    int64_t end = going_on ? NowMs() : span.ended_ms.value_or(LastSign(database, span.session));
    run.wall_ms += std::max<int64_t>(end - span.started_ms, 0);
  }
  run.work_ms = database.QueryInt("SELECT sum(work_ms) FROM items").value_or(0);
}

void ReadTries(Database& database, const LedgerView& ledger, ReportRun& run) {
  run.counts = ledger.CountItems();
  run.totals = ledger.RunTotals();
  int64_t calls =
      database.QueryInt("SELECT count(*) FROM calls WHERE call IN (SELECT call FROM tries)")
          .value_or(0);
  run.retries = std::max<int64_t>(run.totals.tries - calls, 0);
  run.rejected = database.QueryInt("SELECT sum(rejected) FROM calls").value_or(0);
  run.all_simulated = database
                          .QueryInt(
                              "SELECT min(simulated) FROM tries"
                              " WHERE simulated OR cost IS NULL OR cost > 0 OR worst > 0")
                          .value_or(0) != 0;
  Rows kinds = database.Query(
      "SELECT coalesce(kind, ''), count(*) FROM tries WHERE outcome = 2 GROUP BY 1 ORDER BY 2 "
      "DESC");
  while (kinds.Next()) run.failed_tries[kinds.Text(0)] = kinds.Int(1);
}

void ReadNodes(Database& database, ReportRun& run) {
  Rows rows = database.Query(
      "SELECT node, count(DISTINCT worker), count(*), coalesce(sum(outcome = 'done'), 0),"
      " coalesce(sum(outcome LIKE 'worker-lost%'), 0) FROM attempts GROUP BY node");
  while (rows.Next()) {
    run.nodes[rows.Text(0)] = {rows.Int(1), rows.Int(2), rows.Int(3), rows.Int(4)};
  }
}

Result<std::shared_ptr<Database>> OpenLedger(const std::string& run_dir) {
  std::string path = run_dir + "/ledger.sqlite";
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return Fail("report of {}: there is no run: {}", VisibleText(run_dir),
                std::filesystem::is_directory(run_dir, error) ? "it holds no ledger.sqlite"
                                                              : "it is no folder");
  }
  // Its own checks first: SQLite would delete the log of an empty file.
  if (auto view = LedgerView::Open(path); !view) return Error{view.error()};
  auto database = Database::Open(path, Database::Access::kReadOnly);
  if (!database) return Fail("ledger {}", database.error());
  if (!(*database)->Run("PRAGMA temp_store = MEMORY")) {
    return Fail("ledger {}", (*database)->error());
  }
  return database;
}

}  // namespace

TriedWork& TriedWork::operator+=(const TriedWork& other) {
  usage += other.usage;
  with_usage += other.with_usage;
  without_usage += other.without_usage;
  cost = AddMoney(cost, other.cost);
  without_cost += other.without_cost;
  answered += other.answered;
  answer_ms += other.answer_ms;
  return *this;
}

std::optional<Usage> TriedWork::known_usage() const {
  if (with_usage == 0 || without_usage > 0) return std::nullopt;
  return usage;
}

std::optional<Picodollars> TriedWork::known_cost() const {
  if (answered == 0 || without_cost > 0) return std::nullopt;
  return cost;
}

std::optional<int64_t> TriedWork::known_ms() const {
  if (answered == 0) return std::nullopt;
  return answer_ms;
}

bool IsPathOf(std::string_view path, std::string_view step) {
  // Keys of elements stand in brackets and may hold anything.
  std::string_view bare = path.substr(0, path.find('['));
  while (!bare.empty()) {
    size_t end = std::min(bare.find_first_of("/.#"), bare.size());
    if (bare.substr(0, end) == step) return true;
    bare.remove_prefix(std::min(end + 1, bare.size()));
  }
  return false;
}

TriedWork ReportItem::WorkOf(const std::string& score) const {
  TriedWork sum;
  auto found = steps.find(score);
  if (found == steps.end()) return sum;
  for (const auto& [path, work_there] : work) {
    bool of_score = std::any_of(found->second.begin(), found->second.end(),
                                [&](const std::string& step) { return IsPathOf(path, step); });
    if (of_score) sum += work_there;
  }
  return sum;
}

TriedWork ReportItem::AllWork() const {
  TriedWork sum;
  for (const auto& [path, work_there] : work) sum += work_there;
  return sum;
}

std::vector<std::string> ReportRun::ScoreNames() const {
  std::vector<std::string> names, others;
  for (const ReportItem& item : items) {
    for (const auto& [name, score] : item.scores) others.push_back(name);
  }
  std::sort(others.begin(), others.end());
  others.erase(std::unique(others.begin(), others.end()), others.end());
  for (const std::string& name : rules.compare) {
    if (std::erase(others, name) > 0) names.push_back(name);
  }
  names.insert(names.end(), others.begin(), others.end());
  return names;
}

Result<ReportRun> ReadReportRun(const std::string& run_dir) {
  auto database = OpenLedger(run_dir);
  if (!database) return Error{database.error()};
  LedgerView ledger(*database);
  ReportRun run;
  run.run_dir = run_dir;
  run.name = run.label = NameOf(ledger, run_dir);
  run.live = IsRunLocked(run_dir);
  run.rules = RulesOf(ledger);
  ReadItems(ledger, run);
  ItemsById items;
  for (ReportItem& item : run.items) items[item.id] = &item;
  if (auto results = ReadResults(**database, items); !results) {
    return Fail("report of {}: {}", VisibleText(run_dir), results.error());
  }
  ReadWork(**database, items);
  ReadTries(**database, ledger, run);
  ReadNodes(**database, run);
  ReadTimes(**database, run);
  if (!ledger.error().empty())
    return Fail("report of {}: {}", VisibleText(run_dir), ledger.error());
  return run;
}

}  // namespace muster
