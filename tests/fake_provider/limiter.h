#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/fake_provider/loop.h"
#include "tests/fake_provider/meter.h"

namespace fake_provider {

// What a limit counts.
enum class Quantity { kConcurrency, kRequests, kTokens, kInputTokens, kOutputTokens };

// Limits that hold for the requests of one model or, with "*", for those of all models together. 0:
// no limit. A model can have several, such as per minute and per day: all must have room.
struct LimitRule {
  std::string model = "*";
  MeterKind kind = MeterKind::kSliding;
  Clock::duration window = std::chrono::minutes(1);
  int64_t requests = 0;  // per window, as are the three below
  int64_t tokens = 0;    // input and output
  int64_t input_tokens = 0;
  int64_t output_tokens = 0;
  int64_t concurrency = 0;  // being answered at once

  int64_t Most(Quantity what) const;
};

// Whether one more request may be taken. A refused request leaves no trace.
//
// Tokens are counted as providers count them. A request counts its input tokens when it is
// admitted, by the provider's own tokenizer (answers.h). With `count_max_tokens` it also counts the
// most that it wants to be answered (max_output_tokens and the like; what names none counts none),
// at that same instant. When the answer has been generated, that guess is given back and the tokens
// generated count, from then on. So in a sliding window input counts from the instant of admission
// and output from the instant of generation; a bucket gets the guess back and pays the output at
// the end. Without `count_max_tokens` output can pass the limit by what was in the air; then
// nothing is admitted until that is worked off.
class Limiter {
 public:
  // What a request will need.
  struct Demand {
    std::string model;
    int64_t input = 0;
    int64_t most_output = 0;  // 0: the request does not say
  };

  // Why a request was refused: the limit that keeps it out longest.
  struct Refusal {
    Quantity what = Quantity::kRequests;
    int64_t limit = 0;
    int64_t used = 0;
    int64_t requested = 0;
    Clock::duration window{};
    bool too_large = false;  // it never fits
    Clock::duration wait{};  // until there is room at the earliest; 0: nobody knows
  };

  // What x-ratelimit-… headers tell of one quantity.
  struct Standing {
    Quantity what = Quantity::kRequests;
    int64_t limit = 0;
    int64_t remaining = 0;
    Clock::duration reset{};  // until all of it is there again
  };

  Limiter(const std::vector<LimitRule>& rules, bool count_max_tokens);

  // Other rules from now on. What was used under a rule of the same model, window and kind stays
  // used; a rule without a forerunner begins fresh.
  void Replace(const std::vector<LimitRule>& rules, bool count_max_tokens, Clock::time_point now);

  // Admits the request, to be named `number` until Release(), or says why not.
  std::optional<Refusal> Admit(uint64_t number, const Demand& demand, Clock::time_point now);

  // Its answer was generated, so many tokens long. Does nothing for a number not admitted.
  void Generated(uint64_t number, int64_t output, Clock::time_point now);

  // It is no longer being answered. One that was not generated costs no output.
  void Release(uint64_t number, Clock::time_point now);

  // For requests and tokens of each kind, when limited: the rule with least left.
  std::vector<Standing> StandingsAt(std::string_view model, Clock::time_point now);

  // The lowest limit on `model` ("*": on all together) over exactly that window; 0: none.
  int64_t LowestLimit(std::string_view model, Quantity what, Clock::duration window) const;

 private:
  // One limit of a rule. In-flight requests share the meter: it may outlive its rule.
  struct Gauge {
    Quantity what;
    std::shared_ptr<Meter> meter;
  };
  struct Rule {
    LimitRule limits;
    std::vector<Gauge> gauges;
  };
  // What an admitted request has taken that its answer will correct.
  struct Guess {
    std::shared_ptr<Meter> meter;
    Meter::Entry entry = 0;
  };
  struct Open {
    std::string model;
    std::vector<Guess> guesses;
    int64_t guessed = 0;  // output tokens
    bool generated = false;
  };

  int64_t AmountOf(Quantity what, const Demand& demand) const;
  std::optional<Refusal> Refuses(const Rule& rule, const Demand& demand, Clock::time_point now);
  int64_t InAir(const LimitRule& limits) const;
  void Settle(Open& open, int64_t output, Clock::time_point now);
  std::shared_ptr<Meter> Inherit(const LimitRule& limits, Quantity what, Clock::time_point now);

  std::vector<Rule> rules_;
  bool count_max_tokens_ = false;
  std::unordered_map<uint64_t, Open> open_;
  std::map<std::string, int64_t, std::less<>> in_air_;  // by model
};

}  // namespace fake_provider
