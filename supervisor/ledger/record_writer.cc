#include "supervisor/ledger/record_writer.h"

namespace muster {
namespace {

// tries.outcome and the partial indexes hold these numbers.
static_assert(static_cast<int>(record::TryOutcome::kSent) == 0);
static_assert(static_cast<int>(record::TryOutcome::kAnswered) == 1);
static_assert(static_cast<int>(record::TryOutcome::kFailed) == 2);
static_assert(static_cast<int>(record::TryOutcome::kUnknown) == 3);

// Of an attempt: the item is done.
const std::string kDoneOutcome(Name(ItemStatus::kDone));

// Items known by number are forgotten beyond so many: more than are usually in hand at once.
constexpr size_t kMostKnown = 4'096;

std::optional<int64_t> Part(const std::optional<Usage>& usage, int64_t Usage::*part) {
  return usage ? std::optional(*usage.*part) : std::nullopt;
}

// What is kept of a broken answer's text: see kMostPartialBytes.
std::optional<Blob> KeptPartial(const std::optional<std::string>& text) {
  if (!text || text->empty()) return std::nullopt;
  size_t size = std::min(text->size(), record::kMostPartialBytes);
  auto continues = [&](size_t at) {
    return at < text->size() && (static_cast<unsigned char>((*text)[at]) & 0xc0) == 0x80;
  };
  for (int i = 0; i < 3 && size < text->size() && continues(size); ++i) --size;
  return Blob{std::string_view(*text).substr(0, size)};
}

}  // namespace

bool RecordWriter::Write(const record::Record& record) { return std::visit(*this, record); }

bool RecordWriter::Finish() {
  if (taken_back_ && !database_.Run("INSERT INTO meta(key, value) VALUES('records taken back', 1)"
                                    " ON CONFLICT(key) DO UPDATE SET value = value + 1")) {
    return false;
  }
  taken_back_ = false;
  return sums_.Flush();
}

void RecordWriter::Forget() {
  taken_back_ = false;
  known_.clear();
  sums_.Forget();
}

RecordWriter::Known* RecordWriter::Find(const std::string& id) {
  auto found = known_.find(id);
  if (found != known_.end()) return &found->second;
  Rows rows = database_.Query("SELECT item FROM items WHERE id = ?", id);
  if (!rows.Next()) return nullptr;
  if (known_.size() >= kMostKnown) known_.clear();
  return &known_.emplace(id, Known{rows.Int(0), 0, ""}).first->second;
}

bool RecordWriter::NotKnown(std::string_view about) {
  if (!database_.error().empty()) return false;
  database_.SetError(
      fmt::format("a record is about \"{}\", which the ledger does not know or "
                  "holds as ended (it is damaged, or a bug in muster)",
                  about));
  return false;
}

bool RecordWriter::operator()(const record::Item& item) {
  if (!database_.Run("INSERT OR IGNORE INTO items(id, position, lane) VALUES(?, ?, ?)", item.id,
                     item.position, item.lane)) {
    return false;
  }
  if (database_.changes() == 1) {
    return database_.Run(
        "INSERT INTO item_fields(item, fields_hash, fields) VALUES(last_insert_rowid(), ?, ?)",
        item.fields_hash, item.fields);
  }
  return RunForOne(item.id, "UPDATE items SET position = ?, lane = ? WHERE id = ?", item.position,
                   item.lane, item.id) &&
         RunForOne(item.id,
                   "UPDATE item_fields SET fields_hash = ?, fields = ?"
                   " WHERE item = (SELECT item FROM items WHERE id = ?)",
                   item.fields_hash, item.fields, item.id);
}

bool RecordWriter::operator()(const record::Lane& lane) {
  return RunForOne(lane.item, "UPDATE items SET lane = ? WHERE id = ?", lane.lane, lane.item);
}

bool RecordWriter::operator()(const record::Status& status) {
  // Of an item that is gone the last record counts again, also one that it had taken back.
  bool set_aside = status.status == ItemStatus::kAbsent || status.status == ItemStatus::kSkipped;
  taken_back_ = taken_back_ || set_aside;
  const Known* item = Find(status.item);
  if (!item) return NotKnown(status.item);
  return RunForOne(status.item,
                   "UPDATE items SET status = ?1, reason = ?2, worker_deaths = ?3,"
                   " work_ms = iif(?4 > 0, ?4, work_ms) WHERE item = ?5",
                   static_cast<int64_t>(status.status), status.reason, status.worker_deaths,
                   status.work_ms, item->number);
}

bool RecordWriter::operator()(const record::Reopen& reopen) {
  taken_back_ = true;
  return RunForOne(reopen.item,
                   "UPDATE items SET status = 0, reason = '', worker_deaths = 0,"
                   " extra_asks = extra_asks + ? WHERE id = ?",
                   reopen.fresh_ask, reopen.item);
}

bool RecordWriter::operator()(const record::AttemptStarted& attempt) {
  Known* item = Find(attempt.item);
  if (!item) return NotKnown(attempt.item);
  item->attempt = attempt.attempt;
  item->worker = attempt.worker;
  return RunForOne(attempt.item, "UPDATE items SET status = 1, attempts = ? WHERE item = ?",
                   attempt.attempt, item->number) &&
         database_.Run(
             "INSERT INTO attempts(item, attempt, session, worker, node, started_ms)"
             " VALUES(?, ?, ?, ?, ?, ?)",
             item->number, attempt.attempt, session_, attempt.worker, attempt.node,
             attempt.time_ms);
}

bool RecordWriter::operator()(const record::AttemptEnded& attempt) {
  const Known* item = Find(attempt.item);
  if (!item) return NotKnown(attempt.item);
  if (!RunForOne(attempt.item,
                 "UPDATE attempts SET ended_ms = ?, outcome = ?, evidence = ?"
                 " WHERE item = ? AND attempt = ?",
                 attempt.time_ms, attempt.outcome, attempt.evidence, item->number,
                 attempt.attempt)) {
    return false;
  }
  if (attempt.outcome != kDoneOutcome) return true;
  if (item->attempt == attempt.attempt) return sums_.ItemDone(session_, item->worker), true;
  Rows rows = database_.Query("SELECT session, worker FROM attempts WHERE item = ? AND attempt = ?",
                              item->number, attempt.attempt);
  if (!rows.Next()) return false;
  sums_.ItemDone(rows.Int(0), rows.Text(1));
  return true;
}

bool RecordWriter::operator()(const record::TryStarted& started) {
  sums_.Started(session_, started);
  auto insert = [&](std::string_view sql) {
    return RunForOne(started.item, sql, started.number, session_, started.attempt, started.worker,
                     started.time_ms, started.simulated, started.input_estimate,
                     started.output_estimate, started.worst, started.call);
  };
  if (started.number > 1) {
    return insert(
        "INSERT INTO tries(call, number, session, attempt, worker, started_ms,"
        " simulated, input_estimate, output_estimate, worst)"
        " SELECT call, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM calls WHERE call = ?");
  }
  const Known* item = Find(started.item);
  if (!item) return NotKnown(started.item);
  return database_.Run(
             "INSERT INTO calls(call, item, step, ask, request_hash, provider, model)"
             " VALUES(?, ?, ?, ?, ?, ?, ?)",
             started.call, item->number, started.step, started.ask, started.request_hash,
             started.provider, started.model) &&
         insert(
             "INSERT INTO tries(number, session, attempt, worker, started_ms,"
             " simulated, input_estimate, output_estimate, worst, call)"
             " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
}

bool RecordWriter::operator()(const record::TryEnded& ended) {
  if (!sums_.Ends(ended)) return false;
  if (!RunForOne("a try that ended",
                 "UPDATE tries SET outcome = ?, ended_ms = ?, cost = ?, cache_saving = ?,"
                 " own_cost = ?, input = ?, cached = ?, cache_write = ?, cache_write_1h = ?,"
                 " output = ?, reasoning = ?,"
                 " total_ms = ?, first_byte_ms = ?, http_status = ?, kind = ?, message = ?,"
                 " served_model = ?, request_id = ?, tier = ?, partial = ?"
                 " WHERE call = ? AND number = ? AND outcome <> 1",
                 static_cast<int64_t>(ended.outcome), ended.time_ms, ended.cost, ended.cache_saving,
                 ended.own_cost, Part(ended.usage, &Usage::input),
                 Part(ended.usage, &Usage::cached), Part(ended.usage, &Usage::cache_write),
                 Part(ended.usage, &Usage::cache_write_1h), Part(ended.usage, &Usage::output),
                 Part(ended.usage, &Usage::reasoning), ended.total_ms, ended.first_byte_ms,
                 ended.http_status, ended.kind, ended.message, ended.served_model, ended.request_id,
                 ended.tier, KeptPartial(ended.partial), ended.call, ended.number)) {
    return false;
  }
  if (ended.outcome != record::TryOutcome::kAnswered || !ended.answer) return true;
  return RunForOne("a call that was answered", "UPDATE calls SET answer = ? WHERE call = ?",
                   Blob{*ended.answer}, ended.call);
}

bool RecordWriter::operator()(const record::Rejected& rejected) {
  return RunForOne("a rejected call",
                   "UPDATE calls SET rejected = 1, reject_reason = ? WHERE call = ?",
                   rejected.reason, rejected.call);
}

// An output that was there already is put at the end of the done order. Mostly there is none, and
// to try the one statement is cheaper than to look first.
bool RecordWriter::operator()(const record::Output& output) {
  const Known* item = Find(output.item);
  if (!item) return NotKnown(output.item);
  auto insert = [&](std::string_view sql) {
    return database_.Run(sql, item->number, output.output, output.path, output.text);
  };
  if (!insert("INSERT OR IGNORE INTO outputs(item, output, path, text) VALUES(?, ?, ?, ?)")) {
    return false;
  }
  if (database_.changes() == 1) return true;
  taken_back_ = true;
  return database_.Run("DELETE FROM outputs WHERE item = ? AND output = ?", item->number,
                       output.output) &&
         insert("INSERT INTO outputs(item, output, path, text) VALUES(?, ?, ?, ?)");
}

bool RecordWriter::operator()(const record::Result& result) {
  const Known* item = Find(result.item);
  if (!item) return NotKnown(result.item);
  return database_.Run("INSERT OR REPLACE INTO results(item, result) VALUES(?, ?)", item->number,
                       result.result);
}

bool RecordWriter::operator()(const record::OutputWritten& written) {
  const Known* item = Find(written.item);
  if (!item) return NotKnown(written.item);
  return RunForOne(written.item, "UPDATE outputs SET written = 1 WHERE item = ? AND output = ?",
                   item->number, written.output);
}

bool RecordWriter::operator()(const record::Meta& meta) {
  return database_.Run(
      "INSERT INTO meta(key, value) VALUES(?, ?)"
      " ON CONFLICT(key) DO UPDATE SET value = excluded.value",
      meta.key, meta.value);
}

bool RecordWriter::operator()(const record::Note& note) {
  return database_.Run("INSERT INTO notes(session, time_ms, text) VALUES(?, ?, ?)", session_,
                       note.time_ms, note.text);
}

bool RecordWriter::operator()(const record::SessionEnded& ended) {
  return RunForOne("this session",
                   "UPDATE sessions SET ended_ms = ?, exit_code = ? WHERE session = ?",
                   ended.time_ms, ended.exit_code, session_);
}

}  // namespace muster
