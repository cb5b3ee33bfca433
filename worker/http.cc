#include "worker/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <cassert>
#include <climits>
#include <deque>
#include <map>
#include <utility>

#include "common/duration.h"
#include "common/text.h"
#include "worker/http_transfer.h"

namespace muster {
namespace {

using Clock = Transfer::Clock;
using std::chrono::milliseconds;

int64_t MsBetween(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration_cast<milliseconds>(to - from).count();
}

// Milliseconds since 1970: what a server's dates are compared with, never a time limit.
int64_t NowMs() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<milliseconds>(now).count();
}

// ---- what the end of a transfer means ----

bool AnythingSent(const Transfer& transfer) {
  long sent = 0;
  curl_easy_getinfo(transfer.easy, CURLINFO_REQUEST_SIZE, &sent);
  return sent > 0 || transfer.body_given > 0;
}

// A handshake that the network cut short is passing trouble; one that the two sides cannot agree on
// is not. libcurl has one code for both.
bool HandshakeCutShort(std::string_view error_text) {
  for (std::string_view sign : {"SYSCALL", "ZERO_RETURN", "unexpected eof", "reset by peer"}) {
    if (error_text.find(sign) != error_text.npos) return true;
  }
  return false;
}

// Ends the worker when there is no memory: that is no fault of the item, which a worker that has
// some will do.
void CheckMemory() {
  constexpr size_t kSome = 1 << 20;
  ::operator delete(::operator new(kSome));
}

FailureKind KindOf(CURLcode code, const Transfer& transfer) {
  if (transfer.too_large) return FailureKind::kTooLarge;
  switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
      return HandshakeCutShort(transfer.error_text) ? FailureKind::kNetwork : FailureKind::kTls;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return FailureKind::kTls;
    case CURLE_OPERATION_TIMEDOUT:
      return FailureKind::kTimeout;
    case CURLE_OUT_OF_MEMORY:  // libcurl 7.88's word also for a single header over 100 KB
      CheckMemory();
      return AnythingSent(transfer) ? FailureKind::kTooLarge : FailureKind::kNetwork;
    case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9, or no HTTP at all
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return FailureKind::kBadReply;
    case CURLE_FAILED_INIT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_UNKNOWN_OPTION:
      return FailureKind::kInternal;
    default:
      return FailureKind::kNetwork;
  }
}

// Which of libcurl's two limits was hit.
std::string TimeoutText(const Transfer& transfer) {
  const HttpRequest& request = transfer.request;
  if (!AnythingSent(transfer) && request.connect_limit < request.total_limit) {
    return fmt::format("no connection to {} within {} (limits.time.connect)", transfer.target.host,
                       FormatDuration(request.connect_limit));
  }
  return fmt::format("no complete reply from {} within {} (limits.time.base, per_1k_chars, most)",
                     transfer.target.host, FormatDuration(request.total_limit));
}

std::string MessageOf(CURLcode code, FailureKind kind, const Transfer& transfer) {
  const std::string& host = transfer.target.host;
  std::string why =
      VisibleText(transfer.error_text[0] ? transfer.error_text : curl_easy_strerror(code));
  if (code == CURLE_OK) why = "its head is cut off";
  if (kind == FailureKind::kTooLarge) {
    return fmt::format("the reply of {} is too large: more than {} MB, or a head of over 100 KB",
                       host, transfer.request.most_bytes / (1024 * 1024));
  }
  if (kind == FailureKind::kTls) return fmt::format("no secure connection to {}: {}", host, why);
  if (kind == FailureKind::kBadReply) {
    return fmt::format("{} does not reply in HTTP: {}", host, why);
  }
  if (code == CURLE_OPERATION_TIMEDOUT) return TimeoutText(transfer);
  if (!AnythingSent(transfer)) return fmt::format("no connection to {}: {}", host, why);
  return fmt::format("the connection to {} broke off before its reply was complete: {}", host, why);
}

// An outcome with the times of a transfer that ends now.
HttpOutcome Timed(const Transfer& transfer) {
  HttpOutcome outcome;
  outcome.total_ms = MsBetween(transfer.posted, Clock::now());
  outcome.first_byte_ms = MsBetween(transfer.posted, transfer.first_byte.value_or(transfer.posted));
  return outcome;
}

HttpOutcome Conclude(Transfer& transfer, CURLcode code) {
  HttpOutcome outcome = Timed(transfer);
  if (transfer.completed || (code == CURLE_OK && transfer.head_complete)) {
    long status = 0;
    curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    transfer.reply.status = status;
    transfer.reply.received_ms = NowMs();
    outcome.reply = std::move(transfer.reply);
    return outcome;
  }
  outcome.failure.kind = KindOf(code, transfer);
  outcome.failure.message = MessageOf(code, outcome.failure.kind, transfer);
  outcome.failure.billing = AnythingSent(transfer) ? Billing::kUnknown : Billing::kNo;
  outcome.partial = std::move(transfer.reply);
  return outcome;
}

HttpOutcome ConcludeSilent(Transfer& transfer) {
  if (transfer.completed) return Conclude(transfer, CURLE_OK);
  const HttpRequest& request = transfer.request;
  HttpOutcome outcome = Timed(transfer);
  outcome.failure.kind = FailureKind::kTimeout;
  outcome.failure.billing = AnythingSent(transfer) ? Billing::kUnknown : Billing::kNo;
  if (transfer.last_byte) {
    outcome.failure.message =
        fmt::format("{} fell silent within its reply for {} (limits.time.between_bytes)",
                    transfer.target.host, FormatDuration(request.between_bytes_limit));
  } else {
    outcome.failure.message =
        fmt::format("no byte of the reply of {} within {} (limits.time.first_byte)",
                    transfer.target.host, FormatDuration(request.first_byte_limit));
  }
  outcome.partial = std::move(transfer.reply);
  return outcome;
}

