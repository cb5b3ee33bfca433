#include "supervisor/intake.h"

#include <algorithm>
#include <functional>
#include <unordered_set>

#include "common/config/items.h"
#include "common/hash.h"
#include "common/text.h"
#include "supervisor/item_lane.h"
#include "supervisor/outputs/error_records.h"
#include "supervisor/outputs/existing_outputs.h"
#include "supervisor/outputs/file_format.h"

namespace muster {
namespace {

constexpr size_t kBatch = 1'000;            // records a commit
constexpr size_t kDifferencesShown = 12;    // lines
constexpr int kShown = 60;                  // columns of a changed value
constexpr ptrdiff_t kLeadIn = 20;           // bytes shown before the first difference
constexpr size_t kMaxItemBytes = 8u << 20;  // of an item's JSON: it must fit a frame
const char* const kFingerprint = "fingerprint";
const char* const kOutputs = "outputs";  // and what else is made anew by replay

Result<void> CommitNow(Ledger& ledger) {
  if (ledger.Commit() == CommitOutcome::kCommitted) return {};
  return Fail("the ledger cannot be written: {}", ledger.last_error());
}

std::string TextOf(const Json& value) {
  return value.is_string() ? value.get<std::string>() : DumpJson(value);
}

// Both texts from shortly before where they part.
std::string Difference(const Json& before, const Json& after) {
  std::string a = TextOf(before), b = TextOf(after);
  auto parted = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
  size_t from = static_cast<size_t>(std::max<ptrdiff_t>(parted - kLeadIn, 0));
  auto shown = [from](const std::string& text) {
    size_t begin = from;  // not inside a character
    while (begin < text.size() && (text[begin] & 0xc0) == 0x80) ++begin;
    return FitColumns((from > 0 ? "…" : "") + VisibleText(text.substr(begin)), kShown);
  };
  return fmt::format("{} → {}", shown(a), shown(b));
}

// "steps[0].chat.reasoning_effort: high → low", a line for every leaf that differs.
void Compare(const std::string& path, const Json& before, const Json& after,
             std::vector<std::string>* lines) {
  if (before == after) return;
  if (before.is_object() && after.is_object()) {
    for (const auto& [key, value] : before.items()) {
      const Json* other = Member(after, key);
      Compare(path.empty() ? key : path + "." + key, value, other ? *other : Json(), lines);
    }
    for (const auto& [key, value] : after.items()) {
      if (!before.contains(key))
        Compare(path.empty() ? key : path + "." + key, Json(), value, lines);
    }
    return;
  }
  if (before.is_array() && after.is_array() && before.size() == after.size()) {
    for (size_t i = 0; i < before.size(); ++i) {
      Compare(fmt::format("{}[{}]", path, i), before[i], after[i], lines);
    }
    return;
  }
  lines->push_back(fmt::format("{}: {}", path, Difference(before, after)));
}

std::vector<std::string> CompareFingerprints(const Ledger& ledger, const Json& fingerprint) {
  auto stored = ledger.view().Meta(kFingerprint);
  if (!stored) return {};
  std::vector<std::string> lines;
  auto before = ParseJson(*stored);
  Compare("", before ? *before : Json(), fingerprint, &lines);
  return lines;
}

// One pass over the source against what the ledger knows.
class Sync {
 public:
  Sync(const Config& config, Ledger& ledger)
      : config_(config), ledger_(ledger), lanes_(config), existing_(config, ledger.view()) {}

  // The first pass only looks.
  Result<void> Look() {
    return ForEachItem(config_, [this](SourceItem item) -> Result<void> {
      ++found_;
      auto row = ledger_.view().FindItem(item.id);
      if (!row || row->attempts == 0) return {};
      if (row->fields_hash != HashOf(item)) {
        changed_.push_back(item.id);
      }
      return {};
    });
  }

  // The second brings the ledger up to date. `redo`: which final items are handed out again;
  // `again`: failed ones leave their records anew.
  Result<void> Write(const std::function<bool(ItemStatus)>& redo, bool again) {
    found_ = 0;
    auto read = ForEachItem(config_, [this](SourceItem item) { return Put(std::move(item)); });
    if (!read) return read;
    MarkAbsent();
    HandOutAgain(redo);
    if (again) RecordErrorsAgain();
    return CommitNow(ledger_);
  }

  int64_t found() const { return found_; }
  const std::vector<std::string>& changed() const { return changed_; }

 private:
  static std::string HashOf(const SourceItem& item) {
    return Sha256Hex(CanonicalJson(item.fields));
  }

  Result<void> Put(SourceItem item) {
    ++found_;
    seen_.insert(StableHash(item.id));
    auto row = ledger_.view().FindItem(item.id);
    std::string hash = HashOf(item), lane = lanes_.Of(item.fields);
    if (!row || row->fields_hash != hash || row->position != found_) {
      std::string fields = DumpJson(item.fields);
      if (fields.size() > kMaxItemBytes) {
        return Fail("item {} is larger than {} MB", VisibleText(item.id), kMaxItemBytes >> 20);
      }
      ledger_.Add(record::Item{found_, item.id, std::move(fields), hash, lane});
    } else if (row->lane != lane) {
      ledger_.Add(record::Lane{item.id, lane});
    }
    if (row && row->status == ItemStatus::kAbsent) ledger_.Add(record::Reopen{item.id, false});
    SkipOrNot(item, row);
    return ledger_.pending() >= kBatch ? CommitNow(ledger_) : Result<void>();
  }

