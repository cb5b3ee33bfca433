#include "supervisor/plan/estimate_page.h"

#include <algorithm>
#include <array>
#include <vector>

#include "common/chat_options.h"
#include "common/pricing.h"
#include "common/text.h"
#include "supervisor/plan/budget_check.h"

namespace muster {
namespace {

constexpr int kColumns = 80;
constexpr int kLabel = 11;        // columns of a label and what is behind it
constexpr int kLongestName = 20;  // columns of a step or model in the table

// "9,999", "123k", "1.23M": at most seven columns for what a run can have.
std::string Compact(int64_t count) {
  if (count < 100'000) return FormatCount(count);
  constexpr std::array kUnits{"k", "M", "G", "T"};
  double value = static_cast<double>(count) / 1'000;
  size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) value /= 1'000, ++unit;
  int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}{}", value, digits, kUnits[unit]);
}

std::string MoneyText(const std::optional<Picodollars>& amount) {
  return amount ? FormatMoney(*amount) : "unknown";
}

std::string ItemsText(int64_t items) {
  return fmt::format("{} {}", FormatCount(items), items == 1 ? "item" : "items");
}

using Line = std::array<std::string, 7>;

Line LineOf(const std::string& name, int64_t calls, int64_t input, int64_t output,
            const CostCases& cost) {
  return {FitColumns(name, kLongestName),
          Compact(calls),
          Compact(input),
          Compact(output),
          MoneyText(cost.low),
          MoneyText(cost.expected),
          MoneyText(cost.worst)};
}

std::vector<Line> LinesOf(const Estimate& estimate) {
  std::vector<Line> lines{{"step", "calls", "tokens in", "out", "low", "expected", "worst"}};
  const std::vector<StepEstimate>& steps = estimate.steps;
  auto same_step = [](const StepEstimate& a, const StepEstimate& b) {
    return a.step_index == b.step_index;
  };
  for (size_t i = 0; i < steps.size(); ++i) {
    const StepEstimate& each = steps[i];
    bool first = i == 0 || !same_step(steps[i - 1], each);
    bool several = !first || (i + 1 < steps.size() && same_step(steps[i + 1], each));
    if (several && first) lines.push_back({FitColumns(each.what.step, kLongestName)});
    std::string name =
        several ? "  " + VisibleText(each.what.provider + "/" + each.what.model) : each.what.step;
    lines.push_back(LineOf(name, each.calls, each.input, each.output, each.cost));
  }
  lines.push_back(LineOf("all", estimate.calls, estimate.input, estimate.output, estimate.cost));
  return lines;
}

std::string Padded(const std::string& text, int columns, bool right) {
  std::string space(static_cast<size_t>(std::max(0, columns - ColumnsOf(text))), ' ');
  return right ? space + text : text + space;
}

// The chat steps whose numbers were guessed (or measured), each once: "chunks, transcript".
std::vector<const StepEstimate*> Steps(const Estimate& estimate, bool measured) {
  std::vector<const StepEstimate*> steps;
  for (const StepEstimate& each : estimate.steps) {
    bool wanted = each.kind == CallKind::kChat && (each.measured_calls > 0) == measured;
    bool again = !steps.empty() && steps.back()->step_index == each.step_index;
    if (wanted && !again) steps.push_back(&each);
  }
  return steps;
}

bool HasImages(const Estimate& estimate) {
  return std::any_of(estimate.steps.begin(), estimate.steps.end(),
                     [](const StepEstimate& each) { return each.images > 0; });
}

std::string ExpectedText(const Estimate& estimate) {
  auto measured = Steps(estimate, true), guessed = Steps(estimate, false);
  std::string text;
  if (!measured.empty()) {
    text = "measured on " + ItemsText(estimate.measured_items);
    if (guessed.empty()) return text;
    std::vector<std::string> names;
    for (const StepEstimate* each : measured) names.push_back(each->what.step);
    text += fmt::format(" ({}); the rest ", fmt::join(names, ", "));
  }
  if (guessed.empty()) return "commands and requests as the config prices them";
  std::vector<std::string> answers;
  for (const StepEstimate* each : guessed) {
    answers.push_back(fmt::format("{} of {}", FormatCount(each->answer.expected), each->what.step));
  }
  return text + fmt::format(
                    "guessed: 4 characters a token, {}nothing cached, answers by verbosity "
                    "and reasoning_effort (tokens: {}); low: {} tokens",
                    HasImages(estimate) ? "pictures by their size, " : "", fmt::join(answers, ", "),
                    guessed.front()->answer.low);
}

// Why the worst case has no bound.
std::string UnboundedText(const Estimate& estimate) {
  for (const StepEstimate& each : estimate.steps) {
    if (each.more_images) {
      return fmt::format("an earlier step names pictures of {}, nobody says how many",
                         each.what.step);
    }
    if (each.more_text) {
      return fmt::format("an earlier step names files of {}, nobody says how long they are",
                         each.what.step);
    }
  }
  bool prints = std::any_of(estimate.steps.begin(), estimate.steps.end(),
                            [](const StepEstimate& each) { return each.kind != CallKind::kChat; });
  if (prints) return "nobody says how long an answer, or what a command prints, can be";
  return "nobody says how long an answer can be";
}

std::string CostText(const Estimate& estimate) {
  const CostCases& cost = estimate.cost;
  if (!cost.expected) {
    bool model = std::any_of(
        estimate.steps.begin(), estimate.steps.end(),
        [](const StepEstimate& each) { return each.kind == CallKind::kChat && !each.priced; });
    return model ? "unknown: a model has no price" : "unknown: a request has no cost_per_call";
  }
  std::string text =
      fmt::format("about {} (low {}), ", FormatMoney(*cost.expected), MoneyText(cost.low));
  if (!cost.worst) return text + "not to be bounded: " + UnboundedText(estimate);
  text += fmt::format("at most {} if nothing has to be asked again", FormatMoney(*cost.worst));
  if (cost.asked_again && *cost.asked_again > *cost.worst) {
    text +=
        fmt::format(", {} if every answer had to be asked for again as often as its step allows",
                    FormatMoney(*cost.asked_again));
  }
  return text;
}

std::string TimeText(const TimeEstimate& time) {
  if (time.held_by.empty()) return "nothing is left to do";
  return fmt::format("{}, held by {}", AboutTime(time.time), VisibleText(time.held_by));
}

std::string LeftOutText(const StepEstimate& step) {
  return VisibleText(fmt::format("{}: {}/{} does not take {}", step.what.step, step.what.provider,
                                 step.what.model, fmt::join(step.left_out, ", ")));
}

// To ask whether a model takes max_tokens at all.
ChatStep WithMaxTokens() {
  ChatStep chat;
  chat.options.max_tokens = 100'000;
  return chat;
}

// A step without max_tokens, whose calls reserve all that the model can say.
std::string MaxTokensHint(const Config& config, const PriceTable& prices,
                          const StepEstimate& step) {
  const Provider& provider = config.providers.at(step.what.provider);
  if (step.kind != CallKind::kChat) return "";
  const ChatStep& chat = *WorkingSteps(config)[step.step_index]->chat;
  auto taken = TakeOptions(provider, step.what.model, chat);
  bool taken_at_all = !FindRefusedOption(provider, step.what.model, WithMaxTokens());
  if (!taken || taken->options.max_tokens || !taken_at_all || !step.priced || !step.answer.most ||
      step.calls == 0)
    return "";
  int64_t roomy = RoomyMaxTokens(std::max<int64_t>(step.output / step.calls, 1));
  if (roomy >= *step.answer.most) return "";
  auto price = FindPrice(prices, provider, step.what.model);
  const std::string& tier = taken->options.service_tier;
  auto costs = [&](int64_t tokens) { return MoneyText(WorstCost(*price, 0, tokens, tier)); };
  return fmt::format(
      "{}: no max_tokens, so each call reserves up to {} tokens of answer ({}); "
      "max_tokens: {} would reserve {}",
      step.what.step, FormatCount(*step.answer.most), costs(*step.answer.most), roomy,
      costs(roomy));
}

// What is likely to go wrong with a model, as far as the price table knows it.
std::string WarningsText(const StepEstimate& step, std::optional<int64_t> max_tokens) {
  std::string page, model = VisibleText(step.what.provider + "/" + step.what.model);
  auto warn = [&](const std::string& text) {
    page += LabelledText("warning", step.what.step + ": " + text);
  };
  if (step.over_window > 0) {
    warn(
        fmt::format("over the context window of {} ({} tokens): {}, first {}, the longest about "
                    "{} tokens",
                    model, FormatCount(*step.window), ItemsText(step.over_window),
                    VisibleText(step.first_over), FormatCount(step.longest_over)));
  }
  if (max_tokens && step.max_output && *max_tokens > *step.max_output) {
    warn(fmt::format("max_tokens is {}, but {} answers with at most {} tokens",
                     FormatCount(*max_tokens), model, FormatCount(*step.max_output)));
  }
  if (step.blind && (step.images > 0 || step.more_images)) {
    warn(fmt::format("it shows pictures, but {} is not known to take any", model));
  }
  return page;
}

std::string CallsText(int64_t calls) {
  return calls == 1 ? "1 call" : FormatCount(calls) + " calls";
}

// Calls that may or may not be made.
std::string UnsureText(const StepEstimate& step) {
  std::string page;
  if (step.maybe > 0) {
    page += LabelledText("note", fmt::format("{}: {} only where an earlier step's answer wants {} "
                                             "(when); low counts none",
                                             step.what.step, CallsText(step.maybe),
                                             step.maybe == 1 ? "it" : "them"));
  }
  if (step.spare > 0) {
    page += LabelledText("note", fmt::format("{}: up to {} more where further rounds are needed; "
                                             "worst counts them",
                                             step.what.step, CallsText(step.spare)));
  }
  return page;
}

}  // namespace

