// fake-provider: a provider of language models that costs nothing, for tests. It listens on
// loopback, answers in the wire format of the real ones, can be told to misbehave in every way
// known (a script), and keeps books of its own of all that was asked and billed: the truth with
// which tests compare what muster wrote down. It shares no code with muster.
//
// To read: loop.h (waiting), server.h (connections), desk.h (what happens to a request), script.h
// and action.h (faults), limiter.h (its own limits), outage.h, books.h (the ledger), answers.h
// (what a model says), api.h (a provider's format), openai.cc and stream_shape.h. All providers
// live on one port: OpenAI under /v1, Azure under /openai, OpenRouter under /api/v1, Ollama at
// /api/chat, imitators of OpenAI under /compat/v1, Anthropic at /anthropic/v1/messages and
// /v1/messages, Gemini under /v1beta; and of those that do something else, Meshy under
// /openapi/v1/image-to-3d.

#include <fmt/format.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "tests/fake_provider/books.h"
#include "tests/fake_provider/desk.h"
#include "tests/fake_provider/loop.h"
#include "tests/fake_provider/options.h"
#include "tests/fake_provider/script.h"
#include "tests/fake_provider/server.h"

namespace fake_provider {
namespace {

constexpr int kExitUsage = 2;

// A test that is killed must not leave its provider behind.
void DieWithParent(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
}

void AllowManyConnections() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// SIGTERM and SIGINT as something to read.
Fd SignalsAsReadable() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return Fd(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
}

Result<Script> LoadScript(const std::string& path) {
  if (path.empty()) return Script();
  std::ifstream file(path);
  if (!file) return Error{path + ": cannot be read"};
  std::stringstream text;
  text << file.rdbuf();
  return Script::Parse(text.str());
}

// Whoever sees the file sees the whole number.
bool WritePort(const std::string& path, uint16_t port) {
  std::string draft = fmt::format("{}.{}", path, getpid());
  std::ofstream file(draft);
  file << port << "\n";
  file.close();
  return file && std::rename(draft.c_str(), path.c_str()) == 0;
}

int Fail(const std::string& why, int exit_code) {
  fmt::print(stderr, "fake-provider: {}\n", why);
  return exit_code;
}

int Run(const Options& options) {
  Result<Script> script = LoadScript(options.script_file);
  if (!script.ok()) return Fail(script.error(), kExitUsage);
  Result<Books> books = Books::Open(options.books_file, options.fsync, options.desk.answers.prices);
  if (!books.ok()) return Fail(books.error(), kExitUsage);
  Result<Fd> listener = Server::Listen(options.address, options.port);
  if (!listener.ok()) return Fail(listener.error(), kExitUsage);

  Loop loop;
  Desk desk(options.desk, loop, books.value(), std::move(script.value()));
  Server server(loop, desk, std::move(listener.value()));
  desk.Serve(server);
  Fd signals = SignalsAsReadable();
  loop.Watch(signals.get(), EPOLLIN, [&loop](uint32_t) { loop.Stop(); });

  if (!options.port_file.empty() && !WritePort(options.port_file, server.port())) {
    return Fail(options.port_file + ": cannot be written", kExitUsage);
  }
  fmt::print("listening on {}:{}\n", options.address, server.port());
  std::fflush(stdout);

  while (!loop.stopping()) {
    loop.Turn(/*may_block=*/!server.HasQueued());
    books.value().Sync();
    server.SendQueued();
  }
  books.value().Sync();
  return 0;
}

}  // namespace
}  // namespace fake_provider

int main(int argc, char** argv) {
  fake_provider::DieWithParent(getppid());
  auto options = fake_provider::ParseOptions(argc, argv);
  if (!options.ok()) {
    fmt::print(stderr, "fake-provider: {}\n{}", options.error(), fake_provider::kUsage);
    return fake_provider::kExitUsage;
  }
  fake_provider::AllowManyConnections();
  return fake_provider::Run(options.value());
}
