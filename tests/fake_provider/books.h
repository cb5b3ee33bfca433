#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/fake_provider/answers.h"
#include "tests/fake_provider/fd.h"
#include "tests/fake_provider/prices.h"
#include "tests/fake_provider/result.h"
#include "tests/fake_provider/totals.h"

namespace fake_provider {

// How a request ended for the client.
enum class Outcome {
  kSent,        // a whole, usable answer was handed to the kernel
  kError,       // another whole reply: an error, a redirect, bytes that are no answer
  kCut,         // part of a reply, then the connection was closed
  kReset,       // part of a reply, then the connection was reset
  kClientGone,  // the client left before it had all
  kNoReply,     // the connection was closed, or left hanging, without a byte
  kListed,  // what may be asked for any number of times, as a list of models: no answer, no error
};

// The ledger: what was asked and billed, whoever may have heard of it. An append-only file of JSON
// lines, each written with one write(2); Sync() makes them durable and must come before their
// effects reach a client. Dies loudly when it cannot write: books with a hole are worse than none.
//
//   {"event":"asked","n":17,"time_ms":…,"connection":3,"path":"/v1/responses","model":"gpt-5.1",
//    "body_sha256":"…","authorized":true,"repeat":1}
//   {"event":"refused","n":17,"time_ms":…,"model":"gpt-5.1","limit":"requests"}
//   {"event":"billed","n":17,"time_ms":…,"input":…,"cached":…,"cache_write":…,
//    "cache_write_1h":…,"output":…,"reasoning":…,"picodollars":…}
//   {"event":"job","n":17,"time_ms":…,"job":"…","image_sha256":"…","credits":30,"end":"SUCCEEDED"}
//   {"event":"download","n":18,"time_ms":…,"job":"…","with_key":false}
//   {"event":"ended","n":17,"time_ms":…,"status":200,"outcome":"sent"}
//   {"event":"restarted","time_ms":…}
//
// `repeat` counts the asks of exactly this body, this one included; "refused" says which of the
// provider's own limits it met (429); "billed" comes when the answer
// is generated, just before its first byte, and also when nobody waits for it any more; "job" when
// one is begun, "download" when a file that it made is asked for. A file that is there already is
// continued, after "restarted": what had not ended by then never will.
class Books {
 public:
  // What a request was, for its "asked" line.
  struct Asked {
    uint64_t connection = 0;
    std::string path;
    std::string model;
    std::string body_sha256;
    bool authorized = false;
  };

  // With an empty `path` nothing is written and only the totals are kept.
  static Result<Books> Open(const std::string& path, bool fsync, const Prices& prices);

  // Returns the number (1, 2, 3 …) of the request.
  uint64_t WriteAsked(const Asked& asked);
  void WriteRefused(uint64_t number, const std::string& model, std::string_view limit);
  void WriteBilled(uint64_t number, const Usage& usage);
  // An event of an API's own; it is given its number and time here.
  void WriteNote(uint64_t number, const Json& note);
  void WriteEnded(uint64_t number, int status, Outcome outcome);

  void Sync();

  const Totals& totals() const { return totals_; }

 private:
  void Load(const std::string& text);
  void Write(const Json& event);

  Fd file_;
  bool fsync_ = true;
  bool unsynced_ = false;
  Prices prices_;
  Totals totals_;
};

int64_t UnixTimeMs();

}  // namespace fake_provider
