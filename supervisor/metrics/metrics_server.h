#pragma once

// The one file pair that names cpp-httplib.

#include <functional>
#include <memory>
#include <string>

#include "common/result.h"

namespace muster {

// Serves one page over HTTP: GET /metrics, and a line at / that points there. Bound to one address;
// its threads are its own, so that `page` must bear being called from several at once.
class MetricsServer {
 public:
  using Page = std::function<std::string()>;

  // Listens at `host`, an address or a name of this machine; port 0 lets the system choose one.
  // Nothing is served yet.
  static Result<MetricsServer> Bind(const std::string& host, int port, Page page);
  MetricsServer(MetricsServer&&) noexcept;
  ~MetricsServer();

  int port() const;

  // Serves until Stop(), which any thread may call; false when it cannot. Once only.
  bool Serve();
  void Stop();

 private:
  struct Impl;
  explicit MetricsServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster
