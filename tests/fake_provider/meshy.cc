#include "tests/fake_provider/meshy.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "tests/fake_provider/books.h"
#include "tests/fake_provider/digest.h"
#include "tests/fake_provider/images.h"
#include "tests/fake_provider/meshy_check.h"
#include "tests/fake_provider/meshy_solid.h"
#include "tests/fake_provider/meshy_tasks.h"
#include "tests/fake_provider/openai_errors.h"

namespace fake_provider {
namespace {

using meshy::Task;

constexpr std::string_view kOrders = "/openapi/v1/image-to-3d";
constexpr std::string_view kFiles = "/meshy-assets/";
constexpr std::string_view kName = "meshy";  // what limits and books call it

ApiReply ErrorReply(int status, const std::string& message) {
  return JsonReply(status, {{"message", message}});
}

bool IsOrder(const Call& call) { return call.http.method == "POST"; }
bool IsFile(const Call& call) { return call.http.path.starts_with(kFiles); }

// The id in /openapi/v1/image-to-3d/ID; "" for the list.
std::string_view TaskIdOf(const Call& call) {
  std::string_view path = call.http.path;
  return path.size() > kOrders.size() ? path.substr(kOrders.size() + 1) : "";
}

// Files come from another host than the API, as with the real one: a key sent there is a leak.
std::string FileHost(const Call& call) {
  const std::string* host = FindHeader(call.http.headers, "Host");
  std::string_view port =
      host ? std::string_view(*host).substr(std::min(host->find(':'), host->size())) : "";
  return fmt::format("http://{}{}",
                     host && host->starts_with("localhost") ? "127.0.0.1" : "localhost", port);
}

// What it costs by the price list: more with texture, and more by the newer models.
int64_t CreditsFor(const Json& body) {
  bool textured = MemberOf(body, "should_texture") != false;
  if (StringMember(body, "ai_model") == "meshy-5") return textured ? 15 : 5;
  return textured ? 30 : 20;
}

// How a list is to be given; nothing when the query is wrong.
struct PageWanted {
  int64_t number = 1, size = 10;
  bool newest_first = true;
};

std::optional<PageWanted> ReadPage(std::string_view query) {
  PageWanted page;
  for (std::string_view rest = query; !rest.empty();) {
    size_t end = std::min(rest.find('&'), rest.size());
    std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    size_t equals = std::min(part.find('='), part.size());
    std::string_view name = part.substr(0, equals);
    std::string_view value = part.substr(std::min(equals + 1, part.size()));
    auto number = static_cast<int64_t>(ParseNumber(value).value_or(0));
    if (name == "page_num" && number >= 1) {
      page.number = number;
    } else if (name == "page_size" && number >= 1 && number <= 50) {
      page.size = number;
    } else if (name == "sort_by" &&
               (value == "-created_at" || value == "+created_at" || value == "%2Bcreated_at")) {
      page.newest_first = value == "-created_at";
    } else {
      return std::nullopt;
    }
  }
  return page;
}

// The one API with something to remember: its tasks. Everything else is the Desk's here too.
class Meshy : public Api {
 public:
  bool Serves(std::string_view path) const override {
    return path == kOrders || path.starts_with(fmt::format("{}/", kOrders)) ||
           path.starts_with(kFiles);
  }

  bool NeedsKey(const Request& request) const override { return !request.path.starts_with(kFiles); }
  std::string KeyOf(const Request& request) const override { return openai::BearerKey(request); }
  std::string ModelOf(const Call&) const override { return std::string(kName); }
  std::optional<ApiReply> ListModels(const Call&) const override { return std::nullopt; }

  std::optional<ApiReply> Check(const Call& call) const override {
    if (IsFile(call)) return CheckFile(call);
    std::string_view id = TaskIdOf(call);
    bool known_method = call.http.method == "GET" || (IsOrder(call) && id.empty());
    if (!known_method) return ErrorReply(405, "Method Not Allowed");
    if (!id.empty() && !tasks_->Find(id)) return ErrorReply(404, "Task not found");
    if (!IsOrder(call)) {
      bool fine = !id.empty() || ReadPage(call.http.query);
      return fine ? std::nullopt : std::optional(ErrorReply(400, "Invalid query parameter"));
    }
    std::string wrong = meshy::WhatIsWrongWithOrder(call.body);
    return wrong.empty() ? std::nullopt : std::optional(ErrorReply(400, wrong));
  }

  Limiter::Demand DemandOf(const Call&) const override {
    return {.model = std::string(kName), .input = 0, .most_output = 0};
  }

  ApiReply Respond(const Call& call, const AnswerWishes& wishes) const override {
    if (IsOrder(call)) return TakeOrder(call, wishes);
    if (IsFile(call)) return SendFile(call);
    std::string_view id = TaskIdOf(call);
    int64_t now = UnixTimeMs();
    PageWanted page = ReadPage(call.http.query).value_or(PageWanted());
    ApiReply reply = JsonReply(
        200, id.empty()
                 ? tasks_->Page(page.number, page.size, page.newest_first, now, FileHost(call))
                 : tasks_->Show(*tasks_->Find(id), now, FileHost(call)));
    reply.lookup = true;
    return reply;
  }

