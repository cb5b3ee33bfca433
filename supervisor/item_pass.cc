#include "supervisor/item_pass.h"

#include "common/hash.h"
#include "common/text.h"
#include "supervisor/ledger/batches.h"

namespace muster {
namespace {

constexpr size_t kBatchBytes = 4u << 20;    // of items' JSON in a commit
constexpr size_t kMaxItemBytes = 8u << 20;  // of an item's JSON: it must fit a frame

// Half of the hash is enough to tell a change, and a good part of a small item's row.
constexpr size_t kHashDigits = 32;

std::string HashOf(const SourceItem& item) {
  return Sha256Hex(CanonicalJson(item.fields)).substr(0, kHashDigits);
}

}  // namespace

ItemPass::ItemPass(const Config& config, Ledger& ledger)
    : config_(config),
      ledger_(ledger),
      lanes_(config),
      existing_(config, ledger.view()),
      last_(ledger.view().LastItemNumber()) {}

Result<void> ItemPass::Look(size_t most, std::vector<std::string>* lines, size_t* count) {
  auto look = [&](SourceItem item) -> Result<void> {
    auto known = ledger_.view().FindKnown(item.id);
    if (!known || known->standing.attempts == 0) return {};
    if (known->fields_hash == HashOf(item)) return {};
    if (++*count > most) return {};
    lines->push_back(fmt::format("item {}: its contents changed", VisibleText(item.id)));
    return {};
  };
  return ForEachItem(config_, look, RepeatedIds::kTaken);
}

Result<void> ItemPass::Write() {
  here_.assign(static_cast<size_t>(last_) + 1, false);
  auto put = [this](SourceItem item) { return Put(std::move(item)); };
  auto read = ForEachItem(config_, put, RepeatedIds::kTaken);
  if (read) read = CommitBatch();
  if (repeated_) return TellRepeated();
  return read && last_ > 0 ? MarkAbsent() : read;
}

Result<void> ItemPass::Put(SourceItem item) {
  ++found_;
  // In an empty ledger there is nothing to look for.
  auto known = last_ > 0 ? ledger_.view().FindKnown(item.id) : std::nullopt;
  auto number = static_cast<size_t>(known ? known->standing.number : 0);
  repeated_ = known && (number >= here_.size() || here_[number]);
  if (repeated_) return Fail("an id comes twice");
  if (known) here_[number] = true;
  new_ += !known;
  std::string hash = HashOf(item), lane = lanes_.Of(item.fields);
  if (!known || known->fields_hash != hash || known->standing.position != found_) {
    std::string fields = DumpJson(item.fields);
    if (fields.size() > kMaxItemBytes) {
      return Fail("item {} is larger than {} MB", VisibleText(item.id), kMaxItemBytes >> 20);
    }
    batch_bytes_ += fields.size();
    ledger_.Add(record::Item{found_, item.id, std::move(fields), std::move(hash), lane});
  } else if (known->lane != lane) {
    ledger_.Add(record::Lane{item.id, lane});
  }
  ItemStatus status = known ? known->standing.status : ItemStatus::kPending;
  if (status == ItemStatus::kAbsent) ledger_.Add(record::Reopen{item.id, false});
  SkipOrNot(item, status, known ? known->standing.attempts : 0);
  bool full = ledger_.pending() >= kRecordsABatch || batch_bytes_ >= kBatchBytes;
  return full ? CommitBatch() : Result<void>();
}

// Only what was never begun is skipped, and only as long as its files are there.
void ItemPass::SkipOrNot(const SourceItem& item, ItemStatus status, int64_t attempts) {
  bool skipped = status == ItemStatus::kSkipped;
  bool untouched = skipped || status == ItemStatus::kAbsent || status == ItemStatus::kPending;
  if (!untouched || attempts > 0) return;
  std::string why = existing_.WhySkipped(item.fields);
  if (!why.empty()) ledger_.Add(record::Status{item.id, ItemStatus::kSkipped, why, 0, 0});
  if (why.empty() && skipped) ledger_.Add(record::Reopen{item.id, false});
}

// Every item that was new must have got a number of its own.
Result<void> ItemPass::CommitBatch() {
  batch_bytes_ = 0;
  if (auto committed = CommitNow(ledger_); !committed) return committed;
  repeated_ = ledger_.view().LastItemNumber() != last_ + new_;
  return repeated_ ? Fail("an id comes twice") : Result<void>();
}

// Reads the source once more, for the places of the two.
Error ItemPass::TellRepeated() const {
  auto told = ForEachItem(config_, [](const SourceItem&) { return Result<void>(); });
  return told ? Fail("the items changed while they were read") : Error{told.error()};
}

Result<void> ItemPass::MarkAbsent() {
  return ForEachInBatches(ledger_, [this](const ItemStanding& item) {
    bool here = item.number > last_ || here_[static_cast<size_t>(item.number)];
    if (here || item.status == ItemStatus::kAbsent) return;
    ledger_.Add(record::Status{item.id, ItemStatus::kAbsent, "no longer in the source", 0, 0});
  });
}

}  // namespace muster
