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

// That the request is a POST of a JSON object with known fields of the right kinds, a model that
// exists and no wish to stream. Fields that are null count as absent.
Complaint CheckBasics(const Call& call, const std::vector<Field>& fields);

Complaint MissingParameter(const std::string& param);

// That `value`, found at `param`, is null or one of `allowed`.
Complaint CheckEnum(const Json& value, const std::string& param,
                    const std::vector<std::string_view>& allowed);

// That `object`, found at `param`, is null or an object with none but `known` members.
Complaint CheckMembers(const Json& object, const std::string& param,
                       const std::vector<std::string_view>& known);

// That `url` can be an image: an http(s) URL, or a data URL with base64 of an image.
Complaint CheckImageUrl(const Json& url, const std::string& param);

// name and schema of a json_schema format at `param`.
Complaint CheckSchemaFormat(const Json& format, const std::string& param);

inline const std::vector<std::string_view> kEfforts = {"none", "minimal", "low", "medium",
                                                       "high", "xhigh",   "max"};
inline const std::vector<std::string_view> kVerbosities = {"low", "medium", "high"};

// gpt-5… and the o-series: they think first, and take neither max_tokens nor a temperature.
bool IsReasoningModel(std::string_view model);

// Characters of all text in messages or items: contents that are strings, and the text and refusal
// of content parts.
int64_t CountTextChars(const Json& messages);

}  // namespace fake_provider::openai
