#include "worker/request_step.h"

#include <filesystem>

#include "common/base64.h"
#include "common/hash.h"
#include "common/images.h"
#include "common/safe_name.h"
#include "common/template.h"
#include "common/text.h"
#include "worker/http_job.h"
#include "worker/http_message.h"
#include "worker/job_download.h"
#include "worker/produced_files.h"

namespace muster {
namespace {

constexpr char kDataUri[] = "data_uri";
constexpr int kMostJobs = 20;  // of one step of one item, all but the last of which have failed

// A file as {data_uri: path} puts it into the body.
Result<std::string> DataUriOf(const std::string& base_dir, const std::string& file) {
  auto path = PathWithin(base_dir, file);
  if (!path) return Error{path.error()};
  auto image = SniffImage(*path);
  if (!image) return Error{image.error()};
  auto bytes = ReadImage(*image);
  if (!bytes) return Error{bytes.error()};
  return DataUri({image->media_type, EncodeBase64(*bytes), 0});
}

// Makes one step's requests for one item.
class JobRequests {
 public:
  JobRequests(const Config& config, const Step& step, const Json& context)
      : config_(config), step_(step), context_(context) {}

  // A path behind the base URL; one that does not begin with a slash could become part of the host.
  Result<std::string> PathOf(const TextSource& path, const Json& context) const {
    auto text = Render(path.text, path.origin, context);
    if (!text || text->starts_with('/')) return text;
    return Fail("{}: \"{}\" does not begin with a slash", path.origin, VisibleText(*text));
  }
  Result<std::string> PathOf(const TextSource& path) const { return PathOf(path, context_); }

  Result<Json> Body(const Json& written) const {
    if (written.is_string()) return Text(written.get<std::string>());
    const Json* file = Member(written, kDataUri);
    if (file && file->is_string() && written.size() == 1) {
      auto path = Text(file->get<std::string>());
      if (!path) return path;
      auto uri = DataUriOf(config_.base_dir, path->get<std::string>());
      if (!uri) return Fail("data_uri: {}", uri.error());
      return Json(*uri);
    }
    if (!written.is_structured()) return written;
    Json body = written;
    for (Json& member : body) {
      auto made = Body(member);
      if (!made) return made;
      member = *std::move(made);
    }
    return body;
  }

  // The path to ask after a job. Its name is the server's word and only ever one part of a path.
  Result<std::string> PollPath(const std::string& job) const {
    Json context = context_;
    context["job"] = UrlEncoded(job);
    return PathOf(step_.request->poll->get, context);
  }

  // Where a file goes, relative to the config.
  Result<std::string> FileOf(const Download& download) const {
    auto file = RenderPath(download.file.text, download.file.origin, context_);
    if (!file) return file;
    auto inside = PathWithin(config_.base_dir, *file);
    if (!inside) return Fail("download: {}", inside.error());
    return std::filesystem::path(*inside).lexically_relative(config_.base_dir).string();
  }

 private:
  Result<Json> Text(const std::string& text) const {
    auto rendered = Render(text, step_.origin + ": request.body", context_);
    if (!rendered) return Error{rendered.error()};
    return Json(*std::move(rendered));
  }

  const Config& config_;
  const Step& step_;
  const Json& context_;
};

// One job of one step: its calls, one after another.
class JobRun {
 public:
  JobRun(StepParts parts, const Step& step, std::string path, Json context)
      : parts_(std::move(parts)),
        step_(step),
        request_(*step.request),
        path_(std::move(path)),
        context_(std::move(context)),
        requests_(parts_.config, step_, context_) {}

  Task<StepEnd> Run() {
    if (auto ready = Prepare(); !ready) co_return Failed(ready.error());
    for (int i = 0; i < kMostJobs; ++i) {
      auto ended = co_await Begin();
      if (ended) co_return StepEnd(*std::move(ended));
      if (request_.poll) {
        auto not_done = co_await Await();
        if (not_done) co_return StepEnd(*std::move(not_done));
      }
      if (failed_why_) continue;  // the POST's answer is rejected
      StepEnd end = co_await TakeFiles();
      co_return end;
    }
    co_return Failed(fmt::format("{} jobs have failed: {}", kMostJobs, *failed_why_));
  }

 private:
  Result<void> Prepare() {
    auto provider = parts_.config.providers.find(request_.provider);
    if (provider == parts_.config.providers.end()) {
      return Fail("no provider is called \"{}\"", request_.provider);
    }
    provider_ = &provider->second;
    auto path = requests_.PathOf(request_.post);
    if (!path) return Error{path.error()};
    auto body = requests_.Body(request_.body);
    if (!body) return Error{body.error()};
    Result<std::string> find_path = std::string();
    if (request_.find) find_path = requests_.PathOf(request_.find->get);
    if (!find_path) return Error{find_path.error()};
    post_path_ = *path;
    post_body_ = *body;
    post_ = std::make_shared<BeginJob>(Parts(), *path, *body, *find_path, context_);
    return {};
  }

  JobParts Parts() {
    return {parts_.caller, *provider_, request_,
            [this](const std::string& how_far) { parts_.tell("progress", path_, how_far); }};
  }

