#include "supervisor/metrics/metrics_server.h"

// As Debian's library was built: some of its structs have other members without them.
#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#define CPPHTTPLIB_BROTLI_SUPPORT
#include <httplib.h>

#include <cerrno>
#include <exception>

#include "common/fd.h"

namespace muster {
namespace {

constexpr size_t kThreads = 4;
constexpr time_t kPatienceSeconds = 5;  // with a client that says or takes nothing
constexpr size_t kMostBodyBytes = 1 << 10;

// Only this: with the library's own SO_REUSEPORT a second server could have the same port.
void SetSocketOptions(socket_t socket) {
  int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

std::string BindProblem(int error) {
  switch (error) {
    case 0:
    case EADDRNOTAVAIL:
      return "this machine has no such address";
    case EADDRINUSE:
      return "the port is in use; choose another, or end what has it";
    default:
      return ErrnoText(error);
  }
}

}  // namespace

struct MetricsServer::Impl {
  explicit Impl(Page made_by) : page(std::move(made_by)) {
    http.set_socket_options(SetSocketOptions);
    http.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    http.set_keep_alive_max_count(1);  // a connection between two requests would hold a thread
    http.set_read_timeout(kPatienceSeconds);
    http.set_write_timeout(kPatienceSeconds);
    http.set_payload_max_length(kMostBodyBytes);
    http.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(page(), "text/plain; version=0.0.4; charset=utf-8");
    });
    http.Get("/", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("The numbers of this run are at /metrics.\n", "text/plain");
    });
  }

  Page page;
  httplib::Server http;
  int port = 0;
};

MetricsServer::MetricsServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MetricsServer::MetricsServer(MetricsServer&&) noexcept = default;
MetricsServer::~MetricsServer() = default;

Result<MetricsServer> MetricsServer::Bind(const std::string& host, int port, Page page) {
  try {
    auto impl = std::make_unique<Impl>(std::move(page));
    errno = 0;
    if (port == 0) {
      impl->port = impl->http.bind_to_any_port(host);
    } else {
      impl->port = impl->http.bind_to_port(host, port) ? port : -1;
    }
    if (impl->port > 0) return MetricsServer(std::move(impl));
    return Fail("cannot serve metrics at {}:{}: {}", host, port, BindProblem(errno));
  } catch (const std::exception& e) {
    return Fail("cannot serve metrics at {}:{}: {}", host, port, e.what());
  }
}

int MetricsServer::port() const { return impl_->port; }

bool MetricsServer::Serve() {
  try {
    return impl_->http.listen_after_bind();
  } catch (const std::exception&) {  // no thread to be had
    return false;
  }
}

void MetricsServer::Stop() { impl_->http.stop(); }

}  // namespace muster
