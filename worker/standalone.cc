#include "worker/standalone.h"

#include <chrono>
#include <cstdio>

#include "common/call_limits.h"
#include "common/config/items.h"
#include "common/duration.h"
#include "common/fd.h"
#include "common/files.h"
#include "common/pricing.h"
#include "common/text.h"
#include "worker/standalone_outputs.h"
#include "worker/worker.h"

namespace muster {
namespace {

// Answers a worker's questions in the supervisor's place, and shows or collects what happens.
class SelfLink : public Link {
 public:
  SelfLink(const Config& config, const PriceTable& prices, const StandaloneOptions& options)
      : config_(config), prices_(prices), options_(options) {}

  void Attach(Worker* worker) { worker_ = worker; }

  void Say(const FromWorker& message) override {
    if (auto* call = std::get_if<Call>(&message)) OnCall(*call);
    if (auto* called = std::get_if<Called>(&message)) OnCalled(*called);
    if (auto* rejected = std::get_if<Rejected>(&message)) OnRejected(*rejected);
    if (auto* event = std::get_if<Event>(&message)) OnEvent(*event);
    if (auto* done = std::get_if<Done>(&message)) done_ = *done;
  }

  const std::optional<Done>& done() const { return done_; }
  const Json& calls() const { return calls_; }
  Picodollars cost() const { return cost_; }
  bool cost_known() const { return cost_known_; }
  const Usage& usage() const { return usage_; }
  bool simulated() const { return simulated_; }  // some call went to a mock: costs are made up

 private:
  // A call as it is asked for the `ask`th time.
  struct Asked {
    Call call;
    int64_t ask = 1;
    int64_t stale = 0;  // asks whose answers were of no use for their files' sake alone
  };

  // The one it names; workers name no others.
  const Provider& ProviderOf(const Call& call) const { return config_.providers.at(call.provider); }

  void Answer(ToWorker verdict) {
    auto handled = worker_->Handle(std::move(verdict));
    assert(handled);
    (void)handled;
  }

  void OnCall(const Call& call) {
    Asked& asked = open_[call.call];
    asked = Asked{call, 1};
    simulated_ = simulated_ || ProviderOf(call).api == "mock";
    Consider(asked);
  }

  // Asks again as often as the step allows: that is its own work, unlike trying again.
  void OnRejected(const Rejected& rejected) {
    Asked& asked = open_.at(rejected.call);
    Call& call = asked.call;
    if (rejected.stale) ++asked.stale;
    bool enough =
        rejected.stale ? asked.stale >= kMostStale : asked.ask - asked.stale > call.ask_again;
    if (enough) {
      return Answer(Refuse{rejected.call, true, rejected.reason});
    }
    ++asked.ask;
    if (rejected.next) {
      call.request_chars = rejected.next->request_chars;
      call.input_most = rejected.next->input_most;
    }
    Print(fmt::format("  {} · asked again: {}\n", VisibleText(call.step),
                      VisibleText(rejected.reason)));
    Consider(asked);
  }

  // Says what an ask can cost and lets it go if that is allowed.
  void Consider(const Asked& asked) {
    const Call& call = asked.call;
    auto worst = WorstOfCall(prices_, ProviderOf(call), call);
    Print(fmt::format("  {} · at most {}\n", call.step,
                      worst ? FormatMoney(*worst) : std::string("unknown (no price)")));
    if (options_.max_cost && (!worst || AddMoney(cost_, *worst) > *options_.max_cost)) {
      Answer(Refuse{
          call.call, true,
          worst ? fmt::format("could cost {}, which --max-cost does not allow", FormatMoney(*worst))
                : fmt::format("{} has no known price; --max-cost cannot be held", call.model)});
      return;
    }
    Answer(MakeGo(config_.time, call.call, asked.ask, 1, call.request_chars));
  }

  void OnCalled(const Called& called) {
    const Call& call = open_.at(called.call).call;
    auto cost = CostOfCall(prices_, ProviderOf(call), call, called);
    cost_ = AddMoney(cost_, cost.value_or(0));
    cost_known_ = cost_known_ && cost.has_value();
    if (called.usage) usage_ += *called.usage;
    calls_.push_back(Describe(call, called, cost));
    if (called.failure) {
      Answer(Refuse{called.call, true, called.failure->message});
    } else {
      auto price = FindPrice(prices_, ProviderOf(call), call.model);
      Answer(Kept{called.call, cost, price ? price->max_input : std::nullopt});
    }
  }

  static Json Describe(const Call& call, const Called& called, std::optional<Picodollars> cost) {
    Json json{{"step", call.step},
              {"model", call.provider + "/" + call.model},
              {"milliseconds", called.total_ms},
              {"picodollars", cost ? Json(*cost) : Json()}};
    if (called.usage) {
      json["input"] = called.usage->input;
      json["cached"] = called.usage->cached;
      json["cache_write"] = called.usage->cache_write;
      json["cache_write_1h"] = called.usage->cache_write_1h;
      json["output"] = called.usage->output;
      json["reasoning"] = called.usage->reasoning;
    }
    if (!called.tier.empty()) json["service_tier"] = called.tier;
    if (called.own_cost) json["own_cost_picodollars"] = *called.own_cost;
    if (called.failure) json["failure"] = called.failure->message;
    return json;
  }

