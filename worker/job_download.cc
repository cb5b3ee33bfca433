#include "worker/job_download.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "common/fd.h"
#include "common/hash.h"
#include "common/text.h"
#include "worker/http_message.h"
#include "worker/produced_files.h"
#include "worker/replies/api_errors.h"
#include "worker/waiting.h"

namespace muster {
namespace {

constexpr size_t kMostBytes = size_t{1024} * 1024 * 1024;

bool IsSuccess(const HttpReply& reply) { return reply.status >= 200 && reply.status <= 299; }

// What a URL that no longer holds is answered with.
bool HasExpired(const HttpOutcome& outcome) {
  int64_t status = outcome.failure.status;
  return !outcome.reply && (status == 403 || status == 404 || status == 410);
}

// Names that no public machine has.
bool IsLocalName(const std::string& host) {
  for (const char* end : {"localhost", ".localhost", ".local", ".internal", ".localdomain"}) {
    if (host.ends_with(end)) return true;
  }
  return host.find('.') == host.npos;
}

// A file that takes its place when it is whole; until then it lies beside it, and is removed when
// this is destroyed.
class PartialFile {
 public:
  explicit PartialFile(std::string path) : path_(std::move(path)), part_(path_ + ".part") {}
  ~PartialFile() {
    if (file_) unlink(part_.c_str());
  }
  PartialFile(const PartialFile&) = delete;

  Result<void> Open() {
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), error);
    if (error) return Fail("cannot make the folder of {}: {}", path_, error.message());
    unlink(part_.c_str());  // of a worker that was killed
    file_.Reset(open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    return file_ ? Result<void>() : Fail("cannot write {}: {}", part_, ErrnoText(errno));
  }