std::string LabelledText(const std::string& label, const std::string& text) {
  std::string page = "  " + Padded(label, kLabel, false), space(kLabel + 2, ' ');
  int column = kLabel + 2;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find_first_of(" \n", at), text.size());
    std::string word = text.substr(at, end - at);
    bool begins = column == kLabel + 2;
    if (!begins && column + 1 + ColumnsOf(word) > kColumns) {
      page += "\n" + space;
      column = kLabel + 2;
      begins = true;
    }
    page += begins ? word : " " + word;
    column += ColumnsOf(word) + !begins;
    if (end < text.size() && text[end] == '\n') {
      page += "\n" + space;
      column = kLabel + 2;
    }
    at = end + 1;
  }
  return page + "\n";
}

std::string AboutTime(Milliseconds time) {
  double seconds = static_cast<double>(time.count()) / 1'000;
  if (seconds < 1) return "less than a second";
  if (seconds < 99.5) return fmt::format("about {:.0f} s", seconds);
  if (seconds < 99.5 * 60) return fmt::format("about {:.0f} min", seconds / 60);
  if (seconds < 47.95 * 3'600) return fmt::format("about {:.1f} h", seconds / 3'600);
  return fmt::format("about {:.1f} days", seconds / 86'400);
}

std::string EstimateTable(const Estimate& estimate) {
  std::vector<Line> lines = LinesOf(estimate);
  std::array<int, 7> widths{};
  for (const Line& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], ColumnsOf(line[i]));
  }
  std::string page;
  for (const Line& line : lines) {
    std::string row;
    for (size_t i = 0; i < line.size(); ++i) row += "  " + Padded(line[i], widths[i], i > 0);
    row.erase(row.find_last_not_of(' ') + 1);
    page += row + "\n";
  }
  return page;
}