  void OnEvent(const Event& event) {
    if (event.kind == "reply") {
      Print(fmt::format("{}\n\n", VisibleText(event.text, true)));
    } else {
      Print(fmt::format("  {} · {}\n", VisibleText(event.step), VisibleText(event.text)));
    }
  }

  // A reader that has gone does not stop an item that is being paid for.
  void Print(const std::string& text) {
    if (!options_.json) std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }

  const Config& config_;
  const PriceTable& prices_;
  const StandaloneOptions& options_;
  Worker* worker_ = nullptr;
  std::map<int64_t, Asked> open_;
  std::optional<Done> done_;
  Json calls_ = Json::array();
  Usage usage_;
  Picodollars cost_ = 0;
  bool cost_known_ = true;
  bool simulated_ = false;
};

// The fields of the item of that id; an error names the nearest id.
Result<Json> FindItem(const Config& config, const std::string& id) {
  std::optional<Json> found;
  std::vector<std::string> ids;
  auto read = ForEachItem(config, [&](SourceItem item) -> Result<void> {
    if (item.id == id) found = std::move(item.fields);
    ids.push_back(std::move(item.id));
    return {};
  });
  if (!read) return Error{read.error()};
  if (found) return std::move(*found);
  std::string nearest = NearestName(id, ids);
  return Fail("no item is called \"{}\" among {} items{}", VisibleText(id), ids.size(),
              nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?");
}

Json Report(const Config& config, const SelfLink& link, const Done& done) {
  Json outputs = Json::array();
  for (const OutputText& output : done.outputs) {
    auto text = ShownOutput(config, output);
    outputs.push_back(Json{{"path", output.path}, {"text", text ? *text : text.error()}});
  }
  const Usage& usage = link.usage();
  return Json{{"item", done.item},
              {"outcome", done.outcome == Outcome::kDone ? "done" : "failed"},
              {"reason", done.reason},
              {"calls", link.calls()},
              {"usage", Json{{"input", usage.input},
                             {"cached", usage.cached},
                             {"cache_write", usage.cache_write},
                             {"cache_write_1h", usage.cache_write_1h},
                             {"output", usage.output},
                             {"reasoning", usage.reasoning}}},
              {"picodollars", link.cost_known() ? Json(link.cost()) : Json()},
              {"simulated", link.simulated()},
              {"outputs", std::move(outputs)}};
}

// Of a failed item there are none.
Result<void> LeaveOutputs(const Config& config, const Done& done,
                          const StandaloneOptions& options) {
  if (options.write) return WriteOutputs(config, done, !options.json);
  return options.json ? Result<void>() : ShowGrowth(config, done);
}

void PrintEnd(const SelfLink& link, const Done& done, std::chrono::milliseconds took) {
  const Usage& usage = link.usage();
  bool ok = done.outcome == Outcome::kDone;
  fmt::print("{} [{}] {}{} · {} · {} in ({} cached) · {} out ({} reasoning) · {} · {}\n",
             ok ? "✓" : "✗", VisibleText(done.item),
             ok ? "done" : "failed: ", VisibleText(done.reason),
             link.calls().size() == 1 ? "1 call" : fmt::format("{} calls", link.calls().size()),
             FormatCount(usage.input), FormatCount(usage.cached), FormatCount(usage.output),
             FormatCount(usage.reasoning),
             (link.cost_known() ? FormatMoney(link.cost()) : "cost unknown") +
                 (link.simulated() ? " simulated" : ""),
             FormatDuration(took));
}

}  // namespace

int RunStandalone(const Config& config, const Json& keys, const PriceTable& prices,
                  const StandaloneOptions& options) {
  auto fields = FindItem(config, options.item);
  if (!fields) {
    fmt::print(stderr, "muster-worker: {}\n", fields.error());
    return 2;
  }
  auto begin = std::chrono::steady_clock::now();
  SelfLink link(config, prices, options);
  Worker worker(link);
  link.Attach(&worker);
  Start start;
  start.worker = "standalone";
  start.config = ConfigToJson(config);
  start.keys = keys;
  start.verbose = !options.json;
  auto started = worker.Handle(std::move(start));
  if (started) started = worker.Handle(Item{options.item, 1, std::move(*fields)});
  if (!started) {
    fmt::print(stderr, "muster-worker: {}\n", started.error());
    return 2;
  }
  while (!link.done()) {
    worker.Turn({}, std::chrono::steady_clock::now() + std::chrono::seconds(1), nullptr);
  }
  const Done& done = *link.done();
  if (options.json) fmt::print("{}\n", PrettyJson(Report(config, link, done)));
  if (auto left = LeaveOutputs(config, done, options); !left) {
    fmt::print(stderr, "muster-worker: {}\n", left.error());
    return 3;
  }
  auto took = std::chrono::steady_clock::now() - begin;
  if (!options.json) {
    PrintEnd(link, done, std::chrono::duration_cast<std::chrono::milliseconds>(took));
  }
  return done.outcome == Outcome::kDone ? 0 : 1;
}

}  // namespace muster
