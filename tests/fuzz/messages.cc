#include <string>

#include "common/json.h"
#include "common/protocol.h"
#include "common/text.h"
#include "tests/fuzz/targets.h"

namespace muster::fuzz {
namespace {

bool Holds(const Json& whole, const Json& part);

bool HoldsMembers(const Json& whole, const Json& part) {
  for (const auto& [key, value] : part.items()) {
    const Json* member = Member(whole, key);
    if (!member || !Holds(*member, value)) return false;
  }
  return true;
}

bool HoldsElements(const Json& whole, const Json& part) {
  if (whole.size() != part.size()) return false;
  for (size_t i = 0; i < part.size(); ++i) {
    if (!Holds(whole[i], part[i])) return false;
  }
  return true;
}

// Bytes, which both a text and {"base64": …} stand for, are no matter of this.
bool Holds(const Json& whole, const Json& part) {
  if (Member(whole, "base64")) return part.is_string() || part.is_object();
  if (whole.is_object() && part.is_object()) return HoldsMembers(whole, part);
  if (whole.is_array() && part.is_array()) return HoldsElements(whole, part);
  return whole == part;
}

// A message says what its JSON says, and the same when it is sent on.
template <class Message>
void Check(std::string_view text, Result<Message> (*decode)(std::string_view)) {
  auto message = decode(text);
  if (!message) {
    Must(!message.error().empty(), "a misfit without a word");
    Must(VisibleText(message.error()) == message.error(), "a raw message");
    Must(message.error().size() < 500, "an endless message");
    return;
  }
  std::string sent = Encode(*message);
  Must(sent.find('\n') == sent.npos, "a message of two lines");
  auto written = ParseJson(sent);
  Must(written.ok() && Holds(*ParseJson(text), *written), "a message says what was not sent");
  auto again = decode(sent);
  Must(again.ok() && again->index() == message->index(), "a message that is none when sent on");
  Must(Encode(*again) == sent, "a message that changes when sent on");
}

}  // namespace

void FuzzMessages(std::string_view bytes) {
  Check(bytes, DecodeFromWorker);
  Check(bytes, DecodeToWorker);
}

}  // namespace muster::fuzz