  ApiReply NamedError(std::string_view name, const Call&,
                      const std::string& retry_after) const override {
    if (name == "html_502") return HtmlBadGateway();
    static const std::map<std::string_view, std::pair<int, const char*>> kErrors = {
        {"rate_limit", {429, "RateLimitExceeded"}},
        {"slow_down", {429, "RateLimitExceeded"}},
        {"quota_per_minute", {429, "RateLimitExceeded"}},
        {"no_more_concurrent", {429, "NoMoreConcurrentTasks"}},
        {"in_flight_budget", {429, "NoMoreConcurrentTasks"}},
        {"bad_key", {401, "Invalid API key"}},
        {"forbidden", {403, "Forbidden"}},
        {"moderation", {400, "The image was rejected by moderation"}},
        {"content_filter", {400, "The image was rejected by moderation"}},
        {"model_not_found", {404, "Not found"}},
        {"server_error", {500, "Internal server error"}},
        {"overloaded", {503, "Service unavailable"}},
        {"timeout", {504, "Gateway timeout"}},
        {"bad_request", {400, "Invalid request"}},
        {"context_length", {413, "Payload too large"}},
        {"request_too_large", {413, "Payload too large"}},
        {"failed_precondition", {403, "Forbidden"}},
    };
    auto found = kErrors.find(name);
    ApiReply reply = found == kErrors.end()
                         ? ErrorReply(402, "Insufficient credits")  // what is left is about money
                         : ErrorReply(found->second.first, found->second.second);
    if (!retry_after.empty()) reply.headers.emplace_back("Retry-After", retry_after);
    return reply;
  }

  std::string StreamError(std::string_view, const Call&, size_t) const override { return ""; }
  std::vector<std::string> StreamJunk(const Call&) const override { return {}; }

  ApiReply KeyError(const Call& call, bool whole) const override {
    return ErrorReply(401, whole ? "Invalid API key: " + call.key : "Invalid API key");
  }

  ApiReply StatusError(const Call&, int status) const override {
    if (status < 400) return {.status = status, .headers = {}, .body = "", .usage = {}};
    return ErrorReply(status, fmt::format("answered with status {}", status));
  }

  // Requests a second; how many tasks there may be is its own to say (TakeOrder).
  ApiReply LimitError(const Call&, const Limiter::Refusal&, bool) const override {
    return ErrorReply(429, "RateLimitExceeded");
  }

  Headers CommonHeaders(const Call&, int64_t) const override { return {}; }
  Headers LimitHeaders(const std::vector<Limiter::Standing>&) const override { return {}; }

 private:
  std::optional<ApiReply> CheckFile(const Call& call) const {
    const Task* task = TaskOfFile(call);
    if (!task || call.http.path != ModelPath(*task)) return ErrorReply(404, "NoSuchKey");
    bool signed_well = call.http.query == ModelQuery(*task) && UnixTimeMs() >= task->finished_ms;
    return signed_well ? std::nullopt : std::optional(ErrorReply(403, "AccessDenied"));
  }

  const Task* TaskOfFile(const Call& call) const {
    std::string_view rest = std::string_view(call.http.path).substr(kFiles.size());
    size_t slash = rest.find('/');
    if (slash == std::string_view::npos) return nullptr;
    rest.remove_prefix(slash + 1);
    return tasks_->Find(rest.substr(0, rest.find('/')));
  }

  ApiReply TakeOrder(const Call& call, const AnswerWishes& wishes) const {
    const JobSettings& settings = call.settings->jobs;
    int64_t now = UnixTimeMs(), credits = CreditsFor(call.body);
    if (settings.credits >= 0 && tasks_->credits_taken() + credits > settings.credits) {
      return ErrorReply(402, "Insufficient credits");
    }
    if (settings.at_once > 0 && tasks_->Busy(now) >= settings.at_once) {
      ApiReply reply = ErrorReply(429, "NoMoreConcurrentTasks");
      reply.note = {{"event", "refused"}, {"model", kName}, {"limit", "jobs"}};
      return reply;
    }
    const Json& formats = MemberOf(call.body, "target_formats");
    auto image = ParseDataUri(StringMember(call.body, "image_url"));
    Task task{.id = {},
              .image_sha256 = Sha256Hex(image->bytes),
              .texture_prompt = StringMember(call.body, "texture_prompt"),
              .credits = credits,
              .end = wishes.job.end,
              .error = wishes.job.error};
    task.has_glb =
        formats.is_null() || std::find(formats.begin(), formats.end(), "glb") != formats.end();
    const Task& made = tasks_->Add(std::move(task), now, wishes.job.ms.value_or(settings.ms));
    ApiReply reply = JsonReply(202, {{"result", made.id}});
    reply.job_begun = true;
    reply.note = {{"event", "job"},
                  {"job", made.id},
                  {"image_sha256", made.image_sha256},
                  {"credits", made.credits},
                  {"end", made.end}};
    return reply;
  }

  ApiReply SendFile(const Call& call) const {
    const Task* task = TaskOfFile(call);
    ApiReply reply{.status = 200,
                   .headers = {{"Content-Type", "model/gltf-binary"}},
                   .body = meshy::SolidAsGlb(Hash64(task->image_sha256)),
                   .usage = {}};
    reply.lookup = true;
    reply.note = {{"event", "download"}, {"job", task->id}, {"with_key", !call.key.empty()}};
    return reply;
  }

  std::unique_ptr<meshy::Tasks> tasks_ = std::make_unique<meshy::Tasks>();
};

}  // namespace

std::unique_ptr<Api> MakeMeshy() { return std::make_unique<Meshy>(); }

}  // namespace fake_provider
