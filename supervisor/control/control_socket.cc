#include "supervisor/control/control_socket.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

namespace muster {

Result<Fd> OpenRunFolder(const std::string& run_dir) {
  Fd folder(open(run_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return Fail("run directory {}: {}", run_dir, ErrnoText(errno));
  return folder;
}

sockaddr_un ControlAddress(const Fd& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  auto end = fmt::format_to_n(address.sun_path, sizeof address.sun_path - 1, "/proc/self/fd/{}/{}",
                              folder.get(), kControlSocket);
  assert(end.size < sizeof address.sun_path);
  (void)end;
  return address;
}

Result<Fd> MakeStreamSocket() {
  Fd made(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!made) return Fail("cannot make a socket: {}", ErrnoText(errno));
  return made;
}

}  // namespace muster
