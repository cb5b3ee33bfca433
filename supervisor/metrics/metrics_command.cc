#include "supervisor/metrics/metrics_command.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <optional>

#include "common/config/kinds.h"
#include "common/text.h"
#include "supervisor/metrics/metrics_server.h"
#include "supervisor/metrics/metrics_source.h"
#include "supervisor/metrics/metrics_text.h"

namespace muster {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kFresh{1};

// The page, read anew at most once a second. Threads take turns.
class CachedPage {
 public:
  explicit CachedPage(std::string run_dir) : run_dir_(std::move(run_dir)) {}

  std::string Get() {
    std::lock_guard turn(mutex_);
    if (!read_at_ || SteadyClock::now() - *read_at_ >= kFresh) {
      text_ = MetricsText(ReadRunFigures(run_dir_));
      read_at_ = SteadyClock::now();
    }
    return text_;
  }

 private:
  const std::string run_dir_;
  std::mutex mutex_;
  std::optional<SteadyClock::time_point> read_at_;
  std::string text_;
};

struct Address {
  std::string host;  // without brackets
  std::string shown;
  int port = 0;
};

std::optional<Address> ParseAddress(const std::string& text) {
  size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::string host = text.substr(0, colon), port = text.substr(colon + 1);
  if (!IsHostPort(port == "0" ? host + ":1" : text)) return std::nullopt;
  Address address{host, host, 0};
  if (host.front() == '[') address.host = host.substr(1, host.size() - 2);
  std::from_chars(port.data(), port.data() + port.size(), address.port);
  return address;
}

int Complain(const std::string& message) {
  fmt::print(stderr, "muster: {}\n", VisibleText(message));
  return 2;
}

}  // namespace

int MetricsCommand(const std::string& run_dir, const std::string& host_port) {
  auto address = ParseAddress(host_port);
  if (!address) {
    return Complain(fmt::format(
        "\"{}\" is no address and port; expected HOST:PORT, as in 127.0.0.1:9464", host_port));
  }
  std::error_code error;
  if (!std::filesystem::exists(run_dir + "/ledger.sqlite", error)) {
    return Complain(fmt::format("there is no run in {}: {}", run_dir,
                                error ? error.message() : "it holds no ledger.sqlite"));
  }
  CachedPage page(run_dir);
  auto server = MetricsServer::Bind(address->host, address->port, [&page] { return page.Get(); });
  if (!server) return Complain(server.error());
  fmt::print("metrics at http://{}:{}/metrics\n", address->shown, server->port());
  std::fflush(stdout);
  if (server->Serve()) return 0;
  return Complain(fmt::format("metrics can no longer be served at {}", host_port));
}

}  // namespace muster
