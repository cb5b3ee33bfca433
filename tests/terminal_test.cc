#include "supervisor/progress/terminal.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "common/fd.h"

namespace muster {
namespace {

struct Pty {
  Pty() {
    int a = -1, b = -1;
    winsize size{24, 72, 0, 0};
    REQUIRE(openpty(&a, &b, nullptr, nullptr, &size) == 0);
    master.Reset(a);
    slave.Reset(b);
  }
  Fd master, slave;
};

std::string ReadAll(int fd) {
  std::string all;
  char buffer[65536];
  ssize_t got;
  while ((got = read(fd, buffer, sizeof buffer)) > 0) all.append(buffer, got);
  return all;
}

std::string NumberedLine(int i) { return fmt::format("line {:06} {}\n", i, std::string(80, 'x')); }

// Would hang if a write ever blocked.
void WriteManyLines(TerminalOut& out) {
  for (int i = 0; i < 10'000; ++i) out.Write(NumberedLine(i));
}

}  // namespace

TEST_CASE("a terminal that nobody reads never holds up the writer") {
  Pty pty;
  TerminalOut out(pty.slave.get());
  WriteManyLines(out);
  CHECK_FALSE(out.Idle());
  CHECK_FALSE(out.Silent());
  out.Flush();  // ends, too
  CHECK(out.Silent());
}

TEST_CASE("a pipe that nobody reads never holds up the writer, and its flags stay") {
  std::signal(SIGPIPE, SIG_IGN);
  auto pipe = MakePipe();
  REQUIRE(pipe);
  int before = fcntl(pipe->write.get(), F_GETFL);
  TerminalOut out(pipe->write.get());
  WriteManyLines(out);
  CHECK_FALSE(out.Idle());
  CHECK(fcntl(pipe->write.get(), F_GETFL) == before);
  pipe->read.Reset();
}

TEST_CASE("a blocking socket, which cannot be opened again, never holds up the writer") {
  std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  Fd here(ends[0]), there(ends[1]);
  TerminalOut out(here.get());
  WriteManyLines(out);
  CHECK_FALSE(out.Idle());
  there.Reset();
}

TEST_CASE("what is read late arrives whole: the newest lines, and word of how many are missing") {
  auto pipe = MakePipe();
  REQUIRE(pipe);
  constexpr int kLines = 40'000;
  std::string got;
  std::thread reader;
  {
    TerminalOut out(pipe->write.get());
    for (int i = 0; i < kLines; ++i) out.Write(NumberedLine(i));
    reader = std::thread([&] { got = ReadAll(pipe->read.get()); });
    out.Flush();
    CHECK(out.Idle());
  }
  pipe->write.Reset();
  reader.join();
  CHECK(got.size() < 2 * TerminalOut::kMostWaiting);
  CHECK(got.ends_with(NumberedLine(kLines - 1)));
  int64_t missing = 0, shown = 0, last = -1;
  for (size_t at = 0; at < got.size();) {
    size_t end = got.find('\n', at);
    REQUIRE(end != std::string::npos);
    std::string line = got.substr(at, end - at + 1);
    long long number = 0;
    if (std::sscanf(line.c_str(), "note: %lld lines were not shown", &number) == 1) {
      missing += number;
      last += number;
    } else {
      ++shown;
      CHECK(line == NumberedLine(static_cast<int>(++last)));
    }
    at = end + 1;
  }
  CHECK(missing > 0);
  CHECK(missing + shown == kLines);
}

TEST_CASE("a closed pipe makes it silent, not dead") {
  std::signal(SIGPIPE, SIG_IGN);
  auto pipe = MakePipe();
  REQUIRE(pipe);
  TerminalOut out(pipe->write.get());
  out.Write("seen\n");
  pipe->read.Reset();
  WriteManyLines(out);
  out.Flush();
  CHECK(out.Silent());
  CHECK(out.Idle());
}

TEST_CASE("a terminal that is gone makes it silent") {
  Pty pty;
  TerminalOut out(pty.slave.get());
  out.Write("seen\n");
  pty.master.Reset();
  WriteManyLines(out);
  CHECK(out.Silent());
}

TEST_CASE("a descriptor that is not open makes it silent") {
  TerminalOut out(-1);
  out.Write("nobody\n");
  out.Flush();
  CHECK(out.Silent());
}

TEST_CASE("a regular file is written from where its descriptor stands") {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  int fd = fileno(file);
  REQUIRE(write(fd, "before\n", 7) == 7);
  {
    TerminalOut out(fd);
    out.Write("one\n");
    out.Write("two\n");
  }
  REQUIRE(lseek(fd, 0, SEEK_SET) == 0);
  CHECK(ReadAll(fd) == "before\none\ntwo\n");
  std::fclose(file);
}

TEST_CASE("its width is the terminal's, asked each time; 80 where there is none") {
  Pty pty;
  TerminalOut out(pty.slave.get());
  CHECK(out.Columns() == 72);
  winsize size{24, 40, 0, 0};
  REQUIRE(ioctl(pty.master.get(), TIOCSWINSZ, &size) == 0);
  CHECK(out.Columns() == 40);
  auto pipe = MakePipe();
  REQUIRE(pipe);
  CHECK(TerminalOut(pipe->write.get()).Columns() == 80);
}

}  // namespace muster
