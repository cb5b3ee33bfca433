#include "common/json.h"

#include <cmath>
#include <set>
#include <vector>

#include "common/text.h"

namespace muster {
namespace {

constexpr size_t kKeyShown = 60;  // bytes of a foreign key in an error

// Watches one parse from nlohmann's callback: counts depth and keeps the keys seen per open object.
class ParseGuard {
 public:
  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if (event == Event::object_start) {
      keys_.emplace_back();
    } else if (event == Event::object_end) {
      keys_.pop_back();
    } else if (event == Event::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys_.back().insert(key).second) {
        throw std::runtime_error("duplicate key \"" + VisibleText(key.substr(0, kKeyShown)) + "\"");
      }
    }
    bool opens = event == Event::object_start || event == Event::array_start;
    if (depth + opens > kMaxJsonDepth) {
      throw std::runtime_error(fmt::format("nested deeper than {} levels", kMaxJsonDepth));
    }
    return true;
  }

 private:
  std::vector<std::set<std::string>> keys_;
};

}  // namespace

Result<Json> ParseJson(std::string_view text) {
  // nlohmann takes a NUL for the end of its input and would accept what stands behind it.
  size_t nul = text.find('\0');
  if (nul != std::string_view::npos) return Fail("not JSON: syntax error at byte {}", nul + 1);
  try {
    ParseGuard guard;
    return Json::parse(text, std::ref(guard));
  } catch (const Json::parse_error& e) {
    return Fail("not JSON: syntax error at byte {}", e.byte);
  } catch (const std::exception& e) {
    return Fail("not JSON: {}", e.what());
  }
}

std::string DumpJson(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string PrettyJson(const Json& value) {
  return value.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string CanonicalJson(const Json& value) {
  return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

const Json* Member(const Json& value, std::string_view key) {
  if (!value.is_object()) return nullptr;
  auto it = value.find(key);
  return it == value.end() ? nullptr : &*it;
}

std::string StringMember(const Json& value, std::string_view key) {
  const Json* member = Member(value, key);
  return member && member->is_string() ? member->get<std::string>() : std::string();
}

std::optional<int64_t> IntMember(const Json& value, std::string_view key) {
  const Json* member = Member(value, key);
  if (!member || !member->is_number_integer()) return std::nullopt;
  if (member->is_number_unsigned() && member->get<uint64_t>() > uint64_t{INT64_MAX}) {
    return std::nullopt;
  }
  return member->get<int64_t>();
}

std::optional<double> NumberMember(const Json& value, std::string_view key) {
  const Json* member = Member(value, key);
  if (!member || !member->is_number()) return std::nullopt;
  double number = member->get<double>();
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

}  // namespace muster
