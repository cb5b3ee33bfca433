#include "tests/fake_provider/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "tests/fake_provider/schema_instance.h"

namespace fake_provider {

Question QuestionFor(const Call& call, const AnswerWishes& wishes, Prompt prompt,
                     const Json& schema) {
  Question question{.body_sha256 = call.body_sha256,
                    .by_prompt = call.settings->by_prompt,
                    .prompt = std::move(prompt),
                    .effort = {},
                    .max_output_tokens = {},
                    .json_text = {},
                    .wished_text = wishes.text,
                    .wished_finish = wishes.finish};
  if (schema.is_null()) return question;
  // Other than the words of an answer, this does not depend on the effort.
  question.json_text = ToText(InstanceOf(schema, DigestOf(question)));
  return question;
}

bool HasModel(const Call& call, bool by_name) {
  const std::vector<std::string>& models = call.settings->models;
  if (models.empty()) return by_name;
  return std::find(models.begin(), models.end(), call.model) != models.end();
}

std::vector<std::string> ModelsToList(const Call& call, std::vector<std::string> usual) {
  return call.settings->models.empty() ? std::move(usual) : call.settings->models;
}

ApiReply StreamReply(std::string content_type, std::vector<std::string> pieces) {
  ApiReply reply;
  reply.headers = {{"Content-Type", std::move(content_type)}};
  for (const std::string& piece : pieces) reply.body += piece;
  reply.pieces = std::move(pieces);
  return reply;
}

std::string SseEvent(std::string_view name, const Json& data) {
  std::string event = name.empty() ? "" : fmt::format("event: {}\n", name);
  return event + fmt::format("data: {}\n\n", ToText(data));
}

ApiReply JsonReply(int status, const Json& body, int indent) {
  ApiReply reply;
  reply.status = status;
  reply.headers = {{"Content-Type", "application/json"}};
  reply.body = ToText(body, indent);
  return reply;
}

ApiReply HtmlBadGateway() {
  return {.status = 502,
          .headers = {{"Content-Type", "text/html; charset=UTF-8"}},
          .body =
              "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
              "<center><h1>502 Bad Gateway</h1></center>\r\n"
              "<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n",
          .usage = {}};
}

int64_t UnixTime() {
  auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since_1970).count();
}

}  // namespace fake_provider
