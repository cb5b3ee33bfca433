// The facts of libcurl this file leans on (7.88, observed on sockets):
//   - A POST whose reused connection dies is sent again without a word, unless the body comes from
//     a read callback and the seek callback refuses to rewind: then it ends with error 65.
//   - x-api-key and the like are forwarded on redirects: none is followed.
//   - MAXFILESIZE does not see decoded bytes: the write callback counts them.
//   - LOW_SPEED_TIME looks at an average over six seconds, so that silence after a burst shows six
//     seconds late: the callbacks note the time of the last byte instead.
//   - STARTTRANSFER_TIME of a POST is when its body began to go: the time of the reply's first byte
//     is noted the same way.
//   - A reply whose head is cut off counts as a success: the blank line at its end is waited for.
//   - curl_slist takes CR and LF: headers are checked here.

#include "worker/http_transfer.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>

#include "common/text.h"
#include "worker/ca_store.h"

namespace muster {
namespace {

using Clock = Transfer::Clock;
using std::chrono::milliseconds;

constexpr size_t kMaxHeaderBytes = 256 * 1024;
// Idle connections are closed by us before the provider's side does it unseen.
constexpr long kMostIdleSeconds = 55;
// libcurl's buffer for a body on its way; at its usual 64 KB the C library puts all its memory in
// order whenever one is freed.
constexpr long kUploadBuffer = 16 * 1024;
// How long a reply whose stream is over may take to end as HTTP has it, so that its connection can
// be used again.
constexpr milliseconds kGraceAfterComplete{250};

// ---- what libcurl calls ----

size_t GiveBody(char* to, size_t size, size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  size_t given = transfer.request.body.copy(to, size * count, transfer.body_given);
  transfer.body_given += given;
  return given;
}

int RefuseRewind(void*, curl_off_t, int) { return CURL_SEEKFUNC_FAIL; }

bool IsSuccess(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return status >= 200 && status <= 299;
}

size_t TakeBody(char* bytes, size_t size, size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.Hear();
  transfer.body_bytes += size * count;
  transfer.too_large = transfer.body_bytes > transfer.request.most_bytes;
  if (transfer.too_large) return 0;
  if (transfer.request.take && IsSuccess(transfer.easy)) {
    return transfer.request.take({bytes, size * count}) ? size * count : 0;
  }
  transfer.reply.body.append(bytes, size * count);
  if (transfer.request.complete && !transfer.completed && IsSuccess(transfer.easy) &&
      transfer.request.complete({bytes, size * count})) {
    transfer.completed = Clock::now();
  }
  return size * count;
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  size_t from = text.find_first_not_of(kSpace);
  if (from == text.npos) return {};
  return text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

// One line of the head. An interim reply (100, 103) is not yet the reply: its head is dropped when
// the next one starts. Trailers, which come after the body, are not looked at.
size_t TakeHeader(char* bytes, size_t size, size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.header_bytes += size * count;
  transfer.too_large = transfer.header_bytes > kMaxHeaderBytes;
  if (transfer.too_large) return 0;
  std::string_view line(bytes, size * count);
  size_t colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    transfer.interim = line.find(" 1") == line.find(' ');
    transfer.head_complete = false;
    transfer.reply.headers.clear();
  } else if (Trimmed(line).empty()) {
    transfer.head_complete = true;
  } else if (colon != line.npos && transfer.body_bytes == 0) {
    std::string name(Trimmed(line.substr(0, colon)));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    transfer.reply.headers.emplace_back(std::move(name), Trimmed(line.substr(colon + 1)));
  }
  if (!transfer.interim) transfer.Hear();
  return size * count;
}

curl_socket_t OpenSocket(void*, curlsocktype, curl_sockaddr* address) {
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// ---- before sending ----

std::string Part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK) return {};
  std::string part = text;
  curl_free(text);
  return part;
}

bool IsLoopback(const std::string& host) {
  in_addr address;
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) return ntohl(address.s_addr) >> 24 == 127;
  return host == "localhost" || host == "[::1]";
}

using ParsedUrl = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

Result<ParsedUrl> ParseUrl(const std::string& text) {
  ParsedUrl url(curl_url(), curl_url_cleanup);
  CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0);
  if (code != CURLUE_OK) return Fail("not a usable URL: {}", curl_url_strerror(code));
  if (!Part(url.get(), CURLUPART_USER).empty() || !Part(url.get(), CURLUPART_PASSWORD).empty()) {
    return Fail("not a usable URL: it carries a user name or password");
  }
  return url;
}

Result<HttpTarget> ReadUrl(const std::string& text) {
  auto parsed = ParseUrl(text);
  if (!parsed) return Error{parsed.error()};
  const ParsedUrl& url = *parsed;
  HttpTarget target;
  target.url = Part(url.get(), CURLUPART_URL);
  target.https = Part(url.get(), CURLUPART_SCHEME) == "https";
  std::string host = Part(url.get(), CURLUPART_HOST), port = Part(url.get(), CURLUPART_PORT);
  target.loopback = IsLoopback(host);
  target.host = VisibleText(port.empty() ? host : host + ":" + port);
  if (!target.https && Part(url.get(), CURLUPART_SCHEME) != "http") {
    return Fail("{}: only https and http can be called", target.host);
  }
  return target;
}

