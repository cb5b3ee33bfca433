#include "tests/fake_provider/books.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

namespace fake_provider {
namespace {

std::string_view NameOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSent:
      return "sent";
    case Outcome::kError:
      return "error";
    case Outcome::kCut:
      return "cut";
    case Outcome::kReset:
      return "reset";
    case Outcome::kClientGone:
      return "client-gone";
    case Outcome::kNoReply:
      return "no-reply";
    case Outcome::kListed:
      return "listed";
  }
  std::abort();
}

[[noreturn]] void Die(const char* what) {
  fmt::print(stderr, "fake-provider: books: {}: {}\n", what, std::strerror(errno));
  std::_Exit(3);
}

std::string ReadAll(int fd) {
  std::string text;
  char buffer[64 << 10];
  for (ssize_t count; (count = read(fd, buffer, sizeof buffer)) > 0;) text.append(buffer, count);
  return text;
}

}  // namespace

int64_t UnixTimeMs() {
  auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
}

Result<Books> Books::Open(const std::string& path, bool fsync, const Prices& prices) {
  Books books;
  books.fsync_ = fsync;
  books.prices_ = prices;
  if (path.empty()) return books;
  books.file_ = Fd(open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!books.file_.valid()) return Error{path + ": " + std::strerror(errno)};
  books.Load(ReadAll(books.file_.get()));
  return books;
}

// Takes up where an earlier process stopped. A last line without its end was never whole: it goes.
void Books::Load(const std::string& text) {
  size_t start = 0;
  for (size_t end; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    std::string_view line = std::string_view(text).substr(start, end - start);
    if (std::optional<Json> event = ParseJson(line)) totals_.Apply(*event);
  }
  if (start < text.size() && ftruncate(file_.get(), static_cast<off_t>(start)) != 0) {
    Die("truncate");
  }
  if (start > 0) Write({{"event", "restarted"}, {"time_ms", UnixTimeMs()}});
}

uint64_t Books::WriteAsked(const Asked& asked) {
  uint64_t number = totals_.last_number() + 1;
  Write({{"event", "asked"},
         {"n", number},
         {"time_ms", UnixTimeMs()},
         {"connection", asked.connection},
         {"path", asked.path},
         {"model", asked.model},
         {"body_sha256", asked.body_sha256},
         {"authorized", asked.authorized},
         {"repeat", totals_.TimesAsked(asked.body_sha256) + 1}});
  return number;
}

void Books::WriteRefused(uint64_t number, const std::string& model, std::string_view limit) {
  Write({{"event", "refused"},
         {"n", number},
         {"time_ms", UnixTimeMs()},
         {"model", model},
         {"limit", limit}});
}

void Books::WriteBilled(uint64_t number, const Usage& usage) {
  Write({{"event", "billed"},
         {"n", number},
         {"time_ms", UnixTimeMs()},
         {"input", usage.input},
         {"cached", usage.cached},
         {"cache_write", usage.cache_write},
         {"cache_write_1h", usage.cache_write_1h},
         {"output", usage.output},
         {"reasoning", usage.reasoning},
         {"picodollars", PicodollarsOf(usage, prices_)}});
}

void Books::WriteNote(uint64_t number, const Json& note) {
  Json event = {{"event", note.at("event")}, {"n", number}, {"time_ms", UnixTimeMs()}};
  event.update(note);
  Write(event);
}

void Books::WriteEnded(uint64_t number, int status, Outcome outcome) {
  Write({{"event", "ended"},
         {"n", number},
         {"time_ms", UnixTimeMs()},
         {"status", status},
         {"outcome", NameOf(outcome)}});
}

void Books::Write(const Json& event) {
  totals_.Apply(event);
  if (!file_.valid()) return;
  std::string line = ToText(event) + "\n";
  if (write(file_.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    Die("write");
  }
  unsynced_ = true;
}

void Books::Sync() {
  if (!std::exchange(unsynced_, false) || !fsync_) return;
  if (fdatasync(file_.get()) != 0) Die("fdatasync");
}

}  // namespace fake_provider
