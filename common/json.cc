#include "common/json.h"

#include <cmath>
#include <unordered_set>
#include <vector>

#include "common/json_reader.h"
#include "common/json_writer.h"
#include "common/text.h"

namespace muster {
namespace {

constexpr size_t kKeyShown = 60;  // bytes of a foreign key in an error

// Builds a value from nlohmann's events: members keep their order, a key that comes twice and what
// is nested too deep are errors. nlohmann's own builder looks for every new key among all members
// so far, so that large objects take it the square of their size.
class Builder : public nlohmann::json_sax<Json> {
 public:
  Json root;
  std::string error;

  bool null() override { return Add(nullptr); }
  bool boolean(bool value) override { return Add(value); }
  bool number_integer(number_integer_t value) override { return Add(value); }
  bool number_unsigned(number_unsigned_t value) override { return Add(value); }
  bool number_float(number_float_t value, const string_t&) override { return Add(value); }
  bool string(string_t& value) override { return Add(std::move(value)); }
  bool binary(binary_t& value) override { return Add(std::move(value)); }

  bool start_object(std::size_t) override { return Open(Json::object()); }
  bool start_array(std::size_t) override { return Open(Json::array()); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }

  bool key(string_t& name) override {
    if (!open_.back().keys.insert(name).second) {
      error = "duplicate key \"" + VisibleText(name.substr(0, kKeyShown)) + "\"";
      return false;
    }
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t byte, const std::string&, const Json::exception& e) override {
    bool syntax = dynamic_cast<const Json::parse_error*>(&e);
    error = syntax ? fmt::format("syntax error at byte {}", byte) : e.what();
    return false;
  }

 private:
  // An array or object that is not closed yet. Its value moves only when an outer one grows, which
  // waits for its end.
  struct Level {
    Json* value;
    std::unordered_set<std::string> keys;
  };
  using Members = std::vector<Json::object_t::value_type>;

  template <class T>
  Json* Put(T&& value) {
    if (open_.empty()) return &(root = std::forward<T>(value));
    Json& around = *open_.back().value;
    if (around.is_array()) return &around.emplace_back(std::forward<T>(value));
    Members& members = around.get_ref<Json::object_t&>();
    return &members.emplace_back(std::move(key_), std::forward<T>(value)).second;
  }

  template <class T>
  bool Add(T&& value) {
    Put(std::forward<T>(value));
    return true;
  }

  bool Open(Json empty) {
    if (open_.size() + 1 > static_cast<size_t>(kMaxJsonDepth)) {
      error = fmt::format("nested deeper than {} levels", kMaxJsonDepth);
      return false;
    }
    Json* value = Put(std::move(empty));
    open_.push_back({value, {}});
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  std::vector<Level> open_;
  std::string key_;
};

}  // namespace

Result<Json> ParseJson(std::string_view text) {
  if (auto plain = ReadPlainJson(text)) return *std::move(plain);
  // nlohmann takes a NUL for the end of its input and would accept what stands behind it.
  size_t nul = text.find('\0');
  if (nul != std::string_view::npos) return Fail("not JSON: syntax error at byte {}", nul + 1);
  Builder builder;
  if (!Json::sax_parse(text, &builder)) return Fail("not JSON: {}", builder.error);
  return std::move(builder.root);
}

std::string DumpJson(const Json& value) {
  std::string text;
  AppendJson(value, KeyOrder::kAsTheyCome, text);
  return text;
}

std::string PrettyJson(const Json& value) {
  return value.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string CanonicalJson(const Json& value) {
  std::string text;
  AppendJson(value, KeyOrder::kSorted, text);
  return text;
}

Json ObjectWithRoom(size_t members) {
  Json::object_t object;
  object.reserve(members);
  return object;
}

const Json* Member(const Json& value, std::string_view key) {
  if (!value.is_object()) return nullptr;
  for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) {
    if (name == key) return &member;
  }
  return nullptr;
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