bool IsHeaderName(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           kMarks.find(c) != kMarks.npos;
  });
}

// Adds one header; errors name it but never show the value, which may be a key.
Result<void> AddHeader(curl_slist*& list, const std::string& name, const std::string& value) {
  auto is_control = [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; };
  if (!IsHeaderName(name)) return Fail("header \"{}\": not a header name", VisibleText(name));
  if (std::ranges::any_of(value, is_control)) {
    return Fail("header {}: its value has a line break or another control character", name);
  }
  for (const char* ours : {"content-length", "transfer-encoding", "expect"}) {
    if (strcasecmp(name.c_str(), ours) == 0) return Fail("header {}: not to be set by hand", name);
  }
  // libcurl's spelling of a header without a value is "name;".
  std::string line = Trimmed(value).empty() ? name + ";" : name + ": " + value;
  list = curl_slist_append(list, line.c_str());
  return {};
}

Result<void> AddHeaders(Transfer& transfer) {
  bool typed = false;
  for (const auto& [name, value] : transfer.request.headers) {
    if (Result<void> added = AddHeader(transfer.headers, name, value); !added) return added;
    typed = typed || strcasecmp(name.c_str(), "content-type") == 0;
  }
  if (!typed && transfer.request.method == "POST")
    transfer.headers = curl_slist_append(transfer.headers, "Content-Type: application/json");
  transfer.headers = curl_slist_append(transfer.headers, "Expect:");
  return {};
}

// The first of the environment's names for own certificates, as the curl tool and OpenSSL read
// them.
const char* OwnCertificates() {
  for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
    const char* value = getenv(name);
    if (value && *value) return value;
  }
  return nullptr;
}

// libcurl's certificate folder where it is hashed (8 hex digits, ".0"), else nullptr. Looking up
// there costs a handful of files; the one big file of all certificates costs each process 20 ms and
// a megabyte.
const char* LookForHashedCertificates() {
  const char* folder = curl_version_info(CURLVERSION_NOW)->capath;
  DIR* dir = folder ? opendir(folder) : nullptr;
  if (!dir) return nullptr;
  bool hashed = false;
  while (dirent* entry = hashed ? nullptr : readdir(dir)) {
    std::string_view name = entry->d_name;
    hashed = name.size() == 10 && name.ends_with(".0") &&
             name.find_first_not_of("0123456789abcdef") == 8;
  }
  closedir(dir);
  return hashed ? folder : nullptr;
}

// Found once a process, or before it was forked.
const char* HashedCertificates() {
  static const char* const kFolder = LookForHashedCertificates();
  return kFolder;
}

// Sets options of one easy handle and remembers the first that was refused.
class Options {
 public:
  explicit Options(CURL* easy) : easy_(easy) {}

  template <class T>
  Options& Set(CURLoption option, T value) {
    CURLcode code = curl_easy_setopt(easy_, option, value);
    if (first_error_ == CURLE_OK) first_error_ = code;
    return *this;
  }
  Options& On(CURLoption option) { return Set(option, 1L); }
  Options& Off(CURLoption option) { return Set(option, 0L); }
  Options& Limit(CURLoption option, milliseconds limit) {
    return Set(option, std::max<long>(1, limit.count()));  // 0 would be no limit
  }

  CURLcode first_error() const { return first_error_; }

 private:
  CURL* easy_;
  CURLcode first_error_ = CURLE_OK;
};

CURLcode TrustLoaded(CURL*, void* context, void*) {
  TrustLoadedCertificates(context);
  return CURLE_OK;
}

void SetTls(Options& options, bool https) {
  options.Set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  options.On(CURLOPT_SSL_VERIFYPEER).Set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!https) return;  // a proxy's certificate has options of its own
  if (CertificatesLoaded()) {
    const char* none = nullptr;
    options.Set(CURLOPT_CAINFO, none).Set(CURLOPT_CAPATH, none);
    options.Set(CURLOPT_SSL_CTX_FUNCTION, TrustLoaded);
  } else if (const char* own = OwnCertificates()) {
    options.Set(CURLOPT_CAINFO, own);
  } else if (const char* hashed = HashedCertificates()) {
    options.Set(CURLOPT_CAPATH, hashed).Set(CURLOPT_CAINFO, static_cast<char*>(nullptr));
  }
}

