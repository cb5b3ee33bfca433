#include "tests/fake_provider/admissions.h"

#include <algorithm>

namespace fake_provider {

void Admissions::Admitted(std::string_view model, int64_t input, Clock::time_point now) {
  Keep(model, Event{.at = now, .requests = 1, .input = input});
}

void Admissions::Generated(std::string_view model, int64_t output, Clock::time_point now) {
  Keep(model, Event{.at = now, .output = output});
}

void Admissions::Keep(std::string_view model, const Event& event) {
  for (std::string_view name : {model, std::string_view("*")}) {
    std::deque<Event>& events = events_[std::string(name)];
    events.push_back(event);
    while (events.front().at + kKept < event.at) events.pop_front();
  }
}

Admissions::Most Admissions::MostInAny(std::string_view model, Clock::duration window) const {
  Most most;
  auto found = events_.find(model);
  if (found == events_.end()) return most;
  const std::deque<Event>& events = found->second;
  Most sum;  // of the window that ends with the event at hand
  auto oldest = events.begin();
  for (const Event& event : events) {
    sum.requests += event.requests;
    sum.input_tokens += event.input;
    sum.output_tokens += event.output;
    for (; oldest->at + window <= event.at; ++oldest) {
      sum.requests -= oldest->requests;
      sum.input_tokens -= oldest->input;
      sum.output_tokens -= oldest->output;
    }
    most.requests = std::max(most.requests, sum.requests);
    most.tokens = std::max(most.tokens, sum.input_tokens + sum.output_tokens);
    most.input_tokens = std::max(most.input_tokens, sum.input_tokens);
    most.output_tokens = std::max(most.output_tokens, sum.output_tokens);
  }
  return most;
}

std::vector<std::string> Admissions::Models() const {
  std::vector<std::string> models;
  for (const auto& [model, events] : events_) models.push_back(model);
  return models;
}

}  // namespace fake_provider
