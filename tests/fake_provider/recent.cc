#include "tests/fake_provider/recent.h"

#include <algorithm>
#include <string_view>

namespace fake_provider {
namespace {

constexpr size_t kMaxRequests = 1000;
constexpr size_t kMaxBytes = 128u << 20;
constexpr std::string_view kKeyHeaders[] = {"Authorization", "api-key", "x-api-key",
                                            "x-goog-api-key", "Proxy-Authorization"};

bool CarriesKey(std::string_view name) {
  return std::any_of(std::begin(kKeyHeaders), std::end(kKeyHeaders),
                     [name](std::string_view known) { return SameName(known, name); });
}

}  // namespace

void RecentRequests::Keep(uint64_t number, uint64_t connection, const Request& request) {
  kept_.push_back(Kept{number, connection, request});
  bytes_ += request.body.size();
  for (auto& [name, value] : kept_.back().request.headers) {
    if (CarriesKey(name)) value = "present";
  }
  while (kept_.size() > kMaxRequests || (bytes_ > kMaxBytes && kept_.size() > 1)) {
    bytes_ -= kept_.front().request.body.size();
    kept_.pop_front();
  }
}

Json RecentRequests::ToJson(size_t count) const {
  Json list = Json::array();
  for (size_t i = kept_.size() - std::min(count, kept_.size()); i < kept_.size(); ++i) {
    const Request& request = kept_[i].request;
    Json headers = Json::array();
    for (const auto& [name, value] : request.headers) headers.push_back(Json::array({name, value}));
    list.push_back({{"n", kept_[i].number},
                    {"connection", kept_[i].connection},
                    {"method", request.method},
                    {"target", request.target},
                    {"headers", headers},
                    {"body", request.body}});
  }
  return list;
}

}  // namespace fake_provider
