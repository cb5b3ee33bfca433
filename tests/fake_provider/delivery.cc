#include "tests/fake_provider/delivery.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "tests/fake_provider/gzip.h"

namespace fake_provider {
namespace {

using std::chrono::milliseconds;
using Then = Transmission::Then;

// The text of a stream goes out as it is, unless the body is to be something else altogether.
bool IsStream(const ApiReply& reply, const Action& action) {
  return !reply.pieces.empty() && !action.gzip_bomb && !action.huge_body;
}

bool IsChunked(const ApiReply& reply, const Action& action) {
  return action.chunk_bytes || (IsStream(reply, action) && !action.close_delimited);
}

Payload BodyOf(const ApiReply& reply, const Action& action) {
  Payload body;
  if (action.gzip_bomb) {
    body.Append(GzipPadded(reply.body, action.gzip_bomb));
    return body;
  }
  body.Append(reply.body);
  if (action.huge_body > reply.body.size()) body.AppendSpaces(action.huge_body - reply.body.size());
  return body;
}

Headers HeadersFor(const ApiReply& reply, const Action& action, uint64_t body_bytes, bool close) {
  Headers headers = reply.headers;
  if (action.gzip_bomb) headers.emplace_back("Content-Encoding", "gzip");
  if (IsChunked(reply, action)) {
    headers.emplace_back("Transfer-Encoding", "chunked");
  } else if (!action.close_delimited) {
    headers.emplace_back("Content-Length", std::to_string(body_bytes));
  }
  headers.emplace_back("Connection", close ? "close" : "keep-alive");
  for (const std::string& name : action.dropped) RemoveHeader(headers, name);
  headers.insert(headers.end(), action.headers.begin(), action.headers.end());
  return headers;
}

void LoadWhole(const ApiReply& reply, const Action& action, bool close, Transmission& out) {
  Payload body = BodyOf(reply, action);
  out.bytes.Append(FormatHead(reply.status, HeadersFor(reply, action, body.size(), close)));
  out.bytes.Append(action.chunk_bytes ? body.Chunked(action.chunk_bytes) : std::move(body));
  out.drip = {action.drip_bytes, milliseconds(action.drip_every_ms)};
}

// So many bytes in writes of `split`, the last one followed by `pause`.
void AddBursts(uint64_t bytes, uint64_t split, milliseconds pause, Transmission& out) {
  for (; split > 0 && bytes > split; bytes -= split) out.bursts.push_back({split, {}});
  out.bursts.push_back({bytes, pause});
}

// The head and each piece are bursts of their own.
void LoadStream(const ApiReply& reply, const Action& action, bool close, Transmission& out) {
  const StreamWishes& wishes = action.stream;
  bool chunked = IsChunked(reply, action);
  auto add = [&](const std::string& text, milliseconds pause) {
    Payload piece;
    piece.Append(text);
    AddBursts(piece.size(), wishes.split, pause, out);
    out.bytes.Append(std::move(piece));
  };
  add(FormatHead(reply.status, HeadersFor(reply, action, 0, close)), {});
  for (const std::string& piece : reply.pieces) {
    add(chunked ? fmt::format("{:x}\r\n{}\r\n", piece.size(), piece) : piece,
        milliseconds(wishes.every_ms));
  }
  bool told = wishes.end || !(wishes.cut_after || wishes.hang_after || wishes.stay_open);
  if (chunked && told) out.bytes.Append("0\r\n\r\n");
  if (!wishes.split && !wishes.every_ms) out.bursts.clear();
  if (!action.drip_bytes) return;
  out.bursts.clear();
  out.drip = {action.drip_bytes, milliseconds(action.drip_every_ms)};
}

// How a stream that is not to end well ends.
void EndStream(Parcel& parcel, const StreamWishes& wishes) {
  Transmission& out = parcel.transmission;
  if (wishes.cut_after) {
    parcel.when_delivered = Outcome::kCut;
    if (!wishes.end) out.then = Then::kClose;
  }
  if (wishes.error_after) parcel.when_delivered = Outcome::kError;
  if (wishes.hang_after) out.then = Then::kHang;
  if (wishes.stay_open) out.then = Then::kStayOpen;
}

// Shortens the bytes to `at` (from the end when negative); false when there was nothing to cut off.
bool CutAt(Payload& bytes, int64_t at) {
  int64_t size = static_cast<int64_t>(bytes.size());
  if (at < 0) at = std::max<int64_t>(0, size + at);
  if (at >= size) return false;
  bytes.Truncate(at);
  return true;
}

void ApplyEnd(Parcel& parcel, const Action& action) {
  Transmission& out = parcel.transmission;
  if (action.reset_at_byte) {
    CutAt(out.bytes, *action.reset_at_byte);
    out.then = Then::kReset;
    parcel.when_delivered = Outcome::kReset;
  } else if (action.hang) {
    CutAt(out.bytes, action.cut_at_byte.value_or(0));
    out.then = Then::kHang;
    if (out.bytes.empty()) parcel.when_client_leaves = Outcome::kNoReply;
  } else if (action.cut_at_byte) {
    if (CutAt(out.bytes, *action.cut_at_byte)) parcel.when_delivered = Outcome::kCut;
    out.then = Then::kClose;
  }
}

}  // namespace

Parcel Pack(const ApiReply& reply, const Action& action, bool keep_alive) {
  Parcel parcel;
  Transmission& out = parcel.transmission;
  if (action.close_on_reuse) {
    out.then = Then::kClose;
    parcel.when_delivered = Outcome::kNoReply;
    return parcel;
  }
  bool close = !keep_alive || action.close_delimited || action.raw;
  out.then = close ? Then::kClose : Then::kKeepOpen;
  bool stream = !action.raw && IsStream(reply, action);
  if (action.raw) {
    out.bytes.Append(*action.raw);
    out.drip = {action.drip_bytes, milliseconds(action.drip_every_ms)};
  } else if (stream) {
    LoadStream(reply, action, close, out);
  } else {
    LoadWhole(reply, action, close, out);
  }
  bool good = reply.usage || reply.job_begun || reply.lookup;
  bool usable = good && !action.raw && !action.Unusable();
  parcel.when_delivered = usable ? Outcome::kSent : Outcome::kError;
  if (stream) EndStream(parcel, action.stream);
  ApplyEnd(parcel, action);
  return parcel;
}

}  // namespace fake_provider
