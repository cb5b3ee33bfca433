#pragma once

// Streamed replies: from the bytes of the body to the JSON that the same request would have got
// without streaming, so that what is kept, read and replayed has one form. Pure functions of the
// bytes; how they were split on the way does not matter.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/json.h"
#include "worker/providers/chat_api.h"
#include "worker/replies/api_errors.h"

namespace muster {

// What a stream adds up to. Neither body nor error: it broke off.
struct Folded {
  std::optional<Json> body;       // it is complete: as if it had not been streamed
  std::optional<ApiError> error;  // it reported one
  std::string text;               // what came of the answer's text, also of a broken one
};

// Takes the events of one stream in order. Unknown ones are passed over.
class StreamFold {
 public:
  virtual ~StreamFold() = default;
  // `name`: of an SSE event ("" without one). `data`: its JSON; null for the text "[DONE]".
  virtual void Take(std::string_view name, const Json& data) = 0;
  virtual Folded Finish() = 0;
};

enum class Framing { kSse, kNdjson };

// One API's streams.
struct StreamForm {
  Framing framing;
  std::unique_ptr<StreamFold> (*fold)();
  // Whether nothing comes after this event. Looks at the raw data; must be cheap.
  bool (*is_last)(std::string_view name, std::string_view data);
};

// Whether a reply is a stream of this form, by its content type or, where a server sets none or a
// wrong one, by how its body begins.
bool IsStream(const StreamForm& form, const HttpReply& reply);

// The sum of a stream's events; an event whose data is no JSON is an error.
Result<Folded> FoldStream(const StreamForm& form, std::string_view body);

std::unique_ptr<StreamWatch> WatchStream(const StreamForm& form);

}  // namespace muster