std::string EstimateNotes(const Config& config, const PriceTable& prices,
                          const Estimate& estimate) {
  std::string page = LabelledText("cost", CostText(estimate));
  if (!estimate.steps.empty()) page += LabelledText("expected", ExpectedText(estimate));
  page += LabelledText("worst",
                       fmt::format("what a budget reserves: a token for every byte of a request{}, "
                                   "answers of max_tokens or the model's maximum",
                                   HasImages(estimate) ? ", pictures at their most" : ""));
  page += LabelledText("time", TimeText(estimate.time));
  page += LabelledText(
      "prices", fmt::format("{} of {}", VisibleText(prices.source()), VisibleText(prices.date())));
  return page + EstimateHints(config, prices, estimate);
}

std::string EstimateHints(const Config& config, const PriceTable& prices,
                          const Estimate& estimate) {
  std::string page;
  const std::vector<const Step*> working = WorkingSteps(config);
  size_t hinted = working.size();  // the step that had its hint already
  for (const StepEstimate& each : estimate.steps) {
    const auto& chat = working[each.step_index]->chat;
    page += WarningsText(each, chat ? chat->options.max_tokens : std::nullopt) + UnsureText(each);
    std::string why = WhyUnbounded(config, prices, each.step_index, each.what);
    if (!why.empty()) page += LabelledText("unknown", why);
    if (!each.left_out.empty()) page += LabelledText("left out", LeftOutText(each));
    if (hinted == each.step_index) continue;
    std::string hint = MaxTokensHint(config, prices, each);
    if (!hint.empty()) page += LabelledText("hint", hint), hinted = each.step_index;
  }
  return page;
}

std::string ProjectionText(const Estimate& left) {
  if (left.calls == 0) return "nothing is left to do";
  std::string cost = "cost unknown";
  if (left.cost.expected) cost = "about " + FormatMoney(*left.cost.expected);
  cost += left.cost.worst ? fmt::format(" (worst {})", FormatMoney(*left.cost.worst))
                          : std::string(" (worst not to be bounded)");
  return fmt::format("the other {}: {}, {}", ItemsText(left.items), cost,
                     AboutTime(left.time.time));
}

}  // namespace muster
