#include "tests/kill_points/gate.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace muster::kill_points {
namespace {

sock_filter Statement(uint16_t code, uint32_t value) { return {code, 0, 0, value}; }

}  // namespace

Result<std::unique_ptr<Gate>> Gate::Make(const std::vector<int64_t>& calls) {
  auto pipe = MakePipe();
  if (!pipe) return Error{pipe.error()};
  std::unique_ptr<Gate> gate(new Gate());
  gate->pipe_ = std::move(*pipe);
  auto& filter = gate->filter_;
  filter.push_back(Statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  for (size_t i = 0; i < calls.size(); ++i) {
    auto to_trace = static_cast<uint8_t>(calls.size() - i);
    filter.push_back({BPF_JMP | BPF_JEQ | BPF_K, to_trace, 0, static_cast<uint32_t>(calls[i])});
  }
  filter.push_back(Statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  filter.push_back(Statement(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
  return gate;
}

void Gate::Pass() const {
  close(pipe_.write.get());
  char byte;
  while (read(pipe_.read.get(), &byte, 1) < 0 && errno == EINTR) {
  }
  personality(ADDR_NO_RANDOMIZE);  // the same addresses in every process of the program
  sock_fprog program{static_cast<uint16_t>(filter_.size()),
                     const_cast<sock_filter*>(filter_.data())};
  // Without the right to do so, a process may still do it that gives up set-user-id programs.
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0) return;
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) _exit(126);
}

}  // namespace muster::kill_points
