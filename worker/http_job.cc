#include "worker/http_job.h"

#include <algorithm>

#include "common/duration.h"
#include "common/expression.h"
#include "common/template.h"
#include "common/text.h"
#include "worker/http_message.h"
#include "worker/replies/api_errors.h"
#include "worker/waiting.h"

namespace muster {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLongestLook{60'000};  // of one GET while a job is waited for
constexpr int kMostUnreadable = 3;            // replies to polls in a row that say nothing

bool IsSuccess(const HttpReply& reply) { return reply.status >= 200 && reply.status <= 299; }

// A failure of what costs nothing and may be done again.
HttpOutcome Repeatable(Failure failure) {
  HttpOutcome outcome;
  outcome.failure = std::move(failure);
  outcome.failure.billing = Billing::kNo;
  return outcome;
}

HttpOutcome Answered(std::string body) {
  HttpOutcome outcome;
  outcome.reply = HttpReply{200, {}, std::move(body)};
  return outcome;
}

Reading AnswerOf(const HttpReply& reply) {
  Reading reading;
  reading.answered = true;
  reading.body = reply.body;
  reading.request_id = RequestId(reply);
  return reading;
}

}  // namespace

Result<std::string> TextAt(const Json& reply, const std::string& path) {
  auto value = LookUp(reply, path);
  if (!value) return Error{value.error()};
  if (value->is_string() && !value->get_ref<const std::string&>().empty()) {
    return value->get<std::string>();
  }
  if (value->is_number()) return DumpJson(*value);
  return Fail("{} is no text", path);
}

std::string JobIn(const RequestStep& step, const Json& answer) {
  if (step.job.empty()) return "";
  if (auto job = TextAt(answer, step.job)) return *job;
  return TextAt(answer, "found") ? *TextAt(answer, "found") : "";
}

// ---- the POST ----

BeginJob::BeginJob(JobParts parts, std::string path, Json body, std::string find_path,
                   Json find_context)
    : parts_(std::move(parts)),
      path_(std::move(path)),
      body_(std::move(body)),
      find_path_(std::move(find_path)),
      find_context_(std::move(find_context)) {}

Task<HttpOutcome> BeginJob::Perform(const Go& go) {
  if (go.unsure && parts_.step.find) {
    HttpOutcome found = co_await LookUpLost(go);
    bool not_there = !found.reply && found.failure.message.empty();
    if (!not_there) co_return found;
  }
  HttpRequest request =
      MakePlainRequest(parts_.provider, parts_.caller.KeyFor(parts_.provider), path_, body_, go);
  HttpOutcome outcome = co_await SendAndWait(parts_.caller.http(), std::move(request));
  co_return outcome;
}

// The lost job as an answer, a failure, or neither: it is not in the list.
Task<HttpOutcome> BeginJob::LookUpLost(Go go) {
  HttpRequest request = MakePlainRequest(parts_.provider, parts_.caller.KeyFor(parts_.provider),
                                         find_path_, std::nullopt, go);
  HttpOutcome outcome = co_await SendAndWait(parts_.caller.http(), std::move(request));
  if (!outcome.reply) co_return Repeatable(std::move(outcome.failure));
  if (!IsSuccess(*outcome.reply)) {
    co_return Repeatable(ReadPlainErrorReply(*outcome.reply, find_path_, true).failure);
  }
  co_return FindIn(*outcome.reply);
}

HttpOutcome BeginJob::FindIn(const HttpReply& reply) const {
  const FindRule& find = *parts_.step.find;
  auto unusable = [&](const std::string& why) {
    return FailedTry(FailureKind::kBadRequest,
                     "the job whose POST was lost cannot be looked up: find: " + why);
  };
  auto body = ParseJson(reply.body);
  if (!body) return unusable(body.error());
  auto list = find.list.empty() ? Result<Json>(*body) : LookUp(*body, find.list);
  if (!list) return unusable(list.error());
  if (!list->is_array()) return unusable("the reply has no list there");
  std::string first_error;
  size_t judged = 0;
  Json context = find_context_;
  for (const Json& each : *list) {
    context["each"] = each;
    auto match = IsTrue(find.match, context, false);
    if (match) ++judged;
    if (!match && first_error.empty()) first_error = match.error();
    if (!match || !*match) continue;
    auto job = TextAt(each, find.job);
    if (!job) return unusable(job.error());
    return Answered(DumpJson(Json{{"found", *job}, {"listed", each}}));
  }
  if (judged == 0 && !list->empty()) return unusable(first_error);
  return {};
}

Reading BeginJob::Read(const HttpReply& reply) const {
  if (!IsSuccess(reply)) return ReadPlainErrorReply(reply, path_, false);
  Reading reading;
  auto body = ParseJson(reply.body);
  if (!body) {
    reading.failure = BadReply(reply, "it is no JSON");
    return reading;
  }
  if (!parts_.step.job.empty() && JobIn(parts_.step, *body).empty()) {
    reading.failure = BadReply(reply, "it does not name the job as " + parts_.step.job);
    return reading;
  }
  return AnswerOf(reply);
}

std::optional<Unusable> BeginJob::Judge(const std::string& body) const {
  auto answer = ParseJson(body);
  if (!answer) return Unusable{"its answer cannot be read: " + answer.error()};
  if (!parts_.step.job.empty() && JobIn(parts_.step, *answer).empty()) {
    return Unusable{"its answer does not name the job as " + parts_.step.job};
  }
  return std::nullopt;
}

// ---- the wait ----

Result<std::optional<std::string>> WhyFailed(const PollRule& poll, const Json& reply) {
  auto failed = IsTrue(poll.failed, reply, false);
  if (!failed) return Fail("failed: {}", failed.error());
  if (!*failed) return std::optional<std::string>();
  auto why = poll.error.empty() ? Result<std::string>(Error{""}) : TextAt(reply, poll.error);
  return std::optional(why ? *why : "no reason is given");
}

AwaitJob::AwaitJob(JobParts parts, std::string path, std::string job)
    : parts_(std::move(parts)), path_(std::move(path)), job_(std::move(job)) {}

Task<HttpOutcome> AwaitJob::Perform(const Go& go) {
  const PollRule& poll = *parts_.step.poll;
  Clock::time_point until = Clock::now() + poll.limit;
  Go limits = go;
  int unreadable = 0;
  std::string trouble;
  for (;;) {
    auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
    auto longest = std::max(milliseconds(1), std::min(kLongestLook, left));
    limits.total_ms = limits.first_byte_ms = std::min(go.total_ms, longest.count());
    HttpRequest request = MakePlainRequest(parts_.provider, parts_.caller.KeyFor(parts_.provider),
                                           path_, std::nullopt, limits);
    HttpOutcome outcome = co_await SendAndWait(parts_.caller.http(), std::move(request));
    Look look = LookAt(outcome);
    if (look.end) co_return *std::move(look.end);
    trouble = look.trouble;
    bool replied = outcome.reply && IsSuccess(*outcome.reply);
    unreadable = replied && !trouble.empty() ? unreadable + 1 : 0;
    if (unreadable >= kMostUnreadable) {
      co_return FailedTry(FailureKind::kBadRequest, "while waiting for the job: " + trouble);
    }
    if (Clock::now() + poll.every >= until) co_return OverLimit(trouble);
    co_await WaitFor(parts_.caller.timers(), poll.every);
  }
}

AwaitJob::Look AwaitJob::LookAt(const HttpOutcome& outcome) const {
  if (!outcome.reply) return {std::nullopt, outcome.failure.message};
  const HttpReply& reply = *outcome.reply;
  if (!IsSuccess(reply)) {
    Failure failure = ReadPlainErrorReply(reply, path_, true).failure;
    bool passes = reply.status == 408 || reply.status == 429 || reply.status >= 500;
    if (passes) return {std::nullopt, failure.message};
    // It is this job that is not known, not all of them.
    if (failure.kind == FailureKind::kModelNotFound) failure.kind = FailureKind::kBadRequest;
    return {Repeatable(std::move(failure)), ""};
  }
  auto body = ParseJson(reply.body);
  if (!body) return {std::nullopt, "its reply is no JSON: " + body.error()};
  const PollRule& poll = *parts_.step.poll;
  auto failed = WhyFailed(poll, *body);
  if (!failed) return {std::nullopt, failed.error()};
  auto done = IsTrue(poll.done, *body, false);
  if (!done) return {std::nullopt, "done: " + done.error()};
  TellProgress(*body);
  if (*failed || *done) return {Answered(reply.body), ""};
  return {};
}

HttpOutcome AwaitJob::OverLimit(const std::string& trouble) const {
  std::string last = !trouble.empty() ? "; the last reply: " + trouble
                     : !told_.empty() ? "; the last word of it: " + told_
                                      : "";
  return FailedTry(FailureKind::kBadRequest,
                   fmt::format("the job {} was not done within {} (poll.limit){}",
                               VisibleText(job_), FormatDuration(parts_.step.poll->limit), last));
}

void AwaitJob::TellProgress(const Json& reply) const {
  const std::string& path = parts_.step.poll->progress;
  auto value = path.empty() ? Result<Json>(Json()) : LookUp(reply, path);
  if (!value || value->is_null()) return;
  std::string text = value->is_number()   ? DumpJson(*value) + " %"
                     : value->is_string() ? value->get<std::string>()
                                          : DumpJson(*value);
  if (text == told_) return;
  told_ = text;
  parts_.tell(text);
}

Reading AwaitJob::Read(const HttpReply& reply) const { return AnswerOf(reply); }

std::optional<Unusable> AwaitJob::Judge(const std::string& body) const {
  auto answer = ParseJson(body);
  if (answer) return std::nullopt;
  return Unusable{"its answer cannot be read: " + answer.error()};
}

}  // namespace muster
