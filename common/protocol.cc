#include "common/protocol.h"

#include <array>
#include <type_traits>
#include <utility>

#include "common/base64.h"
#include "common/json_writer.h"
#include "common/text.h"

namespace muster {
namespace {

// ---- names of enumerators, both ways ----

template <class E>
using Names = std::pair<E, std::string_view>;

constexpr std::array kFailureNames{
    Names<FailureKind>{FailureKind::kNetwork, "network"},
    Names<FailureKind>{FailureKind::kTimeout, "timeout"},
    Names<FailureKind>{FailureKind::kServer, "server"},
    Names<FailureKind>{FailureKind::kOverloaded, "overloaded"},
    Names<FailureKind>{FailureKind::kRateLimited, "rate-limited"},
    Names<FailureKind>{FailureKind::kQuota, "quota"},
    Names<FailureKind>{FailureKind::kAuth, "auth"},
    Names<FailureKind>{FailureKind::kModelNotFound, "model-not-found"},
    Names<FailureKind>{FailureKind::kBadRequest, "bad-request"},
    Names<FailureKind>{FailureKind::kBadSchema, "bad-schema"},
    Names<FailureKind>{FailureKind::kBadReply, "bad-reply"},
    Names<FailureKind>{FailureKind::kTls, "tls"},
    Names<FailureKind>{FailureKind::kTooLarge, "too-large"},
    Names<FailureKind>{FailureKind::kInternal, "internal"},
};
constexpr std::array kBillingNames{Names<Billing>{Billing::kNo, "no"},
                                   Names<Billing>{Billing::kUsage, "usage"},
                                   Names<Billing>{Billing::kUnknown, "unknown"}};
constexpr std::array kOutcomeNames{Names<Outcome>{Outcome::kDone, "done"},
                                   Names<Outcome>{Outcome::kFailed, "failed"},
                                   Names<Outcome>{Outcome::kInterrupted, "interrupted"}};
constexpr std::array kUnitNames{Names<LimitUnit>{LimitUnit::kRequests, "requests"},
                                Names<LimitUnit>{LimitUnit::kTokens, "tokens"},
                                Names<LimitUnit>{LimitUnit::kInputTokens, "input-tokens"},
                                Names<LimitUnit>{LimitUnit::kOutputTokens, "output-tokens"}};

constexpr const auto& TableOf(FailureKind) { return kFailureNames; }
constexpr const auto& TableOf(Billing) { return kBillingNames; }
constexpr const auto& TableOf(Outcome) { return kOutcomeNames; }
constexpr const auto& TableOf(LimitUnit) { return kUnitNames; }

template <class E>
std::string_view EnumName(E value) {
  for (const auto& [each, name] : TableOf(value)) {
    if (each == value) return name;
  }
  return "?";
}

// ---- the fields of every message: the one list that encodes and decodes ----

#define MUSTER_FIELDS(TYPE)               \
  template <class Visitor, class Message> \
  void Fields(Visitor& v, Message& m) requires std::is_same_v<std::remove_const_t<Message>, TYPE>

MUSTER_FIELDS(Hello) {
  v("version", m.version), v("build", m.build), v("pid", m.pid), v("host", m.host);
  v("warm", m.warm);
}
MUSTER_FIELDS(Usage) {
  v("input", m.input), v("cached", m.cached), v("cache_write", m.cache_write);
  v("cache_write_1h", m.cache_write_1h);
  v("output", m.output), v("reasoning", m.reasoning);
}
MUSTER_FIELDS(Failure) {
  v("kind", m.kind), v("message", m.message), v("status", m.status);
  v("retry_after_ms", m.retry_after_ms), v("billing", m.billing), v("model_only", m.model_only);
}
MUSTER_FIELDS(LimitSeen) {
  v("unit", m.unit), v("limit", m.limit), v("remaining", m.remaining);
  v("full_in_ms", m.full_in_ms);
}
MUSTER_FIELDS(NextAsk) {
  v("request_hash", m.request_hash), v("request_chars", m.request_chars);
  v("input_estimate", m.input_estimate), v("input_most", m.input_most);
}
MUSTER_FIELDS(Call) {
  v("item", m.item), v("attempt", m.attempt), v("call", m.call), v("step", m.step);
  v("provider", m.provider), v("model", m.model), v("request_hash", m.request_hash);
  v("request_chars", m.request_chars), v("input_estimate", m.input_estimate);
  v("output_estimate", m.output_estimate), v("input_most", m.input_most);
  v("output_most", m.output_most), v("ask_again", m.ask_again), v("tier", m.tier);
  v("fixed_cost", m.fixed_cost), v("holds_for", m.holds_for), v("goes_on", m.goes_on);
}
MUSTER_FIELDS(Called) {
  v("item", m.item), v("attempt", m.attempt), v("call", m.call), v("answer", m.answer);
  v("failure", m.failure), v("usage", m.usage), v("served_model", m.served_model);
  v("request_id", m.request_id), v("total_ms", m.total_ms), v("first_byte_ms", m.first_byte_ms);
  v("limits", m.limits), v("tier", m.tier), v("own_cost", m.own_cost), v("partial", m.partial);
}
MUSTER_FIELDS(Rejected) {
  v("item", m.item), v("attempt", m.attempt), v("call", m.call), v("reason", m.reason);
  v("next", m.next), v("stale", m.stale);
}
MUSTER_FIELDS(Event) {
  v("item", m.item), v("attempt", m.attempt), v("kind", m.kind), v("step", m.step),
      v("text", m.text);
}
MUSTER_FIELDS(Alive) { (void)v, (void)m; }
MUSTER_FIELDS(OutputText) { v("output", m.output), v("path", m.path), v("text", m.text); }
MUSTER_FIELDS(Done) {
  v("item", m.item), v("attempt", m.attempt), v("outcome", m.outcome), v("reason", m.reason);
  v("outputs", m.outputs), v("memory_kb", m.memory_kb), v("result", m.result);
}
MUSTER_FIELDS(Bye) { v("boot_failure", m.boot_failure); }
MUSTER_FIELDS(Start) {
  v("version", m.version), v("worker", m.worker), v("config", m.config), v("keys", m.keys);
  v("run_dir", m.run_dir), v("alive_every_ms", m.alive_every_ms), v("lease_ms", m.lease_ms);
  v("verbose", m.verbose);
  v("run_mark", m.run_mark);
}
MUSTER_FIELDS(Item) { v("item", m.item), v("attempt", m.attempt), v("fields", m.fields); }
MUSTER_FIELDS(Go) {
  v("call", m.call), v("ask", m.ask), v("try_number", m.try_number), v("connect_ms", m.connect_ms);
  v("first_byte_ms", m.first_byte_ms), v("between_bytes_ms", m.between_bytes_ms);
  v("total_ms", m.total_ms), v("unsure", m.unsure);
}
MUSTER_FIELDS(Replay) {
  v("call", m.call), v("ask", m.ask), v("answer", m.answer), v("cost", m.cost);
  v("context_window", m.context_window);
}
MUSTER_FIELDS(Kept) { v("call", m.call), v("cost", m.cost), v("context_window", m.context_window); }
MUSTER_FIELDS(Refuse) { v("call", m.call), v("final", m.final), v("reason", m.reason); }
MUSTER_FIELDS(Defer) { v("call", m.call); }
MUSTER_FIELDS(Cancel) { v("item", m.item), v("attempt", m.attempt); }
MUSTER_FIELDS(Stop) { (void)v, (void)m; }

// The names of the types, in the order of the variants above.
template <class Variant>
constexpr auto TypeNames() {
  if constexpr (std::is_same_v<Variant, FromWorker>) {
    return std::array<std::string_view, 8>{"hello", "call",  "called", "rejected",
                                           "event", "alive", "done",   "bye"};
  } else {
    return std::array<std::string_view, 10>{"start",  "item",  "go",    "replay", "kept",
                                            "refuse", "defer", "alive", "cancel", "stop"};
  }
}
static_assert(TypeNames<FromWorker>().size() == std::variant_size_v<FromWorker>);
static_assert(TypeNames<ToWorker>().size() == std::variant_size_v<ToWorker>);

// ---- encoding: straight into the text ----

class Writer {
 public:
  // Appends to `out`, where an object has been begun.
  explicit Writer(std::string& out) : out_(out) {}

