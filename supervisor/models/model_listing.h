#pragma once

// What a provider's own server says about its models. A worker program asks it: only workers have
// HTTP (worker/list_models.h is the other end).

#include <optional>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/json.h"
#include "common/money.h"
#include "common/result.h"

namespace muster {

// A model as its server describes it. Prices are picodollars per token; nullopt: it does not say.
struct ServerModel {
  std::string id;
  std::optional<int64_t> max_input, max_output;  // tokens
  std::optional<Picodollars> input, cached_input, output;
};

// Starts `worker` ("…/muster-worker"), tells it provider and key through its stdin, and waits for
// its answer, a minute at most. An error is one sentence, as of the server or of the worker.
Result<std::vector<ServerModel>> AskServer(const std::string& worker, const Provider& provider,
                                           const std::string& key);

// The worker's answer, read: {"models": […]} or {"error"}.
Result<std::vector<ServerModel>> ReadServerModels(const std::string& answer);

}  // namespace muster
