#include "tests/fake_provider/delivery.h"

#include <algorithm>
#include <utility>

#include "tests/fake_provider/gzip.h"

namespace fake_provider {
namespace {

using Then = Transmission::Then;

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
  if (action.chunk_bytes) {
    headers.emplace_back("Transfer-Encoding", "chunked");
  } else if (!action.close_delimited) {
    headers.emplace_back("Content-Length", std::to_string(body_bytes));
  }
  headers.emplace_back("Connection", close ? "close" : "keep-alive");
  for (const std::string& name : action.dropped) RemoveHeader(headers, name);
  headers.insert(headers.end(), action.headers.begin(), action.headers.end());
  return headers;
}

Payload WholeReply(const ApiReply& reply, const Action& action, bool close) {
  Payload body = BodyOf(reply, action);
  Payload whole;
  whole.Append(FormatHead(reply.status, HeadersFor(reply, action, body.size(), close)));
  whole.Append(action.chunk_bytes ? body.Chunked(action.chunk_bytes) : std::move(body));
  return whole;
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
  if (action.raw) {
    out.bytes.Append(*action.raw);
  } else {
    out.bytes = WholeReply(reply, action, close);
  }
  out.drip_bytes = action.drip_bytes;
  out.drip_every = std::chrono::milliseconds(action.drip_every_ms);
  bool usable = reply.usage && !action.raw && !action.Unusable();
  parcel.when_delivered = usable ? Outcome::kSent : Outcome::kError;
  ApplyEnd(parcel, action);
  return parcel;
}

}  // namespace fake_provider
