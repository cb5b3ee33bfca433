// What scripts/check-instructions counts the instructions of: `instructions PATH COUNT` does a
// fixed thing COUNT times. It checks what it does, and says nothing.
//
//   decode-whole    rounds of fixed messages of either direction, fed as one piece each round
//   decode-pieces   the same, fed by 61 bytes
//   encode          the same messages, written
//   item            items through the supervisor and its ledger; workers and clock are fakes
//   commit          batches of ten records each, committed
//
// Counted is only what happens within the functions below that are called Counted…, and within
// Supervisor::Run() less what the fakes do: the script tells callgrind so by their names. Nothing
// here depends on time, chance or addresses.

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <map>

#include "common/frame.h"
#include "common/protocol.h"
#include "tests/ledger_testing.h"
#include "tests/supervisor_testing.h"

namespace muster {

// ---- messages ----

using FromWorkers = std::vector<FromWorker>;
using ToWorkers = std::vector<ToWorker>;

[[gnu::noinline]] size_t CountedDecode(std::string_view stream, size_t piece, bool from_worker) {
  FrameDecoder decoder;
  size_t messages = 0;
  while (!stream.empty()) {
    decoder.Feed(stream.substr(0, piece));
    stream.remove_prefix(std::min(piece, stream.size()));
    for (auto frame = decoder.Next(); frame && *frame; frame = decoder.Next()) {
      bool read = from_worker ? DecodeFromWorker(**frame).ok() : DecodeToWorker(**frame).ok();
      messages += read ? 1 : 0;
    }
  }
  return messages;
}

[[gnu::noinline]] size_t CountedEncode(const FromWorkers& said, const ToWorkers& told) {
  std::string stream;
  for (const FromWorker& message : said) AppendFrame(Encode(message), stream);
  for (const ToWorker& message : told) AppendFrame(Encode(message), stream);
  return stream.size();
}

// ---- a commit ----

[[gnu::noinline]] void CountedCommit(Ledger& ledger, std::vector<record::Record>& batch) {
  for (record::Record& record : batch) ledger.Add(std::move(record));
  (void)ledger.Commit();
}

namespace {

constexpr size_t kAnswerBytes = 2'000;

// A text that looks like one: words, line ends, quotes and a character of more than one byte.
std::string SomeText(size_t bytes) {
  std::string text;
  while (text.size() < bytes)
    text += "the river \"Elbe\" is 1,094 km long; it begins at 1,386 m –\n";
  return text;
}

FromWorkers SaidInOneItem() {
  Call call;
  call.item = "item-17", call.attempt = 1, call.call = 1, call.step = "ask";
  call.provider = "openai", call.model = "gpt-5.1";
  call.request_hash = std::string(64, 'a'), call.request_chars = 900;
  call.input_estimate = 226, call.output_estimate = 500, call.input_most = 900;
  call.output_most = 500;
  Called called;
  called.item = "item-17", called.attempt = 1, called.call = 1;
  called.answer = Bytes{SomeText(kAnswerBytes)};
  called.usage = Usage{226, 0, 0, 480, 0};
  called.served_model = "gpt-5.1-2025-11-13", called.request_id = "req_0123456789abcdef";
  called.total_ms = 1'900, called.first_byte_ms = 1'850;
  called.limits = {{LimitUnit::kRequests, 500, 499, 120},
                   {LimitUnit::kTokens, 200'000, 199'000, 300}};
  Called failed = called;
  failed.answer.reset(), failed.usage.reset();
  failed.failure = Failure{FailureKind::kRateLimited, "slow down", 429, 1'500, Billing::kNo};
  Done done{"item-17", 1, Outcome::kDone, "", {}, 9'000};
  done.outputs = {{0, "item-17.txt", SomeText(kAnswerBytes)}};
  Hello hello{kProtocolVersion, std::string(16, 'b'), 4'711, "host"};
  Event event{"item-17", 1, "step", "ask", "chat with gpt-5.1"};
  return {hello, event, call, failed, called, Alive{}, done};
}

ToWorkers ToldInOneItem() {
  Json fields{{"id", "item-17"}, {"name", "Elbe"}, {"text", SomeText(400)}, {"km", 1'094}};
  Replay replay{1, 1, Bytes{SomeText(kAnswerBytes)}, 4'711'000, 400'000};
  Go go{1, 1, 1, 10'000, 60'000, 30'000, 120'000};
  return {Item{"item-17", 1, fields},
          go,
          replay,
          Kept{1, 4'711'000, 400'000},
          Refuse{1, true, "the budget is used up"},
          Alive{}};
}

template <class Messages>
std::string StreamOf(const Messages& messages) {
  std::string stream;
  for (const auto& message : messages) AppendFrame(Encode(message), stream);
  return stream;
}

bool DecodeRounds(int64_t rounds, size_t piece) {
  FromWorkers said = SaidInOneItem();
  ToWorkers told = ToldInOneItem();
  std::string from = StreamOf(said), to = StreamOf(told);
  bool right = true;
  for (int64_t i = 0; i < rounds; ++i) {
    right = CountedDecode(from, piece, true) == said.size() && right;
    right = CountedDecode(to, piece, false) == told.size() && right;
  }
  return right;
}

bool EncodeRounds(int64_t rounds) {
  FromWorkers said = SaidInOneItem();
  ToWorkers told = ToldInOneItem();
  size_t bytes = StreamOf(said).size() + StreamOf(told).size();
  bool right = true;
  for (int64_t i = 0; i < rounds; ++i) right = CountedEncode(said, told) == bytes && right;
  return right;
}

// ---- items, commits ----

bool RunItems(int64_t items) {
  TestRun run(items);
  SessionOptions options;
  options.workers = 8;
  SessionTrace trace = run.Run(options);
  return trace.end.exit_code == 0 && run.Count(ItemStatus::kDone) == items;
}

// What a turn of a busy supervisor brings: answers of two items, which end, and two that begin.
std::vector<record::Record> Batch(Ledger& ledger, int64_t turn, std::map<int64_t, int64_t>& calls) {
  std::vector<record::Record> batch;
  for (int64_t n = 2 * turn - 1; n <= 2 * turn; ++n) {
    if (auto begun = calls.find(n - 2); begun != calls.end()) {
      std::string ends = IdOf(begun->first);
      batch.push_back(Answered(begun->second, SomeText(kAnswerBytes), 4'711'000));
      batch.push_back(record::AttemptEnded{ends, 1, "done", "", turn});
      batch.push_back(MakeStatus(ends, ItemStatus::kDone));
    }
    batch.push_back(record::AttemptStarted{IdOf(n), 1, "w1", turn});
    calls[n] = ledger.TakeCallId();
    batch.push_back(StartTry(calls[n], IdOf(n)));
  }
  return batch;
}

bool CommitBatches(int64_t turns) {
  TempDir folder;
  Ledger ledger = OpenAt(folder / "ledger.sqlite");
  for (int64_t n = 1; n <= 2 * turns; ++n) ledger.Add(MakeItem(n, IdOf(n)));
  if (ledger.Commit() != CommitOutcome::kCommitted) return false;
  std::map<int64_t, int64_t> calls;
  for (int64_t turn = 1; turn <= turns; ++turn) {
    std::vector<record::Record> batch = Batch(ledger, turn, calls);
    CountedCommit(ledger, batch);
    if (ledger.pending() > 0) return false;
  }
  return CountOf(ledger.view(), ItemStatus::kDone) == 2 * turns - 2;
}

bool Do(const std::string& path, int64_t count) {
  if (path == "decode-whole") return DecodeRounds(count, 1 << 20);
  if (path == "decode-pieces") return DecodeRounds(count, 61);
  if (path == "encode") return EncodeRounds(count);
  if (path == "item") return RunItems(count);
  if (path == "commit") return CommitBatches(count);
  std::fprintf(stderr, "instructions: no path is called \"%s\"\n", path.c_str());
  return false;
}

}  // namespace
}  // namespace muster

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  // What tests share checks with doctest's macros.
  doctest::Context context;
  context.setAsDefaultForAssertsOutOfTestCases();
  if (argc != 3 || !muster::Do(argv[1], std::atoll(argv[2]))) {
    std::fprintf(stderr, "usage: instructions PATH COUNT (it did not do what it should)\n");
    return 1;
  }
  return 0;
}
