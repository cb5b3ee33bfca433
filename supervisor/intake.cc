#include "supervisor/intake.h"

#include <algorithm>
#include <chrono>
#include <functional>

#include "common/hash.h"
#include "common/text.h"
#include "supervisor/item_pass.h"
#include "supervisor/ledger/batches.h"
#include "supervisor/outputs/error_records.h"
#include "supervisor/outputs/file_format.h"
#include "supervisor/source_stamp.h"

namespace muster {
namespace {

constexpr size_t kDifferencesShown = 12;  // lines
constexpr int kShown = 60;                // columns of a changed value
constexpr ptrdiff_t kLeadIn = 20;         // bytes shown before the first difference
const char* const kFingerprint = "fingerprint";
const char* const kSource = "source";
const char* const kOutputs = "outputs";  // and what else is made anew by replay

bool IsFailure(ItemStatus status) {
  return status == ItemStatus::kFailed || status == ItemStatus::kQuarantined;
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

// Final items that `redo` takes are handed out again.
Result<void> HandOutAgain(Ledger& ledger, const std::function<bool(ItemStatus)>& redo) {
  return ForEachInBatches(ledger, [&](const ItemStanding& item) {
    bool again = IsFinal(item.status) && item.status != ItemStatus::kAbsent && redo(item.status);
    if (again) ledger.Add(record::Reopen{item.id, false});
  });
}

// Failed items leave their records anew.
Result<void> RecordErrorsAgain(const Config& config, Ledger& ledger) {
  Result<void> committed;
  ledger.view().ForEachItem([&](const ItemRow& row) {
    if (!committed || !IsFailure(row.status)) return;
    ErrorRecords made = MakeErrorRecords(config, ledger.view(), row, row.reason);
    for (OutputText& output : made.outputs) {
      ledger.Add(record::Output{row.id, output.output, output.path, std::move(output.text)});
    }
    if (ledger.pending() >= kRecordsABatch) committed = CommitNow(ledger);
  });
  return committed ? CommitNow(ledger) : committed;
}

// What the items in the ledger were made of, as of the last pass over the source that came to its
// end; "" while there is none that can be trusted.
struct StoredSource {
  std::string stamp;
  int64_t found = 0;
};

StoredSource ReadSource(const LedgerView& view) {
  auto stored = view.Meta(kSource);
  auto json = stored && !stored->empty() ? ParseJson(*stored) : Result<Json>(Json());
  if (!json) return {};
  return {StringMember(*json, "stamp"), IntMember(*json, "found").value_or(0)};
}

int64_t WallMs() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

// The pass over the source, and what is said of it afterwards for the next start.
Result<int64_t> ReadItemsIn(const Config& config, Ledger& ledger, ItemPass& pass) {
  int64_t began_ms = WallMs();
  auto before = StampOf(config);
  // An unfinished pass leaves items of two sources.
  if (!ReadSource(ledger.view()).stamp.empty()) ledger.Add(record::Meta{kSource, ""});
  if (auto written = pass.Write(); !written) return Error{written.error()};
  auto after = StampOf(config);
  bool same = before && after && before->text == after->text && IsSettled(*before, began_ms);
  if (same) {
    Json source{{"stamp", before->text}, {"found", pass.found()}};
    ledger.Add(record::Meta{kSource, DumpJson(source)});
  }
  return pass.found();
}

// The differences that somebody must decide on; `unread`: the source is the one of the last time.
Result<std::vector<std::string>> FindDifferences(const Ledger& ledger, const Json& fingerprint,
                                                 ItemPass& pass, bool unread) {
  std::vector<std::string> lines = CompareFingerprints(ledger, fingerprint);
  size_t all = lines.size(), items = 0;
  if (!unread) {
    if (auto looked = pass.Look(kDifferencesShown, &lines, &items); !looked)
      return Error{looked.error()};
  }
  all += items;
  if (all > kDifferencesShown) {
    lines.resize(kDifferencesShown);
    lines.push_back(fmt::format("… and {} more", all - kDifferencesShown));
  }
  return lines;
}

}  // namespace

Result<Intake> TakeItemsIn(const Config& config, Ledger& ledger, OnChange on_change) {
  Json fingerprint = FingerprintOf(config);
  Intake intake;
  auto formats = FormatsOf(config);
  if (!formats) return Error{formats.error()};
  StoredSource stored_source = ReadSource(ledger.view());
  auto stamp = StampOf(config);
  bool unread = intake.unread = stamp && stamp->text == stored_source.stamp;
  ItemPass pass(config, ledger);
  if (on_change == OnChange::kStop) {
    auto differences = FindDifferences(ledger, fingerprint, pass, unread);
    if (!differences) return Error{differences.error()};
    intake.differences = *std::move(differences);
    if (!intake.differences.empty()) return intake;
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
  auto found = unread ? stored_source.found : ReadItemsIn(config, ledger, pass);
  if (!found) return Error{found.error()};
  intake.found = *found;
  if (on_change == OnChange::kRedo || intake.outputs_changed) {
    if (auto again = HandOutAgain(ledger, redo); !again) return Error{again.error()};
  }
  if (intake.outputs_changed) {
    if (auto again = RecordErrorsAgain(config, ledger); !again) return Error{again.error()};
  }
  ledger.Add(record::Meta{kOutputs, outputs});
  ledger.Add(record::Meta{kFingerprint, CanonicalJson(fingerprint)});
  ledger.Add(record::Meta{"name", config.name});
  ledger.Add(record::Meta{"config", config.path});
  ledger.Add(record::Meta{"output_dir", config.output_dir});
  ledger.Add(record::Meta{"report", DumpJson(all["report"])});
  ledger.Add(record::Meta{std::string(kFormatsKey), DumpJson(FormatsToJson(*formats))});
  if (auto committed = CommitNow(ledger); !committed) return Error{committed.error()};
  return intake;
}

Result<int64_t> ReopenFailed(Ledger& ledger) {
  int64_t reopened = 0;
  auto done = ForEachInBatches(ledger, [&](const ItemStanding& item) {
    if (!IsFailure(item.status)) return;
    ledger.Add(record::Reopen{item.id, true});
    ++reopened;
  });
  if (!done) return Error{done.error()};
  return reopened;
}

}  // namespace muster
