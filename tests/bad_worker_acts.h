#pragma once

// What bad-worker (bad_worker.cc) can do to itself and to those who started it.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <random>
#include <string>
#include <string_view>

#include "common/frame.h"

namespace muster {

inline constexpr int kSupervisorGone = 102;
inline constexpr unsigned kChildSeconds = 60;  // what it leaves ends by itself, should a test fail

[[noreturn]] inline void SleepForEver() {
  for (;;) pause();
}

// By a signal, whatever a sanitizer would make of it.
inline void Die(int signal_number) {
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

inline void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) _exit(kSupervisorGone);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

inline void Flood(size_t bytes) {
  const std::string line = "a line that a library prints, over and over again, to no avail\n";
  for (size_t written = 0; written < bytes; written += line.size()) WriteAll(2, line);
  WriteAll(2, "the end of the flood\n");
}

// What these two leave behind is told on stderr: "child PID", "daemon PID".
[[noreturn]] inline void LeaveChild() {
  pid_t child = fork();
  if (child == 0) {
    sleep(kChildSeconds);
    _exit(0);
  }
  fmt::print(stderr, "child {}\n", child);
  _exit(3);
}

inline void LeaveDaemon() {
  int told[2];  // ends when the daemon has told its number
  if (pipe(told) != 0) _exit(1);
  pid_t between = fork();
  if (between == 0) {
    setsid();
    if (fork() > 0) _exit(0);
    pid_t child = fork();
    if (child > 0) WriteAll(2, fmt::format("daemon {}\nchild {}\n", getpid(), child));
    for (int fd : {0, 1, 2, told[0], told[1]}) close(fd);
    sleep(kChildSeconds);
    _exit(0);
  }
  waitpid(between, nullptr, 0);
  close(told[1]);
  char byte;
  ssize_t none = read(told[0], &byte, 1);
  if (none == 0) close(told[0]);
}

inline std::string Garbage() {
  std::mt19937 random(static_cast<unsigned>(getpid()));
  std::string bytes = "\xff";  // as a length this is always too large
  while (bytes.size() < 512) bytes.push_back(static_cast<char>(random()));
  return bytes;
}

inline std::string FrameOf(const std::string& json) {
  std::string frame;
  AppendFrame(json, frame);
  return frame;
}

}  // namespace muster