void SetConnection(Options& options, const Transfer& transfer) {
  // What the request may use; the checks before are those with a readable message.
  const char* protocols =
      transfer.target.loopback || transfer.request.insecure_http ? "https,http" : "https";
  options.Set(CURLOPT_PROTOCOLS_STR, protocols).Set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
  options.Off(CURLOPT_FOLLOWLOCATION).Off(CURLOPT_MAXREDIRS);
  if (transfer.target.loopback) options.Set(CURLOPT_PROXY, "");
  options.On(CURLOPT_NOSIGNAL).On(CURLOPT_TCP_KEEPALIVE);
  options.Set(CURLOPT_MAXAGE_CONN, kMostIdleSeconds);
  options.Set(CURLOPT_OPENSOCKETFUNCTION, OpenSocket);
  options.Limit(CURLOPT_CONNECTTIMEOUT_MS, transfer.request.connect_limit);
  options.Limit(CURLOPT_TIMEOUT_MS, transfer.request.total_limit);
}

void SetHttp(Options& options, Transfer& transfer) {
  options.Set(CURLOPT_URL, transfer.target.url.c_str());
  options.Set(CURLOPT_USERAGENT, ("muster/" + std::string(BuildId())).c_str());
  options.Set(CURLOPT_HTTPHEADER, transfer.headers).Set(CURLOPT_ACCEPT_ENCODING, "");
  // One request a connection at a time: what a dying connection costs is one call, not all of them.
  options.Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  options.Off(CURLOPT_HTTP09_ALLOWED).On(CURLOPT_SUPPRESS_CONNECT_HEADERS);
  options.Set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED)).Off(CURLOPT_VERBOSE);
  if (transfer.request.method == "GET") {
    options.On(CURLOPT_HTTPGET);
  } else {
    options.On(CURLOPT_POST);
    options.Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer.request.body.size()));
    options.Set(CURLOPT_UPLOAD_BUFFERSIZE, kUploadBuffer);
  }
  options.Set(CURLOPT_READFUNCTION, GiveBody).Set(CURLOPT_READDATA, &transfer);
  options.Set(CURLOPT_SEEKFUNCTION, RefuseRewind).Set(CURLOPT_SEEKDATA, &transfer);
  options.Set(CURLOPT_WRITEFUNCTION, TakeBody).Set(CURLOPT_WRITEDATA, &transfer);
  options.Set(CURLOPT_HEADERFUNCTION, TakeHeader).Set(CURLOPT_HEADERDATA, &transfer);
  options.Set(CURLOPT_ERRORBUFFER, transfer.error_text).Set(CURLOPT_PRIVATE, &transfer);
}

}  // namespace

Result<UrlPlace> PlaceOf(const std::string& url) {
  auto parts = ParseUrl(url);
  if (!parts) return Error{parts.error()};
  UrlPlace place;
  place.scheme = Part(parts->get(), CURLUPART_SCHEME);
  place.host = Part(parts->get(), CURLUPART_HOST);
  for (char& c : place.host) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  place.port =
      std::strtol(Part(parts->get(), CURLUPART_PORT, CURLU_DEFAULT_PORT).c_str(), nullptr, 10);
  in_addr address;
  place.is_address =
      place.host.starts_with('[') || inet_pton(AF_INET, place.host.c_str(), &address) == 1;
  place.loopback = IsLoopback(place.host);
  return place;
}

const char* WholeBundle() {
  // What we load would count for an https proxy, too, which libcurl otherwise judges apart.
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    const char* proxy = getenv(name);
    if (proxy && strncasecmp(proxy, "https:", 6) == 0) return nullptr;
  }
  if (const char* own = OwnCertificates()) return own;
  return HashedCertificates() ? nullptr : curl_version_info(CURLVERSION_NOW)->cainfo;
}

Transfer::Transfer(HttpRequest its_request) : request(std::move(its_request)) {
  easy = curl_easy_init();
}

Transfer::~Transfer() {
  curl_easy_cleanup(easy);
  curl_slist_free_all(headers);
}

void Transfer::Hear() {
  last_byte = Clock::now();
  if (!first_byte) first_byte = last_byte;
}

Clock::time_point Transfer::SilentAt() const {
  if (completed) return *completed + kGraceAfterComplete;
  return last_byte ? *last_byte + request.between_bytes_limit : posted + request.first_byte_limit;
}

Result<HttpTarget> TargetReader::Read(const std::string& url) {
  if (!url.empty() && url == last_url_) return last_;
  auto target = ReadUrl(url);
  if (target) last_url_ = url, last_ = *target;
  return target;
}

Result<void> Transfer::SetUp(TargetReader& reader) {
  Result<HttpTarget> its_target = reader.Read(request.url);
  if (!its_target) return Error{its_target.error()};
  target = *std::move(its_target);
  if (!target.https && !target.loopback && !request.insecure_http) {
    return Fail(
        "{}: plain http would show key and prompts to the network; use https, or say "
        "insecure_http: true",
        target.host);
  }
  if (Result<void> added = AddHeaders(*this); !added) return added;
  Options options(easy);
  SetConnection(options, *this);
  SetTls(options, target.https);
  SetHttp(options, *this);
  if (options.first_error() != CURLE_OK) {
    return Fail("{}: libcurl refuses an option: {}", target.host,
                curl_easy_strerror(options.first_error()));
  }
  return {};
}

}  // namespace muster