  // False once something cannot be written: error() says what.
  bool Write(std::string_view bytes) {
    sum_.Add(bytes);
    size_ += bytes.size();
    while (!bytes.empty()) {
      ssize_t n = write(file_.get(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return error_ = fmt::format("cannot write {}: {}", part_, ErrnoText(errno)), false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  // To be called when all of it has come.
  Result<ProducedFile> Finish(const std::string& name) {
    if (fsync(file_.get()) != 0 || rename(part_.c_str(), path_.c_str()) != 0) {
      return Fail("cannot write {}: {}", path_, ErrnoText(errno));
    }
    file_.Reset();
    std::string folder = std::filesystem::path(path_).parent_path().string();
    Fd directory(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory) fsync(directory.get());
    return ProducedFile{name, sum_.Hex(), static_cast<int64_t>(size_)};
  }

  const std::string& error() const { return error_; }

 private:
  std::string path_, part_, error_;
  Fd file_;
  Sha256Sum sum_;
  size_t size_ = 0;
};

}  // namespace

Result<void> CheckDownloadUrl(const std::string& url, const Provider& provider) {
  auto place = PlaceOf(url), own = PlaceOf(provider.base_url);
  if (!place) return Error{place.error()};
  if (!own) return Error{own.error()};
  if (*place == *own) return {};
  bool both_here = place->loopback && own->loopback;
  if (place->scheme == "http" && both_here && own->scheme == "http") return {};
  if (place->scheme != "https") {
    return Fail("{}://{}: files are only taken over https", VisibleText(place->scheme),
                VisibleText(place->host));
  }
  if (both_here) return {};
  if (place->is_address || place->loopback || IsLocalName(place->host)) {
    return Fail("{}: files are only taken from hosts with a public name, or from the provider's",
                VisibleText(place->host));
  }
  return {};
}

DownloadFile::DownloadFile(JobParts parts, std::string folder, std::string file, std::string from,
                           Json reply, std::string poll_path)
    : parts_(std::move(parts)),
      folder_(std::move(folder)),
      file_(std::move(file)),
      from_(std::move(from)),
      reply_(std::move(reply)),
      poll_path_(std::move(poll_path)) {}

Task<HttpOutcome> DownloadFile::Perform(const Go& go) {
  Go limits = go;
  HttpOutcome outcome = co_await Fetch(reply_, limits);
  if (!HasExpired(outcome) || poll_path_.empty()) co_return outcome;
  HttpOutcome asked = co_await AskForReply(limits);
  auto body = asked.reply ? ParseJson(asked.reply->body) : Result<Json>(Error{""});
  if (!body) co_return outcome;
  HttpOutcome again = co_await Fetch(*std::move(body), limits);
  co_return again;
}

Task<HttpOutcome> DownloadFile::AskForReply(Go go) {
  HttpRequest request = MakePlainRequest(parts_.provider, parts_.caller.KeyFor(parts_.provider),
                                         poll_path_, std::nullopt, go);
  HttpOutcome outcome = co_await SendAndWait(parts_.caller.http(), std::move(request));
  if (outcome.reply && !IsSuccess(*outcome.reply)) outcome.reply.reset();
  co_return outcome;
}

// The provider's key goes to the provider alone.
HttpRequest DownloadFile::RequestFor(const std::string& url, const Go& go) const {
  const Provider& provider = parts_.provider;
  auto place = PlaceOf(url), own = PlaceOf(provider.base_url);
  bool is_own = place && own && *place == *own;
  Provider none;
  HttpRequest request = MakePlainRequest(
      is_own ? provider : none, is_own ? parts_.caller.KeyFor(provider) : "", "", std::nullopt, go);
  request.url = url;
  request.insecure_http = is_own && provider.insecure_http;
  request.most_bytes = kMostBytes;
  return request;
}

Task<HttpOutcome> DownloadFile::Fetch(Json reply, Go go) {
  auto url = TextAt(reply, from_);
  if (!url) {
    co_return FailedTry(FailureKind::kBadRequest, "the reply has no URL to take: " + url.error());
  }
  if (auto allowed = CheckDownloadUrl(*url, parts_.provider); !allowed) {
    co_return FailedTry(FailureKind::kBadRequest, "not taken from " + allowed.error());
  }
  PartialFile file(folder_ + "/" + file_);
  if (auto opened = file.Open(); !opened) {
    co_return FailedTry(FailureKind::kInternal, opened.error());
  }
  HttpRequest request = RequestFor(*url, go);
  request.take = [&file](std::string_view bytes) { return file.Write(bytes); };
  HttpOutcome outcome = co_await SendAndWait(parts_.caller.http(), std::move(request));
  if (!file.error().empty()) co_return FailedTry(FailureKind::kInternal, file.error());
  outcome.failure.billing = Billing::kNo;
  if (!outcome.reply) co_return outcome;
  if (!IsSuccess(*outcome.reply)) co_return Refused(*outcome.reply, *url);
  auto finished = file.Finish(file_);
  if (!finished) co_return FailedTry(FailureKind::kInternal, finished.error());
  outcome.reply = HttpReply{200, {}, DumpJson(FileToJson(*finished))};
  co_return outcome;
}

// What another host says of its file says nothing about the provider.
HttpOutcome DownloadFile::Refused(const HttpReply& reply, const std::string& url) const {
  auto place = PlaceOf(url);
  HttpOutcome outcome;
  outcome.failure = ReadPlainErrorReply(reply, "such file", true).failure;
  bool passes = reply.status == 408 || reply.status == 429 || reply.status >= 500;
  if (!passes) outcome.failure.kind = FailureKind::kBadRequest;
  outcome.failure.message =
      fmt::format("{} from {}: {}", file_, place ? place->host : "", outcome.failure.message);
  return outcome;
}

Reading DownloadFile::Read(const HttpReply& reply) const {
  Reading reading;
  reading.answered = true;
  reading.body = reply.body;
  return reading;
}

std::optional<Unusable> DownloadFile::Judge(const std::string& body) const {
  auto answer = ParseJson(body);
  if (!answer) return Unusable{"its answer cannot be read: " + answer.error()};
  auto why = WhyChanged(folder_, FileFromJson(*answer));
  return why ? std::optional(Unusable{*why, true}) : std::nullopt;
}

}  // namespace muster
