#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fake_provider/action.h"
#include "tests/fake_provider/result.h"

namespace fake_provider {

// What rules look at in a request.
struct Circumstances {
  std::string_view path;
  std::string_view model;
  std::string_view body;
  std::string_view body_sha256;
  int64_t repeat = 1;  // how many times this very body was asked, this time included
  int nth_on_connection = 1;
};

// The faults a test asks for, as rules; the first that matches a request acts on it.
//
//   {"seed": 1, "rules": [{"match": {"nth": 3}, "times": 2, "action": {"status": 500}}]}
//
// All that "match" names must hold; without it the rule is for every request:
//   "path": "/responses"   part of the path
//   "model": "gpt-5.1"     the whole name
//   "body": "text"         part of the body
//   "repeat": 1 or [1, 3]  which ask of the same body
//   "probability": 0.1     by a hash of seed, rule, body and repeat: neither the order of requests
//                          nor the time matters
//   "nth": 3               and "from": 3, "to": 5 and "every": 7 count the requests for which all
//                          else holds, whether or not an earlier rule took them
// "times" is how often the rule acts at most. What "action" can say stands at struct Action.
class Script {
 public:
  Script() = default;  // no rules

  static Result<Script> Parse(std::string_view text);

  // The action for this request, or null; counts it. Valid as long as the script.
  const Action* Choose(const Circumstances& request);

  size_t size() const { return rules_.size(); }

 private:
  static constexpr int64_t kNoEnd = std::numeric_limits<int64_t>::max();

  struct Rule {
    std::string path;
    std::string body;
    std::string model;
    int64_t first_repeat = 1;
    int64_t last_repeat = kNoEnd;
    std::optional<double> probability;
    int64_t from = 1;
    int64_t to = kNoEnd;
    int64_t every = 1;
    int64_t times = kNoEnd;
    Action action;
    int64_t matched = 0;  // requests for which all but from, to and every held
    int64_t acted = 0;
  };

  static Result<Rule> ParseRule(const Json& json);
  static void SetCondition(Rule& rule, const std::string& name, const Json& value);
  bool Holds(size_t index, const Circumstances& request) const;
  bool Happens(size_t index, double probability, const Circumstances& request) const;

  int64_t seed_ = 0;
  std::vector<Rule> rules_;
};

}  // namespace fake_provider
