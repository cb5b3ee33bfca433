#include "tests/torture/call_checks.h"

#include <algorithm>

#include "common/hash.h"
#include "common/json.h"
#include "tests/fake_provider/answers.h"

namespace muster::torture {
namespace {

using record::TryOutcome;

// What a raw reply holds; empty where it does not.
struct Reply {
  std::string id, text;
};

Reply ReadReply(const std::string& raw) {
  Reply reply;
  auto json = ParseJson(raw);
  if (!json) return reply;
  reply.id = StringMember(*json, "id");
  const Json* output = Member(*json, "output");
  for (const Json& item : output ? *output : Json::array()) {
    const Json* content = Member(item, "content");
    for (const Json& part : content ? *content : Json::array()) {
      reply.text += StringMember(part, "text");
    }
  }
  return reply;
}

// The id that the provider gives its answer to that request.
std::string IdOfAnswer(const Ask& ask) {
  std::string seed = fmt::format("{} {}", ask.body_sha256, ask.number);
  return "resp_" + Sha256Hex(seed).substr(0, 50);
}

std::string TextOfAnswer(const Ask& ask) {
  fake_provider::Question question;
  question.body_sha256 = ask.body_sha256;
  return fake_provider::Compose(question).text;
}

// The request itself may have been broken off by the provider; muster cannot know what came of it.
bool BrokenOff(const Ask& ask) {
  return ask.outcome == "reset" || ask.outcome == "cut" || ask.outcome == "no-reply" ||
         ask.outcome == "client-gone" || ask.outcome.empty();
}

bool LostWithProcess(const LedgerFacts::Try& sent) {
  return sent.outcome == TryOutcome::kSent || sent.kind == "supervisor-lost" ||
         sent.kind == "worker-lost";
}

bool IsUnknown(const LedgerFacts::Try& sent) {
  return sent.outcome == TryOutcome::kUnknown || sent.outcome == TryOutcome::kSent;
}

// One look at the ledger's calls beside the provider's requests.
class CallInquiry {
 public:
  explicit CallInquiry(const Evidence& evidence)
      : scene_(evidence.scene), ledger_(evidence.ledger), seen_(evidence) {
    for (const auto& [number, ask] : seen_.asks) asked_[PlaceIn(ask.prompt)].push_back(&ask);
  }

  CallFindings Run() {
    for (const auto& [number, call] : ledger_.calls) CheckCall(call);
    CheckAsked();
    CheckMoney();
    CheckLosses();
    return std::move(found_);
  }

