#pragma once

// What both ends of a run's control socket share: where it is and how it is reached.

#include <sys/un.h>

#include <cstddef>
#include <string>

#include "common/fd.h"
#include "common/result.h"

namespace muster {

// The socket's name in the run directory.
inline constexpr const char* kControlSocket = "control.sock";

// Bytes of a request, its newline not counted.
inline constexpr size_t kMostRequestBytes = 64 << 10;

// A run directory, held open to name files in it; nothing can be read through it.
Result<Fd> OpenRunFolder(const std::string& run_dir);

// The socket's address by way of that descriptor, since an address holds 108 bytes and a path may
// be longer. Good for this process, while `folder` is open.
sockaddr_un ControlAddress(const Fd& folder);

// A Unix stream socket, non-blocking, close-on-exec.
Result<Fd> MakeStreamSocket();

}  // namespace muster