  template <class T>
  void operator()(std::string_view name, const T& value) {
    if (out_.back() != '{') out_.push_back(',');
    out_.push_back('"');
    out_ += name;
    out_ += "\":";
    Write(value);
  }
  template <class T>
  void operator()(std::string_view name, const std::optional<T>& value) {
    if (value) (*this)(name, *value);
  }

 private:
  void Write(const Json& value) { AppendJson(value, KeyOrder::kAsTheyCome, out_); }
  void Write(std::string_view value) { AppendJsonString(value, out_); }
  void Write(const std::string& value) { AppendJsonString(value, out_); }
  void Write(int64_t value) { AppendJsonNumber(value, out_); }
  void Write(bool value) { out_ += value ? "true" : "false"; }
  void Write(const Bytes& bytes) {
    if (IsUtf8(bytes.data)) return AppendJsonString(bytes.data, out_);
    out_.push_back('{');
    (*this)("base64", EncodeBase64(bytes.data));
    out_.push_back('}');
  }
  template <class E>
  requires std::is_enum_v<E>
  void Write(E value) { Write(EnumName(value)); }
  template <class T>
  void Write(const std::vector<T>& list) {
    out_.push_back('[');
    for (const T& element : list) {
      if (&element != list.data()) out_.push_back(',');
      Write(element);
    }
    out_.push_back(']');
  }
  template <class T>
  requires std::is_class_v<T>
  void Write(const T& message) {
    out_.push_back('{');
    Fields(*this, message);
    out_.push_back('}');
  }

