#include "worker/command_step.h"

#include <cstring>

#include "common/duration.h"
#include "common/parse/answer_parser.h"
#include "common/step_values.h"
#include "common/text.h"
#include "worker/command_plan.h"
#include "worker/produced_files.h"
#include "worker/waiting.h"

namespace muster {
namespace {

constexpr char kProvider[] = "command";
constexpr size_t kLongestErrors = 1'000;  // bytes of its stderr in a message, the last ones
// Of an answer as it travels, where it is quoted twice; a frame holds no more.
constexpr size_t kMostAnswer = 15 * 1024 * 1024;

// The end of what a program said on stderr, on one line.
std::string LastWords(const std::string& errors) {
  std::string_view text = errors;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  bool cut = text.size() > kLongestErrors;
  if (cut) text.remove_prefix(text.size() - kLongestErrors);
  while (cut && !text.empty() && (text.front() & 0xc0) == 0x80) text.remove_prefix(1);
  return text.empty() ? "" : ": " + std::string(cut ? "…" : "") + VisibleText(text);
}

// One command: its answer is what it printed and left; it holds while these files are unchanged.
class CommandWork : public CallWork {
 public:
  CommandWork(CommandRunner& runner, CommandPlan plan, const Config& config, const Step& step,
              std::string work_folder, std::shared_ptr<const AnswerParser> parser)
      : runner_(runner),
        plan_(std::move(plan)),
        base_dir_(config.base_dir),
        command_(*step.command),
        work_folder_(std::move(work_folder)),
        parser_(std::move(parser)) {}

  Task<HttpOutcome> Perform(const Go&) override {
    CommandRequest request;
    request.argv = plan_.argv;
    request.stdin_text = plan_.stdin_text;
    request.folder = base_dir_;
    request.environment = plan_.environment;
    request.total_limit = command_.limit;
    CommandOutcome ended = co_await RunAndWait(runner_, std::move(request));
    HttpOutcome outcome = Conclude(ended);
    outcome.total_ms = outcome.first_byte_ms = ended.total_ms;
    co_return outcome;
  }

  Reading Read(const HttpReply& reply) const override {
    Reading reading;
    reading.answered = true;
    reading.body = reply.body;
    return reading;
  }

  std::optional<Unusable> Judge(const std::string& body) const override {
    auto answer = ParseJson(body);
    if (!answer) return Unusable{"its answer cannot be read: " + answer.error()};
    if (const Json* files = Member(*answer, "files")) {
      for (const Json& file : *files) {
        if (auto why = WhyChanged(work_folder_, FileFromJson(file))) return Unusable{*why, true};
      }
    }
    if (!parser_) return std::nullopt;
    auto value = parser_->Parse(StringMember(*answer, "text"));
    return value ? std::nullopt : std::optional(Unusable{value.error()});
  }

 private:
  // What it may have cost that did not end well.
  Billing Billed() const {
    return command_.cost_per_call.value_or(0) == 0 ? Billing::kNo : Billing::kUnknown;
  }

  HttpOutcome Failed(FailureKind kind, const std::string& why) const {
    return FailedTry(kind, why, Billed());
  }

  HttpOutcome Conclude(const CommandOutcome& ended) const {
    std::string program = VisibleText(plan_.argv.front());
    switch (ended.end) {
      case CommandEnd::kNotFound: {
        // Where every item has the same one, none is to blame, and nothing helps until a person
        // acts.
        auto kind = plan_.program_by_item ? FailureKind::kBadRequest : FailureKind::kModelNotFound;
        return FailedTry(kind, fmt::format("there is no program {}", program));
      }
      case CommandEnd::kNoStart:
        return FailedTry(
            plan_.program_by_item ? FailureKind::kBadRequest : FailureKind::kModelNotFound,
            fmt::format("{} cannot be started: {}", program, ended.why));
      case CommandEnd::kTimedOut:
      case CommandEnd::kSilent:
        return Failed(FailureKind::kBadRequest,
                      fmt::format("{} was ended: it took longer than {} (limit){}", program,
                                  FormatDuration(command_.limit), LastWords(ended.errors)));
      case CommandEnd::kTooLarge:
        return TooLarge();
      case CommandEnd::kExited:
        break;
    }
    if (ended.signal != 0) {
      return Failed(FailureKind::kBadRequest,
                    fmt::format("{} was killed by signal {} ({}){}", program, ended.signal,
                                strsignal(ended.signal), LastWords(ended.errors)));
    }
    if (ended.exit_code != 0) {
      return Failed(FailureKind::kBadRequest,
                    fmt::format("{} ended with exit code {}{}", program, ended.exit_code,
                                LastWords(ended.errors)));
    }
    return Answer(ended);
  }

