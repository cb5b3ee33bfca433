#include "tests/fake_provider/openai_endpoints.h"

#include <algorithm>
#include <iterator>

namespace fake_provider::openai {
namespace {

constexpr Endpoint kEndpoints[] = {
    {"/responses", "input", CheckResponses, DemandOfResponses, RespondResponses,
     ResponsesStreamError, ResponsesStreamJunk},
    {"/chat/completions", "messages", CheckChat, DemandOfChat, RespondChat, ChatStreamError,
     ChatStreamJunk},
};

}  // namespace

const Endpoint* FindEndpoint(std::string_view path) {
  auto found = std::find_if(std::begin(kEndpoints), std::end(kEndpoints),
                            [path](const Endpoint& endpoint) { return endpoint.path == path; });
  return found == std::end(kEndpoints) ? nullptr : found;
}

ApiReply ListModels(const Call& call) {
  Json data = Json::array();
  for (const std::string& model :
       ModelsToList(call, {"gpt-5.1", "gpt-5-mini", "gpt-4.1", "gpt-4o", "o3"})) {
    data.push_back(
        {{"id", model}, {"object", "model"}, {"created", 1'700'000'000}, {"owned_by", "system"}});
  }
  return JsonReply(200, {{"object", "list"}, {"data", data}}, 2);
}

}  // namespace fake_provider::openai
