#pragma once

// The system calls at which a process is killed or which are made to fail, and the errors that make
// sense for each. Linux on x86-64.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace muster::kill_points {

// As the kernel gets them; of an fcntl about a lock the fourth says whether it takes one.
using Arguments = std::array<uint64_t, 6>;

// `writes`: it changes something outside of the process: a file, a folder, a pipe, a socket, or
// which processes there are. Of some calls only some do: see ChangesSomething.
struct SystemCall {
  std::string_view name;
  int64_t number = 0;
  bool writes = false;
  std::span<const int> errors;
};

std::span<const SystemCall> SystemCalls();
const SystemCall* FindSystemCall(int64_t number);
const SystemCall* FindSystemCall(std::string_view name);

// Whether this very call changes something: of openat only what
// creates.
bool ChangesSomething(const SystemCall& call, const Arguments& arguments);

// The argument that is a descriptor; nullopt: none is.
std::optional<int> DescriptorOf(const SystemCall& call, const Arguments& arguments);

// Whether that error can come of this very call: EAGAIN only of what does not wait.
bool CanFailWith(const SystemCall& call, const Arguments& arguments, bool waits, int error);

std::string_view ErrorName(int error);  // "ENOSPC"
std::optional<int> ErrorNamed(std::string_view name);

}  // namespace muster::kill_points
