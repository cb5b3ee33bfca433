#include "common/json.h"

#include <set>
#include <string>
#include <vector>

#include "common/json_reader.h"
#include "common/json_writer.h"
#include "common/text.h"
#include "tests/fuzz/targets.h"

namespace muster::fuzz {
namespace {

// nlohmann's own parser, and what ParseJson refuses beyond it.
class Oracle {
 public:
  explicit Oracle(std::string_view text) {
    if (text.find('\0') != text.npos) return;
    auto watch = [this](int depth, Json::parse_event_t event, Json& parsed) {
      return Watch(depth, event, parsed);
    };
    value_ = Json::parse(text, watch, false);
    accepts_ = !value_.is_discarded() && !too_deep_ && !twice_;
  }

  bool accepts() const { return accepts_; }
  const Json& value() const { return value_; }

 private:
  bool Watch(int depth, Json::parse_event_t event, Json& parsed) {
    bool opens =
        event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
    if (opens && depth >= kMaxJsonDepth) too_deep_ = true;
    if (event == Json::parse_event_t::object_start) keys_.emplace_back();
    if (event == Json::parse_event_t::object_end) keys_.pop_back();
    if (event == Json::parse_event_t::key) {
      twice_ |= !keys_.back().insert(parsed.get<std::string>()).second;
    }
    return true;
  }

  Json value_;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open
  bool accepts_ = false, too_deep_ = false, twice_ = false;
};

// Equal, and of the same kinds of numbers.
bool Same(const Json& one, const Json& other) { return one == other && one.dump() == other.dump(); }

void CheckWritten(const Json& value) {
  std::string line = DumpJson(value);
  Must(line == value.dump(-1, ' ', false, Json::error_handler_t::replace), "another line");
  Must(CanonicalJson(value) == nlohmann::json::parse(line).dump(), "another order of keys");
  for (const std::string& text : {line, PrettyJson(value), CanonicalJson(value)}) {
    auto again = ParseJson(text);
    Must(again.ok(), "what was written is no JSON");
    Must(CanonicalJson(*again) == CanonicalJson(value), "what was written is another value");
  }
  Must(Same(*ParseJson(line), value), "the line is another value");
}

// Bytes of any kind as a text.
void CheckText(std::string_view bytes) {
  std::string text;
  AppendJsonString(bytes, text);
  Must(text == Json(bytes).dump(-1, ' ', false, Json::error_handler_t::replace), "another text");
  auto again = ParseJson(text);
  Must(again.ok() && again->is_string(), "a text that is no JSON");
  if (IsUtf8(bytes)) Must(again->get<std::string>() == bytes, "a text that changed");
}

}  // namespace

void FuzzJson(std::string_view bytes) {
  Oracle oracle(bytes);
  if (auto plain = ReadPlainJson(bytes)) {
    Must(oracle.accepts(), "the quick reader takes what is no JSON");
    Must(Same(*plain, oracle.value()), "the quick reader reads another value");
  }
  auto value = ParseJson(bytes);
  Must(value.ok() == oracle.accepts(), "taken by one parser alone");
  if (value) {
    Must(Same(*value, oracle.value()), "another value");
    CheckWritten(*value);
  } else {
    Must(value.error().starts_with("not JSON: "), "an error without its beginning");
    Must(VisibleText(value.error()) == value.error(), "a raw message");
    Must(value.error().size() < 500, "an endless message");
  }
  CheckText(bytes);
}

}  // namespace muster::fuzz
