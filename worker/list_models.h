#pragma once

// What models a provider's server lists: the only thing muster ever asks a server besides calls,
// for `muster models`. The supervisor has no HTTP; it starts this program with --list-models.

#include <optional>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/fd.h"
#include "common/json.h"
#include "common/money.h"
#include "common/result.h"

namespace muster {

// A model as its server describes it. Prices are picodollars per token; nullopt: it does not say.
struct ListedModel {
  std::string id;                                // as `model: provider/ID` has it
  std::optional<int64_t> max_input, max_output;  // tokens
  std::optional<Picodollars> input, cached_input, output;
};

// One page of a list.
struct ModelPage {
  std::vector<ListedModel> models;
  std::string next;  // what asks for the next page; empty: it is the last
};

// The path behind a provider's base URL that lists its models, from `next` on ("": the first page);
// "" for an API that has no list.
std::string ModelListPath(const std::string& api, const std::string& next);

// Reads a page, whatever shape it has; an error says what it lacks. What has no id is left out.
Result<ModelPage> ReadModelPage(const std::string& api, const Json& body);

// Asks the server, page by page, each model once. `key` may be empty; errors never repeat it.
Result<std::vector<ListedModel>> ListModels(const Provider& provider, const std::string& key);

// Reads {"provider": as in ConfigToJson, "key"} from `in` to its end and writes {"models": [{"id",
// "max_input", "max_output", "input", "cached_input", "output"}]} or {"error"} to `out`. 0, or 1
// where nobody can be told.
int ServeModelList(Fd in, Fd out);

}  // namespace muster
