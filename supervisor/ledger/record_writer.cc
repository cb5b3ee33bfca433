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
  sums_.Forget();
}

bool RecordWriter::NotKnown(std::string_view about) {
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
  return RunForOne(status.item,
                   "UPDATE items SET status = ?1, reason = ?2, worker_deaths = ?3,"
                   " work_ms = iif(?4 > 0, ?4, work_ms) WHERE id = ?5",
                   static_cast<int64_t>(status.status), status.reason, status.worker_deaths,
                   status.work_ms, status.item);
}

bool RecordWriter::operator()(const record::Reopen& reopen) {
  taken_back_ = true;
  return RunForOne(reopen.item,
                   "UPDATE items SET status = 0, reason = '', worker_deaths = 0,"
                   " extra_asks = extra_asks + ? WHERE id = ?",
                   reopen.fresh_ask, reopen.item);
}

bool RecordWriter::operator()(const record::AttemptStarted& attempt) {
  return RunForOne(attempt.item, "UPDATE items SET status = 1, attempts = ? WHERE id = ?",
                   attempt.attempt, attempt.item) &&
         RunForOne(attempt.item,
                   "INSERT INTO attempts(item, attempt, session, worker, node, started_ms)"
                   " SELECT item, ?, ?, ?, ?, ? FROM items WHERE id = ?",
                   attempt.attempt, session_, attempt.worker, attempt.node, attempt.time_ms,
                   attempt.item);
}

bool RecordWriter::operator()(const record::AttemptEnded& attempt) {
  std::optional<std::pair<int64_t, std::string>> ended;  // session and worker
  {
    Rows rows = database_.Query(
        "UPDATE attempts SET ended_ms = ?, outcome = ?, evidence = ?"
        " WHERE item = (SELECT item FROM items WHERE id = ?) AND attempt = ?"
        " RETURNING session, worker",
        attempt.time_ms, attempt.outcome, attempt.evidence, attempt.item, attempt.attempt);
    if (rows.Next()) ended = {rows.Int(0), rows.Text(1)};
    if (rows.failed()) return false;
  }
  if (!ended) return NotKnown(attempt.item);
  if (attempt.outcome == kDoneOutcome) sums_.ItemDone(ended->first, ended->second);
  return true;
}

bool RecordWriter::operator()(const record::TryStarted& started) {
  if (started.number == 1 &&
      !RunForOne(started.item,
                 "INSERT INTO calls(call, item, step, ask, request_hash, provider, model)"
                 " SELECT ?, item, ?, ?, ?, ?, ? FROM items WHERE id = ?",
                 started.call, started.step, started.ask, started.request_hash, started.provider,
                 started.model, started.item)) {
    return false;
  }
  sums_.Started(session_, started);
  return RunForOne(started.item,
                   "INSERT INTO tries(call, number, session, attempt, worker, started_ms,"
                   " simulated, input_estimate, output_estimate, worst)"
                   " SELECT call, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM calls WHERE call = ?",
                   started.number, session_, started.attempt, started.worker, started.time_ms,
                   started.simulated, started.input_estimate, started.output_estimate,
                   started.worst, started.call);
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

bool RecordWriter::operator()(const record::Output& output) {
  if (!database_.Run("DELETE FROM outputs WHERE item = (SELECT item FROM items WHERE id = ?)"
                     " AND output = ?",
                     output.item, output.output)) {
    return false;
  }
  taken_back_ = taken_back_ || database_.changes() > 0;
  return RunForOne(output.item,
                   "INSERT INTO outputs(item, output, path, text)"
                   " SELECT item, ?, ?, ? FROM items WHERE id = ?",
                   output.output, output.path, output.text, output.item);
}

bool RecordWriter::operator()(const record::Result& result) {
  return RunForOne(result.item,
                   "INSERT OR REPLACE INTO results(item, result)"
                   " SELECT item, ? FROM items WHERE id = ?",
                   result.result, result.item);
}

bool RecordWriter::operator()(const record::OutputWritten& written) {
  return RunForOne(written.item,
                   "UPDATE outputs SET written = 1"
                   " WHERE item = (SELECT item FROM items WHERE id = ?) AND output = ?",
                   written.item, written.output);
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
