#pragma once

// HTTP for workers, on libcurl's multi interface. Every request is sent at most once (a dead
// connection's silent resend is refused), redirects are not followed (a 3xx is a reply like any
// other), the decoded reply is capped, and TLS is always verified. Own certificates come from
// CURL_CA_BUNDLE or SSL_CERT_FILE; proxies from the usual variables, but never for loopback.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/protocol.h"
#include "common/result.h"
#include "worker/providers/chat_api.h"

namespace muster {

// Decoded bytes of a reply's body, where a request does not say otherwise.
inline constexpr size_t kMaxReplyBytes = 12 * 1024 * 1024;

// A request. Without a content-type among its headers a POST's body is application/json.
struct HttpRequest {
  std::string method = "POST";  // or GET, which has no body
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;  // the key's among them
  std::string body;
  std::chrono::milliseconds connect_limit{10'000};
  std::chrono::milliseconds first_byte_limit{600'000};     // from Send() to the reply's first byte
  std::chrono::milliseconds between_bytes_limit{120'000};  // silence within the reply
  std::chrono::milliseconds total_limit{600'000};
  bool insecure_http = false;  // plain http beyond loopback
  // Told of a success's body as it comes; true: what matters has come, whatever the connection does
  // from then on. Empty: the reply ends where HTTP says.
  std::function<bool(std::string_view bytes)> complete = {};
  // Takes a success's body, piece by piece, instead of the reply; false: it cannot, and the
  // transfer ends.
  std::function<bool(std::string_view bytes)> take = {};
  size_t most_bytes = kMaxReplyBytes;  // of the decoded body; more is a failure
};

// A whole reply, or why there is none (failure.billing says whether bytes may have left).
struct HttpOutcome {
  std::optional<HttpReply> reply;
  Failure failure;
  HttpReply partial;  // of a failure: what had come of the reply
  int64_t total_ms = 0, first_byte_ms = 0;
};

// One multi handle whose connections stay open from item to item. Single-threaded; callbacks run
// inside Perform().
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;

  using Callback = std::function<void(HttpOutcome)>;

  // Starts a request; `done` is called once, never from inside Send itself. Returns a number to
  // Abort() with.
  int64_t Send(const HttpRequest& request, Callback done);
  // Closes the connection of a request in the air; its callback is not called.
  void Abort(int64_t number);
  size_t in_the_air() const;

  // Moves transfers on and calls back those that ended.
  void Perform();

  // Waits until a transfer, or one of `read_fds`, can go on, or `timeout` is over; then Perform().
  // `readable` tells which of read_fds were.
  void WaitAndPerform(const std::vector<int>& read_fds, std::chrono::milliseconds timeout,
                      std::vector<bool>* readable);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Where a URL leads.
struct UrlPlace {
  std::string scheme, host;  // in lower case; an address as one number or in hex is written usually
  int64_t port = 0;          // also where the URL leaves it out
  bool is_address = false;   // the host is a number, not a name
  bool loopback = false;
  bool operator==(const UrlPlace&) const = default;
};

// An absolute URL without a user name or password; the error does not repeat it.
Result<UrlPlace> PlaceOf(const std::string& url);

}  // namespace muster
