#include "worker/providers/json_reply.h"

namespace muster {
namespace {

Result<ChatAnswer> AnswerIn(const Json& body, const ReplyForm& form) {
  if (form.error(body)) return Fail("the generation failed");
  return form.answer(body);
}

}  // namespace

Reading ReadJsonReply(const HttpReply& reply, const ReplyForm& form) {
  if (reply.status < 200 || reply.status > 299) return ReadErrorReply(reply, form.path);
  Reading reading;
  reading.request_id = RequestId(reply);
  Result<Json> body = ParseJson(reply.body);
  if (!body) {
    reading.failure = BadReply(reply, body.error());
    return reading;
  }
  reading.served_model = StringMember(*body, "model");
  reading.usage = form.usage(*body);
  Result<ChatAnswer> answer = AnswerIn(*body, form);
  reading.answered = answer.ok();
  if (answer) return reading;
  std::optional<ApiError> error = form.error(*body);
  reading.failure = error ? InnerFailure(reply, *error) : BadReply(reply, answer.error());
  if (reading.usage) reading.failure.billing = Billing::kUsage;
  return reading;
}

Result<ChatAnswer> ReadJsonAnswer(std::string_view body, const ReplyForm& form) {
  Result<Json> json = ParseJson(body);
  if (!json) return Error{json.error()};
  return AnswerIn(*json, form);
}

}  // namespace muster