  // Only what was never begun is skipped, and only as long as its files are there.
  void SkipOrNot(const SourceItem& item, const std::optional<ItemRow>& row) {
    bool skipped = row && row->status == ItemStatus::kSkipped;
    bool untouched = !row || skipped || row->status == ItemStatus::kAbsent ||
                     row->status == ItemStatus::kPending;
    if (!untouched || (row && row->attempts > 0)) return;
    std::string why = existing_.WhySkipped(item.fields);
    if (!why.empty()) ledger_.Add(record::Status{item.id, ItemStatus::kSkipped, why, 0, 0});
    if (why.empty() && skipped) ledger_.Add(record::Reopen{item.id, false});
  }

  void RecordErrorsAgain() {
    std::vector<std::pair<std::string, OutputText>> records;
    ledger_.view().ForEachItem([&](const ItemRow& row) {
      bool failed = row.status == ItemStatus::kFailed || row.status == ItemStatus::kQuarantined;
      if (!failed) return;
      ErrorRecords made = MakeErrorRecords(config_, ledger_.view(), row, row.reason);
      for (OutputText& output : made.outputs) records.emplace_back(row.id, std::move(output));
    });
    for (auto& [item, output] : records) {
      ledger_.Add(record::Output{item, output.output, output.path, std::move(output.text)});
    }
  }

  void MarkAbsent() {
    std::vector<std::string> gone;
    ledger_.view().ForEachItem([&](const ItemRow& row) {
      bool here = seen_.contains(StableHash(row.id));
      if (!here && row.status != ItemStatus::kAbsent) gone.push_back(row.id);
    });
    for (std::string& id : gone) {
      ledger_.Add(
          record::Status{std::move(id), ItemStatus::kAbsent, "no longer in the source", 0, 0});
    }
  }

  void HandOutAgain(const std::function<bool(ItemStatus)>& redo) {
    std::vector<std::string> again;
    ledger_.view().ForEachItem([&](const ItemRow& row) {
      if (IsFinal(row.status) && redo(row.status) && seen_.contains(StableHash(row.id)))
        again.push_back(row.id);
    });
    for (std::string& id : again) ledger_.Add(record::Reopen{std::move(id), false});
  }

  const Config& config_;
  Ledger& ledger_;
  ItemLanes lanes_;
  ExistingOutputs existing_;
  int64_t found_ = 0;
  std::vector<std::string> changed_;  // ids whose contents differ from what was worked on
  std::unordered_set<uint64_t> seen_;
};

}  // namespace

Result<Intake> TakeItemsIn(const Config& config, Ledger& ledger, OnChange on_change) {
  Json fingerprint = FingerprintOf(config);
  Intake intake;
  auto formats = FormatsOf(config);
  if (!formats) return Error{formats.error()};
  Sync sync(config, ledger);
  if (on_change == OnChange::kStop) {
    intake.differences = CompareFingerprints(ledger, fingerprint);
    if (auto looked = sync.Look(); !looked) return Error{looked.error()};
    for (const std::string& id : sync.changed()) {
      intake.differences.push_back(fmt::format("item {}: its contents changed", VisibleText(id)));
    }
    size_t all = intake.differences.size();
    if (all > kDifferencesShown) {
      intake.differences.resize(kDifferencesShown);
      intake.differences.push_back(fmt::format("… and {} more", all - kDifferencesShown));
    }
    if (all > 0) return intake;
  }
  // Outputs are views: done items whose outputs are described anew are written again by replay. So
  // are the scores and groups of reports.
  Json all = ConfigToJson(config);
  std::string outputs = CanonicalJson(
      {{"outputs", all["outputs"]}, {"score", all["score"]}, {"report", all["report"]}});
  auto stored = ledger.view().Meta(kOutputs);
  intake.outputs_changed = stored && *stored != outputs && on_change == OnChange::kStop;
  auto redo = [&](ItemStatus status) {
    if (on_change == OnChange::kRedo) return status != ItemStatus::kSkipped;
    return intake.outputs_changed && status == ItemStatus::kDone;
  };
  if (auto written = sync.Write(redo, intake.outputs_changed); !written) {
    return Error{written.error()};
  }
  ledger.Add(record::Meta{kOutputs, outputs});
  ledger.Add(record::Meta{kFingerprint, CanonicalJson(fingerprint)});
  ledger.Add(record::Meta{"name", config.name});
  ledger.Add(record::Meta{"config", config.path});
  ledger.Add(record::Meta{"output_dir", config.output_dir});
  ledger.Add(record::Meta{"report", DumpJson(all["report"])});
  ledger.Add(record::Meta{std::string(kFormatsKey), DumpJson(FormatsToJson(*formats))});
  if (auto committed = CommitNow(ledger); !committed) return Error{committed.error()};
  intake.found = sync.found();
  return intake;
}

Result<int64_t> ReopenFailed(Ledger& ledger) {
  std::vector<std::string> failed;
  ledger.view().ForEachItem([&](const ItemRow& row) {
    bool again = row.status == ItemStatus::kFailed || row.status == ItemStatus::kQuarantined;
    if (again) failed.push_back(row.id);
  });
  for (const std::string& id : failed) ledger.Add(record::Reopen{id, true});
  if (auto committed = CommitNow(ledger); !committed) return Error{committed.error()};
  return static_cast<int64_t>(failed.size());
}

}  // namespace muster