  HttpOutcome TooLarge() const {
    return Failed(FailureKind::kTooLarge,
                  fmt::format("{} printed more than {} MB", VisibleText(plan_.argv.front()),
                              kMaxReplyBytes / (1024 * 1024)));
  }

  HttpOutcome Answer(const CommandOutcome& ended) const {
    auto files = FindProduced(work_folder_, plan_.produces);
    if (!files) {
      return Failed(FailureKind::kBadRequest,
                    fmt::format("{} ended well, but {}{}", VisibleText(plan_.argv.front()),
                                files.error(), LastWords(ended.errors)));
    }
    Json list = Json::array();
    for (const ProducedFile& file : *files) list.push_back(FileToJson(file));
    Json answer{{"text", ended.output}, {"exit_code", ended.exit_code}, {"files", std::move(list)}};
    HttpOutcome outcome;
    outcome.reply = HttpReply{200, {}, DumpJson(answer)};
    if (DumpJson(Json(outcome.reply->body)).size() > kMostAnswer) return TooLarge();
    return outcome;
  }

  CommandRunner& runner_;
  const CommandPlan plan_;
  const std::string base_dir_;
  const CommandStep command_;
  const std::string work_folder_;
  const std::shared_ptr<const AnswerParser> parser_;
};

// nullptr: the step has no parse.
Result<std::shared_ptr<const AnswerParser>> ParserOf(const Step& step) {
  auto rule = ParseRuleOf(step);
  if (!rule) return std::shared_ptr<const AnswerParser>();
  auto parser = AnswerParser::Make(*rule);
  if (!parser) return Fail("parse: {}", parser.error());
  return std::make_shared<const AnswerParser>(*std::move(parser));
}

// What the step leaves, of an answer that was judged usable.
Json ValueOf(const std::string& body, const std::string& work_folder, const AnswerParser* parser) {
  Json answer = *ParseJson(body);
  Json files = Json::array();
  for (const Json& file : answer["files"]) {
    files.push_back(work_folder + "/" + StringMember(file, "path"));
  }
  Json value{{"text", answer["text"]}};
  if (parser) {
    auto parsed = parser->Parse(StringMember(answer, "text"));
    assert(parsed);
    value["value"] = *std::move(parsed);
  }
  value["file"] = files.empty() ? Json() : files.front();
  value["files"] = std::move(files);
  value["exit_code"] = answer["exit_code"];
  return value;
}

// How it went, for people.
std::string Describe(const CallValue& call, const Json& value) {
  std::string text = fmt::format(
      "{} characters, {} files",
      FormatCount(static_cast<int64_t>(StringMember(value, "text").size())), value["files"].size());
  return call.replayed ? text + " · from the ledger" : text;
}

}  // namespace

Task<StepEnd> RunCommandStep(StepParts parts, const Step& step, std::string path, Json context) {
  auto failed = [&](const std::string& why) {
    return StepEnd(Ended{Outcome::kFailed, fmt::format("{}: {}", path, why)});
  };
  auto plan = PlanCommand(parts.config, step, parts.work_folder, context);
  if (!plan) co_return failed(plan.error());
  auto provider = parts.config.providers.find(kProvider);
  if (provider == parts.config.providers.end()) co_return failed("no provider is called command");
  auto parser = ParserOf(step);
  if (!parser) co_return failed(parser.error());
  CallSpec spec;
  spec.step = path;
  spec.provider = &provider->second;
  spec.model = step.id;
  spec.request.path = "command";
  spec.request.body = plan->identity;
  spec.ask_again = step.ask_again;
  spec.fixed_cost = step.command->cost_per_call.value_or(0);
  parts.tell("step", path, fmt::format("runs {}", VisibleText(plan->argv.front())));
  spec.work = std::make_shared<CommandWork>(parts.caller.commands(), *std::move(plan), parts.config,
                                            step, parts.work_folder, *parser);
  CallEnd end = co_await parts.caller.Make(std::move(spec));
  if (auto* ended = std::get_if<Ended>(&end)) {
    co_return StepEnd(Ended{ended->outcome, fmt::format("{}: {}", path, ended->reason)});
  }
  const CallValue& call = std::get<CallValue>(end);
  parts.account(call);
  Json value = ValueOf(call.body, parts.work_folder, parser->get());
  parts.tell("step", path, Describe(call, value));
  co_return StepEnd(std::move(value));
}

}  // namespace muster