  std::string& out_;
};

template <class Variant>
std::string EncodeVariant(const Variant& message) {
  std::string text = "{";
  Writer writer(text);
  writer("type", TypeNames<Variant>()[message.index()]);
  std::visit([&](const auto& m) { Fields(writer, m); }, message);
  text.push_back('}');
  return text;
}

// ---- decoding: strict, the first misfit is the error; what is read moves out of the object ----

struct Reader {
  Json& object;
  std::string error;

  template <class T>
  void operator()(const char* name, T& value) {
    if (!error.empty()) return;
    Json* member = Find(object, name);
    if (!member) {
      error = fmt::format("no \"{}\"", name);
    } else if (!Read(*member, value)) {
      error = fmt::format("bad \"{}\"", name);
    }
  }
  template <class T>
  void operator()(const char* name, std::optional<T>& value) {
    if (!error.empty() || !Find(object, name)) return;
    (*this)(name, value.emplace());
  }

  static Json* Find(Json& json, const char* name) { return const_cast<Json*>(Member(json, name)); }

  static bool Read(Json& json, Json& value) { return value = std::move(json), true; }
  static bool Read(Json& json, std::string& value) {
    if (!json.is_string()) return false;
    value = std::move(json.get_ref<std::string&>());
    return true;
  }
  static bool Read(const Json& json, int64_t& value) {
    if (!json.is_number_integer()) return false;
    if (json.is_number_unsigned() && json.get<uint64_t>() > uint64_t{INT64_MAX}) return false;
    value = json.get<int64_t>();
    return true;
  }
  static bool Read(const Json& json, bool& value) {
    if (!json.is_boolean()) return false;
    value = json.get<bool>();
    return true;
  }
  static bool Read(Json& json, Bytes& value) {
    if (json.is_string()) return Read(json, value.data);
    const Json* text = Member(json, "base64");
    if (!text || !text->is_string()) return false;
    auto decoded = DecodeBase64(text->get_ref<const std::string&>());
    if (!decoded) return false;
    value.data = std::move(*decoded);
    return true;
  }
  template <class E>
  requires std::is_enum_v<E>
  static bool Read(const Json& json, E& value) {
    if (!json.is_string()) return false;
    for (const auto& [each, name] : TableOf(value)) {
      if (name == json.get_ref<const std::string&>()) return value = each, true;
    }
    return false;
  }
  template <class T>
  static bool Read(Json& json, std::vector<T>& list) {
    if (!json.is_array()) return false;
    for (Json& element : json) {
      if (!Read(element, list.emplace_back())) return false;
    }
    return true;
  }
  template <class T>
  requires std::is_class_v<T>
  static bool Read(Json& json, T& message) {
    if (!json.is_object()) return false;
    Reader reader{json, {}};
    Fields(reader, message);
    return reader.error.empty();
  }
};

// What no single field shows.
template <class T>
std::string Contradiction(const T&) {
  return "";
}
std::string Contradiction(const Called& m) {
  if (m.answer.has_value() != m.failure.has_value()) return "";
  return "needs one of \"answer\" and \"failure\"";
}

template <class Variant, size_t I = 0>
Result<Variant> DecodeAs(Json& object, std::string_view type) {
  if constexpr (I == std::variant_size_v<Variant>) {
    return Fail("unknown message type \"{}\"", VisibleText(type.substr(0, 64)));
  } else {
    if (TypeNames<Variant>()[I] != type) return DecodeAs<Variant, I + 1>(object, type);
    std::variant_alternative_t<I, Variant> message;
    Reader reader{object, {}};
    Fields(reader, message);
    if (reader.error.empty()) reader.error = Contradiction(message);
    if (!reader.error.empty()) return Fail("message \"{}\": {}", type, reader.error);
    return Variant(std::in_place_index<I>, std::move(message));
  }
}

template <class Variant>
Result<Variant> Decode(std::string_view text) {
  auto json = ParseJson(text);
  if (!json) return Error{json.error()};
  if (!json->is_object()) return Fail("a message is an object");
  return DecodeAs<Variant>(*json, StringMember(*json, "type"));
}

}  // namespace

std::string Encode(const FromWorker& message) { return EncodeVariant(message); }
std::string Encode(const ToWorker& message) { return EncodeVariant(message); }

Result<FromWorker> DecodeFromWorker(std::string_view json) { return Decode<FromWorker>(json); }
Result<ToWorker> DecodeToWorker(std::string_view json) { return Decode<ToWorker>(json); }

std::string_view Name(FailureKind kind) { return EnumName(kind); }
std::string_view Name(Billing billing) { return EnumName(billing); }
std::string_view Name(LimitUnit unit) { return EnumName(unit); }

}  // namespace muster