// A request that never gets to the network.
HttpOutcome Refused(std::string why) {
  HttpOutcome outcome;
  outcome.failure.kind = FailureKind::kBadRequest;
  outcome.failure.message = std::move(why);
  outcome.failure.billing = Billing::kNo;
  return outcome;
}

// libcurl's and OpenSSL's tables, made once a process and left to its end.
void InitLibcurl() {
  static const CURLcode kCode = curl_global_init(CURL_GLOBAL_DEFAULT);
  assert(kCode == CURLE_OK);
  (void)kCode;
}

}  // namespace

struct HttpClient::Impl {
  using Transfers = std::map<int64_t, std::unique_ptr<Transfer>>;

  // Takes a transfer off the multi handle and out of the list.
  std::unique_ptr<Transfer> Remove(Transfers::iterator it) {
    std::unique_ptr<Transfer> transfer = std::move(it->second);
    curl_multi_remove_handle(multi, transfer->easy);
    transfers.erase(it);
    return transfer;
  }

  void DeliverRefused() {
    // Those that a callback posts meanwhile wait for the next turn.
    for (size_t left = refused.size(); left > 0 && !refused.empty(); --left) {
      auto [number, why, done] = std::move(refused.front());
      refused.pop_front();
      done(Refused(std::move(why)));
    }
  }

  void DeliverEnded() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURLcode code = message->data.result;
      Transfer* ended = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &ended);
      std::unique_ptr<Transfer> transfer = Remove(transfers.find(ended->number));
      transfer->done(Conclude(*transfer, code));
    }
  }

  void EndSilent() {
    std::vector<int64_t> silent;
    for (const auto& [number, transfer] : transfers) {
      if (transfer->SilentAt() <= Clock::now()) silent.push_back(number);
    }
    for (int64_t number : silent) {
      auto it = transfers.find(number);
      if (it == transfers.end()) continue;  // aborted by a callback
      std::unique_ptr<Transfer> transfer = Remove(it);
      transfer->done(ConcludeSilent(*transfer));
    }
  }

  // `timeout`, less where something must be done before; at least 0.
  milliseconds UntilNextDeadline(milliseconds timeout) const {
    if (!refused.empty()) return milliseconds(0);
    for (const auto& [number, transfer] : transfers) {
      auto left = std::chrono::ceil<milliseconds>(transfer->SilentAt() - Clock::now());
      timeout = std::min(timeout, left);
    }
    return std::max(timeout, milliseconds(0));
  }

  struct RefusedPost {
    int64_t number;
    std::string why;
    Callback done;
  };

  CURLM* multi = nullptr;
  TargetReader targets;
  Transfers transfers;              // by number
  std::deque<RefusedPost> refused;  // waiting for the next Perform()
  int64_t last_number = 0;
  bool unsent = false;  // a request was added since the last Perform()
};

HttpClient::HttpClient() : impl_(std::make_unique<Impl>()) {
  InitLibcurl();
  impl_->multi = curl_multi_init();
  assert(impl_->multi);
}

HttpClient::~HttpClient() {
  while (!impl_->transfers.empty()) impl_->Remove(impl_->transfers.begin());
  curl_multi_cleanup(impl_->multi);
}

int64_t HttpClient::Send(const HttpRequest& request, Callback done) {
  int64_t number = ++impl_->last_number;
  auto transfer = std::make_unique<Transfer>(request);
  transfer->number = number;
  if (Result<void> ready = transfer->SetUp(impl_->targets); !ready) {
    impl_->refused.push_back({number, ready.error(), std::move(done)});
    return number;
  }
  transfer->done = std::move(done);
  curl_multi_add_handle(impl_->multi, transfer->easy);
  impl_->transfers.emplace(number, std::move(transfer));
  impl_->unsent = true;
  return number;
}

void HttpClient::Abort(int64_t number) {
  if (auto it = impl_->transfers.find(number); it != impl_->transfers.end()) impl_->Remove(it);
  std::erase_if(impl_->refused, [&](const auto& each) { return each.number == number; });
}

size_t HttpClient::in_the_air() const { return impl_->transfers.size() + impl_->refused.size(); }

void HttpClient::Perform() {
  int running = 0;
  impl_->unsent = false;
  curl_multi_perform(impl_->multi, &running);
  impl_->DeliverEnded();
  impl_->EndSilent();
  impl_->DeliverRefused();
}

void HttpClient::WaitAndPerform(const std::vector<int>& read_fds, milliseconds timeout,
                                std::vector<bool>* readable) {
  if (std::exchange(impl_->unsent, false)) {  // there is something to do: nothing to wait for
    if (readable) readable->assign(read_fds.size(), false);
    return Perform();
  }
  std::vector<curl_waitfd> waits;
  for (int fd : read_fds) waits.push_back({fd, CURL_WAIT_POLLIN, 0});
  milliseconds wait = std::min(impl_->UntilNextDeadline(timeout), milliseconds(INT_MAX));
  curl_multi_poll(impl_->multi, waits.data(), static_cast<unsigned>(waits.size()),
                  static_cast<int>(wait.count()), nullptr);
  if (readable) {
    readable->clear();
    for (const curl_waitfd& each : waits) readable->push_back(each.revents != 0);
  }
  Perform();
}

}  // namespace muster
