#pragma once

// The fake provider (tests/fake_provider) as a process that a test starts, asks and tells.

#include <string>
#include <vector>

#include "common/json.h"
#include "tests/child.h"

namespace muster {

// Listens on a free port of this machine while this object lives. Its key is kKey unless a flag
// says otherwise; tests/fake_provider/{options,script,action}.h say what flags and scripts can do.
class FakeServer {
 public:
  static constexpr const char* kKey = "sk-canary-4fT9qLwZx81mNbVc7RdE";

  // `script`: the faults to make, as JSON; empty: none.
  explicit FakeServer(const std::string& script = "", const std::vector<std::string>& flags = {});

  int port() const { return port_; }
  std::string Url() const;  // to be a base_url
  // The base_url of one of its APIs: openai, azure, azure-deployments (/NAME is to follow),
  // openrouter, ollama, compat (a server of one's own like OpenAI's), anthropic, claude-code,
  // gemini. Another name fails the test.
  std::string UrlFor(const std::string& api) const;

  // Its own totals of what was asked and billed: tests/fake_provider/totals.cc names them.
  Json Books() const;
  int64_t Book(const std::string& name) const;
  // The last `count` requests, oldest first: method, target, headers, body.
  Json Requests(int count) const;
  // Other faults from now on. A script that does not parse fails the test.
  void SetScript(const std::string& script) const;
  // Other limits, as tests/fake_provider/limit_settings.h has them. A mistake fails the test.
  void SetLimits(const std::string& limits) const;
  // The most that was admitted in any window, by model: tests/fake_provider/desk.h.
  Json Windows(int64_t window_ms) const;
  // No request is served for so long: a status, "refuse" or "hang"; "none" ends it.
  void BeginOutage(const std::string& kind, int64_t for_ms) const;
  // The whole reply to a request with its key, as bytes; "" when there was none.
  std::string Post(const std::string& path, const std::string& body) const;
  // Likewise, with other headers ("x-api-key: …\r\n") instead of OpenAI's key, by any method.
  std::string Ask(const std::string& method, const std::string& path, const std::string& headers,
                  const std::string& body) const;

 private:
  std::string Fetch(const std::string& method, const std::string& path,
                    const std::string& body) const;
  std::string Exchange(const std::string& head, const std::string& body) const;

  Child child_;
  int port_ = 0;
};

}  // namespace muster
