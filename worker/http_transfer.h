#pragma once

// One request on libcurl's easy interface: how it is set up, and what its callbacks gather. What
// its end means is http.cc's business; these two are the only files that name curl.

#include <curl/curl.h>

#include <chrono>
#include <optional>
#include <string>

#include "common/result.h"
#include "worker/http.h"

namespace muster {

// Where a URL leads, as libcurl itself reads it.
struct HttpTarget {
  std::string url;
  std::string host;  // for messages; with its port where the URL names one
  bool https = false;
  bool loopback = false;
};

// Reads URLs and remembers the last one: most requests of a worker go where the last one went.
class TargetReader {
 public:
  // Of an http or https URL without a user name or password.
  Result<HttpTarget> Read(const std::string& url);

 private:
  std::string last_url_;  // as it was given
  HttpTarget last_;
};

// The file of certificates that each connection's first handshake would have to parse as a whole;
// nullptr where there is a folder to look up single ones in, or where proxies have rules of their
// own.
const char* WholeBundle();

// One request, from Send() until its callback. Owns its easy handle, which must have left the multi
// handle before this ends. libcurl's callbacks hold its address, so it never moves.
struct Transfer {
  using Clock = std::chrono::steady_clock;

  explicit Transfer(HttpRequest its_request);
  ~Transfer();
  Transfer(const Transfer&) = delete;

  // Makes `easy` ready for a multi handle, or says what is wrong with the request.
  Result<void> SetUp(TargetReader& reader);

  // A byte of the reply came.
  void Hear();
  // When it has been silent for too long, or complete for long enough. libcurl knows the other two
  // limits: to connect, and of the whole.
  Clock::time_point SilentAt() const;

  int64_t number = 0;
  HttpRequest request;
  HttpTarget target;
  HttpClient::Callback done;
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  size_t body_given = 0;  // bytes of the body that libcurl took
  HttpReply reply;        // what has come so far
  size_t header_bytes = 0;
  bool interim = false;  // the head that comes is of a 1xx
  bool head_complete = false;
  // Since when request.complete has said so.
  std::optional<std::chrono::steady_clock::time_point> completed;
  bool too_large = false;
  size_t body_bytes = 0;  // decoded, so far
  Clock::time_point posted = Clock::now();
  std::optional<Clock::time_point> first_byte, last_byte;  // of the reply, so far
  char error_text[CURL_ERROR_SIZE] = "";
};

}  // namespace muster
