#pragma once

// One provider's API as a pure mapping: what a chat step asks for → an HTTP request; an HTTP reply
// → text, usage, or the kind of failure. No I/O, no clock, no policy. Each API is one small file
// that registers itself in chat_api.cc's list.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/config.h"
#include "common/json.h"
#include "common/protocol.h"
#include "common/result.h"
#include "common/usage.h"

namespace muster {

// A chat call, rendered. Empty strings and nullopt are not sent.
struct ChatRequest {
  std::string model;
  std::string system;
  std::string user;
  std::optional<double> temperature;
  std::optional<int64_t> max_tokens;
  std::string reasoning_effort;
  std::string verbosity;
  Json extra = Json::object();      // merged into the body last
  std::optional<std::string> mock;  // what the mock provider is to answer
};

// What goes on the wire, less key and host. Its hash is the call's identity.
struct ApiRequest {
  std::string path;  // after the base URL, e.g. "/responses"
  Json body;
  std::vector<std::pair<std::string, std::string>> headers;  // beyond content-type and key
};

struct HttpReply {
  int64_t status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  int64_t received_ms = 0;  // our clock when it was complete, since 1970; 0: not known

  // The first header of that (lower-case) name, or "".
  std::string_view Header(std::string_view name) const;
};

// How an answer ended.
enum class Finish { kStop, kLength, kRefusal, kContentFilter, kOther };

// A complete answer, read.
struct ChatAnswer {
  std::string text;
  Finish finish = Finish::kStop;
  std::string finish_text;  // as the provider names it; of a refusal: its words
  std::string served_model;
};

// What one HTTP reply means. `answered`: the body is a complete answer and may be committed (also
// one that was cut at max_tokens or refused: it is paid, and the step decides).
struct Reading {
  bool answered = false;
  Failure failure;             // when not answered
  std::optional<Usage> usage;  // nullopt: the reply does not say, or says nonsense
  std::string served_model;
  std::string request_id;
  std::vector<LimitSeen> limits;  // one of a unit at most
};

// One API. Stateless; shared by all calls.
class ChatApi {
 public:
  virtual ~ChatApi() = default;

  // What this API cannot take is an error that names the option.
  virtual Result<ApiRequest> MakeRequest(const ChatRequest& request,
                                         const Provider& provider) const = 0;
  virtual Reading ReadReply(const HttpReply& reply) const = 0;
  // Of a body that ReadReply called answered; also of one that comes from the ledger.
  virtual Result<ChatAnswer> ReadAnswer(std::string_view body) const = 0;
};

// The API of that name ("openai-responses"), or nullptr. Owned by the program. The mock provider's
// is "mock": its requests never touch the network (mock.h answers them).
const ChatApi* FindChatApi(std::string_view name);

// The APIs, each in the file of its name.
const ChatApi& OpenAiResponses();
const ChatApi& OpenAiChat();
const ChatApi& MockChat();

}  // namespace muster
