#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fake_provider/api.h"

namespace fake_provider::openai {

// What is wrong with a request, in the server's words; nothing when it is fine.
using Complaint = std::optional<ApiReply>;

// One top-level field the server knows. Bounds are checked for numbers only.
struct Field {
  enum Kind { kAny, kString, kBoolean, kInteger, kNumber, kObject, kArray, kTextOrArray };
  std::string_view name;
  Kind kind = kAny;
  std::optional<double> min = {};
  std::optional<double> max = {};
};

// That the request is a POST of a JSON object with known fields of the right kinds and a model.
// Fields that are null count as absent.
Complaint CheckFields(const Call& call, const std::vector<Field>& fields);

// The same, and that the service tier is known and options of a stream come only with one.
Complaint CheckBasics(const Call& call, const std::vector<Field>& fields);

ApiReply InvalidType(const std::string& param, std::string_view expected, const Json& value);

Complaint MissingParameter(const std::string& param);

// That `value`, found at `param`, is null or one of `allowed`.
Complaint CheckEnum(const Json& value, const std::string& param,
                    const std::vector<std::string_view>& allowed);

// That `object`, found at `param`, is null or an object with none but `known` members.
Complaint CheckMembers(const Json& object, const std::string& param,
                       const std::vector<std::string_view>& known);

// That `url` can be an image: an http(s) URL, or a data URL with base64 of such an image.
Complaint CheckImageUrl(const Json& url, const std::string& param);

// Of chat completions: the fields of that name.
Complaint CheckMessages(const Json& messages);
Complaint CheckStop(const Call& call);
Complaint CheckResponseFormat(const Json& format);

// name and schema of a json_schema format at `param`; a strict schema must be closed throughout.
Complaint CheckSchemaFormat(const Json& format, const std::string& param);

inline const std::vector<std::string_view> kEfforts = {"none", "minimal", "low", "medium",
                                                       "high", "xhigh",   "max"};
inline const std::vector<std::string_view> kVerbosities = {"low", "medium", "high"};

// gpt-5… and the o-series: they think first, and take neither max_tokens nor a temperature.
bool IsReasoningModel(std::string_view model);

// A name that OpenAI's models have. Deployments on Azure can have any other.
bool IsOwnModel(std::string_view model);

// That `effort`, found at `param`, is null or one that the model takes.
Complaint CheckEffort(const Call& call, const Json& effort, const std::string& param);

// Adds what messages or items say: contents that are strings; the text, refusal and image_url of
// content parts.
void AddMessages(const Json& messages, Prompt& prompt);

// Only gpt-5.6 and later tell of cache writes (by prompt: all).
Untold UntoldBy(const Call& call);

// The schema that an answer must fit: `schema` of a json_schema format, any object for json_object,
// null for text.
Json SchemaOf(const Json& format, const Json& schema);

inline constexpr char kEventStream[] = "text/event-stream; charset=utf-8";

// The service tier that a reply names.
std::string TierOf(const Call& call);

bool IsStreamed(const Call& call, const AnswerWishes& wishes);

// The random letters that hide the length of a streamed delta.
std::string Obfuscation(std::string_view delta);

}  // namespace fake_provider::openai
