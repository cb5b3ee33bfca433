#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/fake_provider/api.h"
#include "tests/fake_provider/http.h"
#include "tests/fake_provider/json.h"
#include "tests/fake_provider/result.h"
#include "tests/fake_provider/stream_shape.h"

namespace fake_provider {

// What a rule of the script does to a request. All of it can be combined unless said otherwise; an
// unknown word is an error. What an action does not mention stays as it would be without it.
//
// When
//   "delay_ms": 50        the reply starts that late, instead of after --latency-ms
//
// What the provider says: the first of these that is there; else it answers as usual
//   "raw": "bytes"        sent as they stand instead of an HTTP reply, then close
//   "hang": true          nothing, the connection stays open; with "cut_at_byte": N it stops after
//                         N bytes of the reply
//   "redirect": "URL"     307 (or "status") with that Location
//   "echo_key": true      401 that repeats the key it was sent, unmasked
//   "error": "rate_limit" one of kErrorNames in the provider's shape; "retry_after": 3 or "text" is
//                         sent as it stands; "status" changes the status
//   "body": "text" or {}  under "status" (200)
//   "status": 500         from 300 on an error in the provider's shape, below that the usual answer
//
// The usual answer, changed
//   "text": "words"       what the model says
//   "finish": "length" | "content_filter" | "refusal" | "empty"
//   "response_status": "failed"   a failure inside a 200, with "error_code" (server_error)
//   "no_usage": true      or "usage": {} instead of the true one; billing keeps to the truth
//   "no_stream": true     a plain reply although a stream was asked for
//   "job": {"end": "FAILED" | "CANCELED", "error": "why", "ms": 60000}   of a job that is begun:
//                         how it ends, and when; all but "end" may be missing
//
// A streamed answer, changed; of no matter to other replies. A piece is one event or line.
//   "stream_cut_after": N     close after N pieces; with "stream_end": true as if that were all
//   "stream_hang_after": N    nothing more after N pieces, the connection stays open
//   "stream_error_after": N   an error in the API's form, then the end: one of kErrorNames as
//                             "stream_error" ("overloaded"). Not billed unless "bill" says so
//   "stream_stay_open": true  the answer is whole, but its end is not told: the connection stays
//   "stream_junk": true       comments, pings and unknown events between
//   "stream_line_end": "crlf" or "cr"
//   "stream_split": N         bytes a write, wherever that cuts events, lines and characters
//   "stream_every_ms": N      pause after each piece
//
// Headers
//   "headers": {"A": "b"} or [["A", "b"], ["A", "c"]]   instead of those named so; null: none
//   "ratelimit_headers": {}   the same, for readers' sake
//   "huge_header": 400000     one more, of so many bytes
//
// Body on the wire
//   "huge_body": N        blanks after the body, up to N bytes
//   "gzip_bomb": N        the same, N bytes once unpacked, Content-Encoding: gzip
//   "chunked": true or N  chunks of N (256) bytes
//   "close_delimited": true   no Content-Length: the body ends where the connection does
//
// The connection
//   "drip": {"bytes": 1, "every_ms": 300}
//   "cut_at_byte": N      close after N bytes of the whole reply; negative: N before its end
//   "reset_at_byte": N    the same with a RST
//   "close_on_reuse": true    the rule is only for second and later requests of a connection: it is
//                         closed without a byte of reply
//
// Money
//   "bill": true or false whatever is sent; without it generated answers are billed, others not;
//                         true also begins the job whatever is sent
//   "cancel_on_disconnect": true   a client that leaves before its answer is generated pays nothing
struct Action {
  std::optional<int64_t> delay_ms;
  std::optional<std::string> raw;
  std::string redirect;
  bool echo_key = false;
  std::string error;
  std::string retry_after;
  std::optional<std::string> body;
  std::string body_type = "application/json";
  std::optional<int> status;
  bool hang = false;
  AnswerWishes wishes;
  StreamWishes stream;
  Headers headers;                   // of all three kinds, to be added
  std::vector<std::string> dropped;  // names of headers not to be sent otherwise
  uint64_t huge_body = 0;
  uint64_t gzip_bomb = 0;
  uint64_t chunk_bytes = 0;
  bool close_delimited = false;
  uint64_t drip_bytes = 0;
  int64_t drip_every_ms = 0;
  std::optional<int64_t> cut_at_byte;
  std::optional<int64_t> reset_at_byte;
  bool close_on_reuse = false;
  std::optional<bool> bill;
  bool cancel_on_disconnect = false;

  // The bytes that arrive are no answer a client could be expected to take.
  bool Unusable() const;
};

Result<Action> ParseAction(const Json& json);

}  // namespace fake_provider
