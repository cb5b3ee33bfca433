#include "tests/torture/processes.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>
#include <thread>

#include "common/fd.h"
#include "tests/torture/child.h"

namespace muster::torture {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

std::string ReadProc(pid_t pid, const char* name) {
  std::ifstream file(fmt::format("/proc/{}/{}", pid, name), std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  return text;
}

std::string CommandLine(pid_t pid) {
  std::string text = ReadProc(pid, "cmdline");
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

// Field 3 of stat, behind the name in parentheses; 0: gone.
char StateOf(pid_t pid) {
  std::string stat = ReadProc(pid, "stat");
  size_t end = stat.rfind(')');
  return end == std::string::npos || end + 2 >= stat.size() ? '\0' : stat[end + 2];
}

std::string Describe(pid_t pid) {
  return fmt::format("process {} (state {}): {}", pid, StateOf(pid), CommandLine(pid));
}

std::string LinkOf(const std::string& path) {
  std::error_code error;
  return fs::read_symlink(path, error).string();
}

std::vector<pid_t> Unspared(const std::set<pid_t>& spared) {
  std::vector<pid_t> others;
  for (pid_t pid : ChildrenOf(getpid())) {
    if (!spared.contains(pid)) others.push_back(pid);
  }
  return others;
}

void ReapEnded(const std::vector<pid_t>& pids) {
  for (pid_t pid : pids) waitpid(pid, nullptr, WNOHANG);
}

// By its name, which anyone may read and the exec sets. For an instant of the exec it still has the
// supervisor's descriptors.
bool IsWorker(pid_t pid) { return ReadProc(pid, "comm") == "muster-worker\n"; }

// Descriptors that a worker should not have: sentences, by what they say.
std::set<std::string> StrayDescriptors(const std::vector<pid_t>& workers,
                                       const std::string& run_dir) {
  std::set<std::string> strays;
  std::map<std::string, pid_t> holders;  // of pipes and sockets
  for (pid_t worker : workers) {
    std::error_code error;
    std::set<std::string> links;
    for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", worker), error)) {
      links.insert(LinkOf(entry.path().string()));
    }
    for (const std::string& link : links) {
      if (link.starts_with(run_dir)) {
        strays.insert(fmt::format("worker {} holds {}", worker, link));
      }
      if (!link.starts_with("pipe:") && !link.starts_with("socket:")) continue;
      auto [holder, first] = holders.emplace(link, worker);
      if (!first) {
        strays.insert(fmt::format("workers {} and {} share {}", holder->second, worker, link));
      }
    }
  }
  return strays;
}

// How long it could have run and had no processor, as the kernel counts; 0 where it does not.
nanoseconds WaitedForCpu(pid_t pid) {
  std::istringstream counts(ReadProc(pid, "schedstat"));
  int64_t ran = 0, waited = 0;
  counts >> ran >> waited;
  return nanoseconds(waited);
}

// How often it is looked whether a descriptor that should not be there stays, 5 ms apart.
constexpr int kLooks = 100;

// On a machine that has other things to do, no more than so many limits are added for that.
constexpr int kMostForCpu = 9;

}  // namespace

void BecomeSubreaper() { prctl(PR_SET_CHILD_SUBREAPER, 1); }

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::ifstream list(fmt::format("/proc/{0}/task/{0}/children", parent));
  return {std::istream_iterator<pid_t>(list), {}};
}

std::vector<pid_t> WorkersOf(pid_t supervisor) {
  std::vector<pid_t> workers = ChildrenOf(supervisor);
  std::erase_if(workers, [](pid_t pid) { return !IsWorker(pid); });
  return workers;
}

bool Sleeps(pid_t pid) { return StateOf(pid) == 'S'; }

bool SignalChild(pid_t parent, pid_t child, int signal) {
  Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
  std::vector<pid_t> children = ChildrenOf(parent);
  bool still = std::find(children.begin(), children.end(), child) != children.end();
  return pidfd && still && syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) == 0;
}

std::vector<std::string> AwaitNobody(const std::set<pid_t>& spared, milliseconds limit) {
  const Clock::time_point began = Clock::now();
  std::map<pid_t, nanoseconds> waited;  // before
  auto has_time = [&](pid_t pid) {
    nanoseconds now = WaitedForCpu(pid);
    nanoseconds since = now - waited.emplace(pid, now).first->second;
    return Clock::now() - began - std::min<nanoseconds>(since, kMostForCpu * limit) < limit;
  };
  std::vector<pid_t> left = Unspared(spared);
  while (!left.empty() && std::ranges::all_of(left, has_time)) {
    ReapEnded(left);
    left = Unspared(spared);
    if (!left.empty()) std::this_thread::sleep_for(milliseconds(1));
  }
  std::vector<std::string> descriptions;
  for (pid_t pid : left) descriptions.push_back(Describe(pid));
  for (pid_t pid : left) {
    SignalChild(getpid(), pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  return descriptions;
}

std::vector<std::string> StartedWith(const std::string& token) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    pid_t pid = atoi(entry.path().filename().c_str());
    if (pid <= 0 || pid == getpid()) continue;
    if (ReadProc(pid, "environ").find(token) != std::string::npos) found.push_back(Describe(pid));
  }
  return found;
}

std::vector<std::string> InspectProcesses(pid_t supervisor, bool key_taken, const std::string& key,
                                          const std::string& run_dir) {
  std::vector<std::string> wrong;
  std::vector<pid_t> workers = WorkersOf(supervisor);
  auto look = [&](pid_t pid, const char* where) {
    if (ReadProc(pid, where).find(key) == std::string::npos) return;
    wrong.push_back(fmt::format("the key stands in /proc/{}/{} ({})", pid, where, Describe(pid)));
  };
  look(supervisor, "cmdline");
  if (key_taken) look(supervisor, "environ");
  for (pid_t worker : workers) look(worker, "cmdline");
  for (pid_t worker : workers) look(worker, "environ");
  // One that is being forked has, until it is set up, what the process that it is forked from has:
  // what counts is what stays.
  std::set<std::string> strays = StrayDescriptors(workers, run_dir);
  for (int look = 0; look < kLooks && !strays.empty(); ++look) {
    std::this_thread::sleep_for(milliseconds(5));
    std::set<std::string> still = StrayDescriptors(workers, run_dir);
    std::erase_if(strays, [&](const std::string& stray) { return !still.contains(stray); });
  }
  wrong.insert(wrong.end(), strays.begin(), strays.end());
  return wrong;
}

std::string StacksOf(pid_t pid) {
  std::vector<pid_t> all = ChildrenOf(pid);
  all.insert(all.begin(), pid);
  std::string text;
  for (pid_t each : all) {
    text += fmt::format("{}\nwaits in {}\n{}", Describe(each), ReadProc(each, "wchan"),
                        ReadProc(each, "stack"));
    auto gdb =
        RunToEnd({{"/usr/bin/gdb", "--batch", "-p", std::to_string(each), "-ex", "bt"}, {}, {}},
                 milliseconds(20'000));
    if (gdb) text += (*gdb)->output();
  }
  return text;
}

}  // namespace muster::torture