  StepEnd Failed(const std::string& why) const {
    return StepEnd(Ended{Outcome::kFailed, fmt::format("{}: {}", path_, why)});
  }

  CallSpec Spec(const std::string& part) const {
    CallSpec spec;
    spec.step = path_ + part;
    spec.provider = provider_;
    spec.model = step_.id;
    spec.fixed_cost = 0;
    return spec;
  }

  // Makes a call. What ends the step, or nullopt: `body` is the answer.
  Task<std::optional<Ended>> Make(CallSpec spec, std::string* body) {
    std::string at = spec.step;
    CallEnd end = co_await parts_.caller.Make(std::move(spec));
    co_return Take(std::move(end), at, body);
  }

  std::optional<Ended> Take(CallEnd end, const std::string& at, std::string* body) {
    if (auto* ended = std::get_if<Ended>(&end)) {
      return Ended{ended->outcome, fmt::format("{}: {}", at, ended->reason)};
    }
    auto& value = std::get<CallValue>(end);
    parts_.account(value);
    *body = std::move(value.body);
    last_call_ = value.call;
    return std::nullopt;
  }

  Task<std::optional<Ended>> Begin() {
    CallSpec spec = Spec(".post");
    spec.request.path = post_path_;
    spec.request.body = post_body_;
    spec.fixed_cost = request_.cost_per_call;
    spec.ask_again = step_.ask_again;
    spec.work = post_;
    if (request_.poll) spec.holds_for = path_ + ".poll";
    std::string at = spec.step;
    CallEnd end = Ended{};
    if (failed_why_) {
      Unusable unusable{*std::exchange(failed_why_, std::nullopt)};
      end = co_await parts_.caller.MakeAgain(std::move(spec), post_call_, std::move(unusable));
    } else {
      end = co_await parts_.caller.Make(std::move(spec));
    }
    auto ended = Take(std::move(end), at, &post_answer_);
    if (ended) co_return ended;
    post_call_ = last_call_;
    reply_ = *ParseJson(post_answer_);
    job_ = JobIn(request_, reply_);
    co_return std::nullopt;
  }

  Task<std::optional<Ended>> Await() {
    auto poll_path = requests_.PollPath(job_);
    if (!poll_path) co_return Ended{Outcome::kFailed, path_ + ": " + poll_path.error()};
    poll_path_ = *poll_path;
    parts_.tell("step", path_, "waits for the job " + VisibleText(job_));
    CallSpec spec = Spec(".poll");
    spec.request.path = poll_path_;
    spec.goes_on = true;
    spec.work = std::make_shared<AwaitJob>(Parts(), poll_path_, job_);
    std::string answer;
    auto ended = co_await Make(std::move(spec), &answer);
    if (ended) co_return ended;
    reply_ = *ParseJson(answer);
    auto failed = WhyFailed(*request_.poll, reply_);
    if (!failed) co_return Ended{Outcome::kFailed, path_ + ": " + failed.error()};
    if (*failed) {
      failed_why_ = fmt::format("the job {} has failed: {}", VisibleText(job_), **failed);
    }
    co_return std::nullopt;
  }

  Task<StepEnd> TakeFiles() {
    Json files = Json::array();
    for (const Download& download : request_.download) {
      auto file = requests_.FileOf(download);
      if (!file) co_return Failed(file.error());
      CallSpec spec = Spec(".download[" + *file + "]");
      spec.request.path = "download";
      spec.request.body = Json{{"job", job_.empty() ? Sha256Hex(post_answer_) : job_},
                               {"from", download.from},
                               {"file", *file}};
      spec.goes_on = true;
      spec.work = std::make_shared<DownloadFile>(Parts(), parts_.config.base_dir, *file,
                                                 download.from, reply_, poll_path_);
      std::string answer;
      auto ended = co_await Make(std::move(spec), &answer);
      if (ended) co_return StepEnd(*std::move(ended));
      files.push_back(*file);
    }
    Json value{{"reply", reply_}};
    value["job"] = job_.empty() ? Json() : Json(job_);
    value["file"] = files.empty() ? Json() : files.front();
    value["files"] = std::move(files);
    co_return StepEnd(std::move(value));
  }

  StepParts parts_;
  const Step& step_;
  const RequestStep& request_;
  std::string path_;
  Json context_;
  JobRequests requests_;
  const Provider* provider_ = nullptr;
  std::string post_path_;
  Json post_body_;
  std::shared_ptr<BeginJob> post_;
  std::string post_answer_;  // the committed one
  int64_t post_call_ = 0;    // and its call
  int64_t last_call_ = 0;    // the one that Take() took last
  Json reply_;               // the last one
  std::string job_, poll_path_;
  std::optional<std::string> failed_why_;  // the latest job has failed
};

}  // namespace

Task<StepEnd> RunRequestStep(StepParts parts, const Step& step, std::string path, Json context) {
  JobRun run(std::move(parts), step, std::move(path), std::move(context));
  StepEnd end = co_await run.Run();
  co_return end;
}

}  // namespace muster
