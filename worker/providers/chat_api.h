#pragma once

// One provider's API as a pure mapping: what a chat step asks for → an HTTP request; an HTTP reply
// → text, usage, or the kind of failure. No I/O, no clock, no policy. Each API is one small file
// that registers itself in chat_api.cc's list.

#include <cstdint>
#include <map>
#include <memory>
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

// A picture of a prompt.
struct ChatImage {
  std::string media_type;   // image/png, image/jpeg, image/gif or image/webp
  std::string base64;       // without line breaks
  int64_t most_tokens = 0;  // that it can come to as input
};

// What the mock provider is to answer instead, in a share of asks.
struct MockAnswerInstead {
  double share = 0;
  std::string text;
  std::string finish;  // stop, length, refusal
};

// A chat call, rendered. Empty strings and nullopt are not sent. Its options have passed
// CheckChatOptions (common/chat_options.h): a mapping need not check them again.
struct ChatRequest {
  std::string model;
  std::string system;
  std::string user;
  std::vector<ChatImage> images;  // shown before the user's text
  ChatOptions options;
  std::string schema_name;          // what a response schema is called: the step's id
  Json extra = Json::object();      // merged into the body last
  std::optional<std::string> mock;  // what the mock provider is to answer
  std::vector<MockAnswerInstead> mock_instead = {};
  std::string mock_place = {};  // item and step, which decide by chance among these
};

// What goes on the wire, less key and host. The hash of path and body is the call's identity; how
// the answer travels is not.
struct ApiRequest {
  std::string path;  // after the base URL, e.g. "/responses"
  Json body;
  std::vector<std::pair<std::string, std::string>> headers = {};  // beyond content-type and key
  Json delivery = Json::object();  // further members of the body as it is sent: {"stream": true}
  std::string delivery_path = {};  // where it is sent instead; empty: path
  // Of the images in the body: bytes of its JSON, and the tokens they may come to.
  int64_t image_bytes = 0;
  int64_t image_tokens_likely = 0, image_tokens = 0;  // the latter at most
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
  std::optional<Usage> usage = {};  // as ReadReply has it
};

// What one HTTP reply means. `answered`: it is a complete answer and may be committed (also one
// that was cut at max_tokens or refused: it is paid, and the step decides).
struct Reading {
  bool answered = false;
  std::string body;            // when answered: the reply's body, or what its stream adds up to
  Failure failure;             // when not answered
  std::string partial;         // when not answered: what came of the answer's text
  std::optional<Usage> usage;  // nullopt: the reply does not say, or says nonsense
  std::string served_model;
  std::string tier;                 // the service tier it was served in; empty: the usual one
  std::optional<int64_t> own_cost;  // picodollars, as the provider itself puts it
  std::string request_id;
  std::vector<LimitSeen> limits;  // one of a unit at most
};

// Watches the bytes of a streamed reply for the event after which nothing comes, so that a server
// that leaves the connection open, or drops it then, is no matter. One per reply.
class StreamWatch {
 public:
  virtual ~StreamWatch() = default;
  // The next bytes of the body; true from the last event on.
  virtual bool Take(std::string_view bytes) = 0;
};

// One API. Stateless; shared by all calls.
class ChatApi {
 public:
  virtual ~ChatApi() = default;

  // What this API cannot take is an error that names the option.
  virtual Result<ApiRequest> MakeRequest(const ChatRequest& request,
                                         const Provider& provider) const = 0;
  // Also of a reply that was asked to be streamed; whether it was, the reply itself tells.
  virtual Reading ReadReply(const HttpReply& reply) const = 0;
  // Of a streamed reply that broke off: what came of the answer's text.
  virtual std::string ReadPartial(const HttpReply& reply) const = 0;
  // nullptr: this API has no streams.
  virtual std::unique_ptr<StreamWatch> Watch() const = 0;
  // Of a body that ReadReply called answered; also of one that comes from the ledger.
  virtual Result<ChatAnswer> ReadAnswer(std::string_view body) const = 0;
};

// Whether an answer is to be streamed; `by_default`: where a provider says no more than auto.
bool WantsStream(const Provider& provider, bool by_default);

// "data:image/png;base64,…".
std::string DataUri(const ChatImage& image);

// The API of that name ("openai-responses"), or nullptr. Owned by the program. The mock provider's
// is "mock": its requests never touch the network (mock.h answers them).
const ChatApi* FindChatApi(std::string_view name);

// The APIs, each in the file of its name.
const ChatApi& OpenAiResponses();
const ChatApi& OpenAiChat();
const ChatApi& Anthropic();
const ChatApi& Gemini();
const ChatApi& Ollama();
const ChatApi& OpenRouter();
const ChatApi& ClaudeCode();
const ChatApi& MockChat();

}  // namespace muster
