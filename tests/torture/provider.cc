#include "tests/torture/provider.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "common/json.h"

namespace muster::torture {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStartLimit{10'000};

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string ReadAll(int socket) {
  std::string text;
  char chunk[65536];
  for (ssize_t n; (n = read(socket, chunk, sizeof chunk)) > 0;) {
    text.append(chunk, static_cast<size_t>(n));
  }
  return text;
}

std::string PromptOf(const std::string& body) {
  auto json = ParseJson(body);
  return json ? StringMember(*json, "input") : "";
}

}  // namespace

Result<std::unique_ptr<Provider>> Provider::Start(const std::string& program,
                                                  const std::string& folder, const std::string& key,
                                                  const std::string& script) {
  std::string port_file = folder + "/port";
  std::ofstream(folder + "/script.json") << script;
  std::unique_ptr<Provider> provider(new Provider());
  provider->books_ = folder + "/books.jsonl";
  auto child = Child::Start({{program, "--books", provider->books_, "--no-fsync", "--script",
                              folder + "/script.json", "--port-file", port_file, "--key", key},
                             {},
                             folder + "/provider.log"});
  if (!child) return Error{child.error()};
  provider->child_ = std::move(*child);
  auto until = Clock::now() + kStartLimit;
  while (provider->port_ == 0) {
    if (provider->child_->PumpUntil(Clock::now() + milliseconds(1)) || Clock::now() > until) {
      return Fail("{} does not start: {}", program, provider->child_->errors());
    }
    provider->port_ = static_cast<uint16_t>(atoi(ReadText(port_file).c_str()));
  }
  return provider;
}

Result<void> Provider::Read() {
  if (auto read = ReadBooks(); !read) return read;
  return FetchPrompts();
}

Result<void> Provider::AwaitQuiet(milliseconds limit) {
  auto until = Clock::now() + limit;
  for (;;) {
    if (auto read = Read(); !read) return read;
    bool quiet = true;
    for (const auto& [number, ask] : asks_) quiet = quiet && !ask.outcome.empty();
    if (quiet) return {};
    if (Clock::now() > until) return Fail("the provider still has open requests");
    std::this_thread::sleep_for(milliseconds(5));
  }
}

Result<void> Provider::ReadBooks() {
  std::ifstream file(books_, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(read_so_far_));
  for (std::string line; std::getline(file, line) && !file.eof();) {
    read_so_far_ += line.size() + 1;
    auto event = ParseJson(line);
    if (!event) return Fail("the provider's books: {}", event.error());
    std::string kind = StringMember(*event, "event");
    Ask& ask = asks_[IntMember(*event, "n").value_or(0)];
    if (kind == "asked") {
      ask.number = IntMember(*event, "n").value_or(0);
      ask.body_sha256 = StringMember(*event, "body_sha256");
      ask.authorized = Member(*event, "authorized") && *Member(*event, "authorized") == true;
    } else if (kind == "billed") {
      ask.billed = IntMember(*event, "picodollars");
    } else if (kind == "ended") {
      ask.outcome = StringMember(*event, "outcome");
    } else {
      return Fail("the provider's books: a line of kind \"{}\"", kind);
    }
  }
  return {};
}

Result<void> Provider::FetchPrompts() {
  int64_t last = asks_.empty() ? 0 : asks_.rbegin()->first;
  if (last == fetched_) return {};
  auto text = Get(fmt::format("/_requests?last={}", last - fetched_ + 50));
  if (!text) return Error{text.error()};
  auto requests = ParseJson(*text);
  if (!requests) return Fail("the provider's requests: {}", requests.error());
  for (const Json& request : *requests) {
    auto ask = asks_.find(IntMember(request, "n").value_or(0));
    if (ask != asks_.end()) ask->second.prompt = PromptOf(StringMember(request, "body"));
  }
  for (; fetched_ < last; ++fetched_) {
    if (asks_[fetched_ + 1].prompt.empty()) {
      return Fail("request {} has no prompt, or was fetched too late", fetched_ + 1);
    }
  }
  return {};
}

Result<std::string> Provider::Get(const std::string& target) const {
  Fd connection(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  timeval patience{10, 0};
  setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string request =
      fmt::format("GET {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", target);
  if (connect(connection.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      write(connection.get(), request.data(), request.size()) < 0) {
    return Fail("cannot reach the provider: {}", ErrnoText(errno));
  }
  std::string reply = ReadAll(connection.get());
  size_t head = reply.find("\r\n\r\n");
  if (head == std::string::npos) return Fail("the provider does not answer {}", target);
  return reply.substr(head + 4);
}

}  // namespace muster::torture
