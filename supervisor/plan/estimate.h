#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "common/config/config.h"
#include "common/money.h"
#include "common/prices.h"
#include "supervisor/plan/answer_guess.h"
#include "supervisor/plan/estimate_time.h"
#include "supervisor/plan/measured.h"
#include "supervisor/rehearsal.h"

namespace muster {

// Money in three cases; nullopt: not known (no price) or not to be bounded.
//   low       as expected, with the shortest answers that are plausible
//   expected  what such calls came to in this run, where they were measured; else input at 4
//             characters a token, pictures by their size, nothing of it cached, and the answers of
//             answer_guess.h. An answer that stands in a later prompt counts there, 4 characters a
//             token; pictures that an earlier step will name do not count
//   worst     what a budget reserves if every call is asked once: a token for every byte of the
//             request's text, the most its pictures can come to, the longest answers, the dearest
//             rates; and all rounds that can be needed
// A call of which an earlier step decides whether it is made counts as one, but not in `low`. What
// commands and requests cost says the config.
struct CostCases {
  std::optional<Picodollars> low = 0, expected = 0, worst = 0;
  // The worst if every answer had to be asked for again as often as the step allows.
  std::optional<Picodollars> asked_again = 0;

  CostCases& operator+=(const CostCases& other);
};

// The calls of one step to one model.
struct StepEstimate {
  std::vector<std::string> left_out;  // options that the model does not take and that are optional
  size_t step_index = 0;              // in WorkingSteps
  StepModel what;
  int64_t calls = 0;
  int64_t input = 0, output = 0;  // tokens expected of all calls
  int64_t images = 0;             // pictures in them, as far as they are known
  bool more_images = false;       // an earlier step will name further ones
  CostCases cost;                 // of all calls
  // The most that a budget reserves for a single one, answers in its prompt as long as expected.
  std::optional<Picodollars> reserve = 0;
  int64_t ms = 0;              // expected of all calls, one after the other
  int64_t measured_calls = 0;  // what `expected` rests on; 0: a guess
  bool priced = false;
  AnswerGuess answer;  // of one call

  CallKind kind = CallKind::kChat;
  int64_t maybe = 0;       // of the calls: an earlier step decides whether they are made
  int64_t spare = 0;       // further ones, made only where more rounds are needed than expected
  bool more_text = false;  // an earlier step names files that are shown in them

  // What the price table knows of the model; nullopt: nothing.
  std::optional<int64_t> window, max_output;  // tokens
  bool blind = false;                         // it takes no pictures
  int64_t over_window = 0;                    // items with a prompt that is longer than its window
  std::string first_over;                     // the first of them
  int64_t longest_over = 0;                   // tokens of the longest such prompt, expected
};

struct Estimate {
  int64_t items = 0;
  int64_t calls = 0;                // to be made
  int64_t replayed = 0;             // further ones, whose answers the ledger has
  std::vector<StepEstimate> steps;  // in the config's order, then by model
  int64_t input = 0, output = 0;
  CostCases cost;
  int64_t measured_items = 0;  // 0: nothing was measured
  TimeEstimate time;
};

// Adds up rehearsals of items. Memory grows with steps and models, not with items.
class Estimator {
 public:
  // `workers` as many as there will be. The config and prices must outlive it.
  Estimator(const Config& config, const PriceTable& prices, Measurements measured, int64_t workers);

  // `answered`: paths of calls whose answers the ledger has; they cost nothing any more. `id`: how
  // the item is named where something of it is told.
  void Add(const Rehearsal& item, const std::set<std::string>& answered = {},
           const std::string& id = "");
  Estimate Finish() const;

 private:
  // What is the same for all calls of a step to a model.
  struct Row {
    StepEstimate sum;
    const Step* step;
    const Provider* provider;
    ChatOptions options;  // that go out
    std::optional<ModelPrice> price;
    std::string tier;  // the service tier asked for
    std::optional<Measured> measured;
    int64_t expected_text = 0;  // tokens of one answer in later prompts
    int64_t last_over = 0;      // number of the last item that is over the window
  };
  // The size of one request, in tokens.
  struct Input {
    int64_t low = 0, expected = 0;
    int64_t likely_most = 0;      // at most, with answers as long as expected
    std::optional<int64_t> most;  // nullopt: an answer or the pictures in it have no bound
  };

  Row& RowOf(const RehearsedCall& call);
  void Measure(Row& row) const;
  Input InputOf(const RehearsedCall& call, const std::vector<Row*>& before) const;
  // nullopt: not known.
  std::optional<Picodollars> CostOfGuess(const Row& row, int64_t input, int64_t output,
                                         int64_t text) const;
  std::optional<Picodollars> WorstOf(const Row& row, int64_t input_bytes) const;
  CostCases CostOfChat(const Row& row, const RehearsedCall& call, const Input& input) const;
  void AddCall(Row& row, const RehearsedCall& call, const Input& input);
  void LookAtWindow(Row& row, const Input& input, const std::string& id) const;
  int64_t MsOf(const Row& row) const;  // of one call
  StepEstimate Settled(const Row& row) const;

  const Config& config_;
  const std::vector<const Step*> working_;
  const PriceTable& prices_;
  const Measurements measured_;
  const int64_t workers_;
  std::map<std::tuple<size_t, std::string, std::string>, Row> rows_;
  int64_t items_ = 0, replayed_ = 0;
  WorkTime work_;
};

}  // namespace muster