 private:
  template <class... Args>
  void Complain(fmt::format_string<Args...> format, Args&&... args) {
    found_.wrong.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  // I3, I4, I6, I7 of one call: its tries against the requests that came from its place.
  void CheckCall(const LedgerFacts::Call& call) {
    const std::vector<const Ask*>& asks = asked_[call.place];
    if (!calls_.insert(call.place).second || call.ask != 1) {
      Complain("I4: {} has several calls (ask {})", call.place, call.ask);
    }
    if (call.rejected) Complain("I4: the answer to {} was rejected", call.place);
    size_t unknown = 0, answered = 0, billed = 0;
    for (const Ask* ask : asks) billed += ask->billed.has_value();
    for (const auto& sent : call.tries) {
      CheckTry(call, sent);
      unknown += IsUnknown(sent);
      answered += sent.outcome == TryOutcome::kAnswered;
    }
    if (asks.size() > call.tries.size()) {
      Complain("I7: {} was asked {} times, the ledger has {} tries", call.place, asks.size(),
               call.tries.size());
    }
    if (billed > answered + unknown) {
      Complain("I7: {} was billed {} times; {} answered, {} unknown", call.place, billed, answered,
               unknown);
    }
    if (answered != (call.answer ? 1 : 0)) {
      Complain("I4: {} has {} tries with an answer, and {} answer", call.place, answered,
               call.answer ? "an" : "no");
    }
    if (call.answer) CheckAnswer(call, asks);
  }

  void CheckTry(const LedgerFacts::Call& call, const LedgerFacts::Try& sent) {
    if (!sent.worst) Complain("I6: a try of {} has no worst case", call.place);
    for (const Ask* ask : asked_[call.place]) {
      if (ask->billed.value_or(0) > sent.worst.value_or(0)) {
        Complain("I6: {} was billed at more than its worst case", call.place);
      }
    }
    if (sent.outcome == TryOutcome::kFailed && sent.cost != 0) {
      Complain("I6: a failed try of {} is not booked as free", call.place);
    }
    if (IsUnknown(sent) && sent.cost) {
      Complain("I6: an unknown try of {} has a cost", call.place);
    }
  }

  void CheckAnswer(const LedgerFacts::Call& call, const std::vector<const Ask*>& asks) {
    Reply reply = ReadReply(*call.answer);
    auto given = std::find_if(asks.begin(), asks.end(),
                              [&](const Ask* ask) { return IdOfAnswer(*ask) == reply.id; });
    if (given == asks.end()) {
      return Complain("I3: the answer to {} is none that the provider gave", call.place);
    }
    if (given + 1 != asks.end()) {
      Complain("I7: {} was asked again (request {}) after its answer (request {})", call.place,
               asks.back()->number, (*given)->number);
    }
    if (reply.text != TextOfAnswer(**given)) {
      Complain("I3: the answer to {} is not what the provider said", call.place);
    }
    for (const auto& sent : call.tries) {
      if (sent.outcome != TryOutcome::kAnswered || sent.cost == (*given)->billed) continue;
      Complain("I6: the answer to {} is booked at {} picodollars, billed at {}", call.place,
               sent.cost.value_or(-1), (*given)->billed.value_or(-1));
    }
    found_.answers[call.place] = reply.text;
  }

  // Every request came from a call that the ledger knows and asked what it was to ask.
  void CheckAsked() {
    for (const auto& [number, ask] : seen_.asks) {
      std::string place = PlaceIn(ask.prompt);
      if (!calls_.contains(place)) {
        Complain("I7: request {} ({}) is not in the ledger", number, place);
      } else if (ask.prompt != scene_.PromptOf(place, found_.answers)) {
        Complain("I3: request {} ({}) asks what it should not: {}", number, place, ask.prompt);
      }
      if (!ask.authorized) Complain("request {} came without the key", number);
    }
  }

  void CheckMoney() {
    int64_t bill = 0, spent = 0, unknown = 0, unknown_ended = 0;
    for (const auto& [number, ask] : seen_.asks) bill += ask.billed.value_or(0);
    for (const auto& [number, call] : ledger_.calls) {
      for (const auto& sent : call.tries) {
        spent += sent.cost.value_or(0);
        if (IsUnknown(sent)) unknown += sent.worst.value_or(0);
        if (sent.outcome == TryOutcome::kUnknown) unknown_ended += sent.worst.value_or(0);
      }
    }
    if (spent > bill || bill > spent + unknown) {
      Complain("I6: spent {} ≤ bill {} ≤ spent + unknown {} does not hold", spent, bill,
               spent + unknown);
    }
    const Totals& shown = ledger_.view_totals;
    if (shown.cost != spent || shown.unknown_cost != unknown_ended) {
      Complain("I6: spent {}, unknown {}; shown are {} and {}", spent, unknown_ended, shown.cost,
               shown.unknown_cost);
    }
  }

  // I7: what deaths made unknown is bounded by what was in the air at each of them.
  void CheckLosses() {
    std::map<int64_t, int64_t> by_session;
    std::map<std::pair<std::string, int64_t>, int64_t> by_attempt;
    int64_t broken_off = seen_.witness.broken_by_us, broken_tries = 0;
    for (const auto& [number, ask] : seen_.asks) broken_off += BrokenOff(ask);
    for (const auto& [number, call] : ledger_.calls) {
      for (const auto& sent : call.tries) {
        if (!IsUnknown(sent)) continue;
        if (!LostWithProcess(sent)) ++broken_tries;
        if (sent.kind == "worker-lost") ++by_attempt[{call.item, sent.attempt}];
        if (LostWithProcess(sent) && sent.kind != "worker-lost") ++by_session[sent.session];
      }
    }
    if (broken_tries > broken_off) {
      Complain("I7: {} tries are unknown, {} requests were broken off", broken_tries, broken_off);
    }
    for (const auto& [session, lost] : by_session) CheckLoss(session, lost);
    for (const auto& [attempt, lost] : by_attempt) {
      if (lost <= scene_.item_concurrency()) continue;
      Complain("I7: {} calls of item {} were lost with one worker", lost, attempt.first);
    }
    CheckDeaths(static_cast<int64_t>(by_session.size()));
  }

  void CheckLoss(int64_t number, int64_t lost) {
    if (lost > scene_.most_in_the_air()) {
      Complain("I7: session {} left {} calls unknown, more than can be in the air", number, lost);
    }
    auto session = ledger_.sessions.find(number);
    if (session == ledger_.sessions.end() || session->second.ended) {
      Complain("I7: session {} ended and left {} calls in the air", number, lost);
    }
  }

  void CheckDeaths(int64_t sessions_with_losses) {
    const Witness& witness = seen_.witness;
    if (sessions_with_losses > witness.supervisors_killed) {
      Complain("I7: {} sessions lost calls, {} were killed", sessions_with_losses,
               witness.supervisors_killed);
    }
    int64_t lost_attempts = 0;
    for (const auto& item : ledger_.items) lost_attempts += item.lost_attempts;
    int64_t deaths = witness.workers_killed + witness.all_workers_killed * scene_.shape().workers;
    if (lost_attempts > deaths) {
      Complain("I7: {} attempts were lost with their workers, at most {} workers were killed",
               lost_attempts, deaths);
    }
  }

  const Scene& scene_;
  const LedgerFacts& ledger_;
  const Evidence& seen_;
  std::map<std::string, std::vector<const Ask*>> asked_;  // by place, in order
  std::set<std::string> calls_;                           // places that the ledger knows
  CallFindings found_;
};

}  // namespace

CallFindings CheckCalls(const Evidence& evidence) { return CallInquiry(evidence).Run(); }

}  // namespace muster::torture
