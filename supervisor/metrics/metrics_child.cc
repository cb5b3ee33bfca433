#include "supervisor/metrics/metrics_child.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>

#include "supervisor/pool/spawner.h"

namespace muster {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{10};
constexpr size_t kMostSaid = 4 << 10;
constexpr std::string_view kComplaint = "muster: ";  // how a program's complaint begins

// Appends what is there; closes `from` at its end.
void ReadSome(Fd& from, std::string* to) {
  char piece[1024];
  ssize_t n = read(from.get(), piece, sizeof piece);
  if (n > 0) {
    to->append(piece, static_cast<size_t>(n));
  } else if (n == 0 || errno != EAGAIN) {
    from.Reset();
  }
}

// The first line of its stdout. An error: what it complained of, or that it said nothing.
Result<std::string> FirstLine(Fd& output, Fd& errors) {
  std::string said, complaint;
  auto until = SteadyClock::now() + kPatience;
  while ((output || errors) && said.size() + complaint.size() < kMostSaid) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now()).count();
    if (left <= 0) return Fail("metrics: their server was not ready within 10 s");
    std::array<pollfd, 2> wait{{{output.get(), POLLIN, 0}, {errors.get(), POLLIN, 0}}};
    poll(wait.data(), wait.size(), static_cast<int>(left));  // a closed one (-1) is passed over
    if (wait[1].revents) ReadSome(errors, &complaint);
    if (wait[0].revents) ReadSome(output, &said);
    if (size_t end = said.find('\n'); end != std::string::npos) return said.substr(0, end);
  }
  complaint.erase(std::min(complaint.find('\n'), complaint.size()));
  if (complaint.starts_with(kComplaint)) complaint.erase(0, kComplaint.size());
  return complaint.empty() ? Fail("metrics: their server ended at once") : Error{complaint};
}

}  // namespace

// The spawner gives it a session of its own, no descriptor but its three pipes, and our death as
// its own. Its input is at its end from the start.
Result<MetricsChild> MetricsChild::Start(const std::string& run_dir, const std::string& host_port,
                                         const std::string& program) {
  // An absolute path is never taken for an option.
  std::string path = std::filesystem::absolute(run_dir).lexically_normal();
  auto spawned = ExecSpawner({program, "metrics", path, host_port}).Spawn();
  if (!spawned) return Fail("metrics: {}", spawned.error());
  MetricsChild child(std::move(spawned->pidfd));
  spawned->input.Reset();
  auto line = FirstLine(spawned->output, spawned->errors);
  if (!line) return Error{line.error()};
  child.said_ = *std::move(line);
  return child;
}

MetricsChild::~MetricsChild() { KillAndBury(process_); }

}  // namespace muster
