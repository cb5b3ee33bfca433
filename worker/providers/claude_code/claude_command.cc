// Options and variables are those of version 2.1. What it does unless it is told not to, as
// observed: it tries again by itself, silently; reads the user's CLAUDE.md and runs the user's
// hooks; puts the content of every file that the prompt mentions ("@/etc/passwd") into the request;
// takes a prompt that begins with a slash for a command; adds 13 to 26 KB of its own to the system
// prompt when none is given, be it an empty one.

#include "worker/providers/claude_code/claude_command.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "common/fd.h"
#include "common/text.h"
#include "worker/providers/claude_code/failures.h"
#include "worker/providers/claude_code/transcript.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

constexpr char kProgram[] = "claude";
// Its printout has the answer twice, among other lines; what is kept of it is one answer.
constexpr size_t kMostPrinted = 2 * kMaxReplyBytes;

// What it gets of our own environment; a name that ends in '_' stands for all that begin so.
constexpr std::string_view kInherited[] = {
    "PATH",
    "HOME",
    "LANG",
    "LC_",
    "TMPDIR",
    "TZ",
    "XDG_",
    "CLAUDE_CONFIG_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
};

// One request a call, no more and no less in it than the step says, and no traffic besides.
constexpr const char* kFixed[] = {
    "CLAUDE_CODE_MAX_RETRIES=0",
    "CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK=1",
    "CLAUDE_CODE_DISABLE_REFUSAL_FALLBACK=1",
    "CLAUDE_CODE_SAFE_MODE=1",  // no hooks, plugins, skills, CLAUDE.md
    "CLAUDE_CODE_DISABLE_CLAUDE_MDS=1",
    "CLAUDE_CODE_DISABLE_AUTO_MEMORY=1",
    "CLAUDE_CODE_DISABLE_ATTACHMENTS=1",    // no files for "@name"
    "CLAUDE_CODE_DISABLE_FILE_MENTIONS=1",  // the same, from 2.1.299 on
    "CLAUDE_CODE_SKIP_PROMPT_HISTORY=1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1",
    "DISABLE_AUTOUPDATER=1",
    "DISABLE_TELEMETRY=1",
    "DISABLE_ERROR_REPORTING=1",
};

bool IsInherited(std::string_view entry) {
  std::string_view name = entry.substr(0, entry.find('='));
  return std::ranges::any_of(kInherited, [&](std::string_view each) {
    return each.ends_with('_') ? name.starts_with(each) : name == each;
  });
}

// A token of `claude setup-token` is of a subscription and goes by another name than an API key.
std::string KeyEntry(const std::string& key) {
  bool token = key.starts_with("sk-ant-oat");
  return (token ? "CLAUDE_CODE_OAUTH_TOKEN=" : "ANTHROPIC_API_KEY=") + key;
}

std::vector<std::string> Environment(const Provider& provider, const std::string& key,
                                     const Go& limits) {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry; ++entry) {
    if (IsInherited(*entry)) entries.emplace_back(*entry);
  }
  entries.insert(entries.end(), std::begin(kFixed), std::end(kFixed));
  entries.push_back(fmt::format("API_TIMEOUT_MS={}", limits.total_ms));  // ours is to count
  bool own_url = !provider.base_url.empty() && provider.base_url_from != "default";
  if (own_url) entries.push_back("ANTHROPIC_BASE_URL=" + provider.base_url);
  std::string headers;
  for (const auto& [name, value] : provider.headers) headers += name + ": " + value + "\n";
  if (!headers.empty()) entries.push_back("ANTHROPIC_CUSTOM_HEADERS=" + headers);
  if (!key.empty()) entries.push_back(KeyEntry(key));
  return entries;
}

std::string ProgramOf(const Provider& provider) {
  return provider.program.empty() ? kProgram : provider.program;
}

// --tools takes any number of words: an option must follow.
std::vector<std::string> Arguments(const Json& body, const Provider& provider,
                                   const ClaudeFolder& folder) {
  std::vector<std::string> argv = {ProgramOf(provider),
                                   "-p",
                                   "--output-format",
                                   "stream-json",
                                   "--verbose",  // which stream-json asks for
                                   "--tools",
                                   "",
                                   "--model",
                                   StringMember(body, "model"),
                                   "--system-prompt-file",
                                   folder.system_file(),
                                   "--no-session-persistence",
                                   "--strict-mcp-config"};
  if (std::string effort = StringMember(body, "effort"); !effort.empty()) {
    argv.insert(argv.end(), {"--effort", effort});
  }
  if (const Json* schema = Member(body, "schema")) {
    argv.insert(argv.end(), {"--json-schema", DumpJson(*schema)});
  }
  return argv;
}

std::string Input(const Json& body) {
  std::string prompt = StringMember(body, "prompt");
  return prompt.starts_with('/') ? "\n" + prompt : prompt;
}

Failure NotStarted(const CommandOutcome& outcome, const Provider& provider) {
  Failure failure;
  failure.kind = FailureKind::kModelNotFound;  // nothing helps until a person acts
  failure.billing = Billing::kNo;
  std::string program = VisibleText(ProgramOf(provider));
  if (outcome.end == CommandEnd::kNotFound) {
    failure.message = fmt::format(
        "Claude Code is not installed: there is no program {}; install it (npm install -g "
        "@anthropic-ai/claude-code) or name it in the provider's program",
        program);
  } else {
    failure.message = fmt::format("cannot start {}: {}", program, outcome.why);
    if (outcome.why.starts_with("cannot"))
      failure.kind = FailureKind::kInternal;  // not even forked
  }
  return failure;
}

// Of one that was started and printed no result.
Failure WithoutResult(const CommandOutcome& outcome) {
  Failure failure;
  failure.billing = Billing::kUnknown;
  switch (outcome.end) {
    case CommandEnd::kTimedOut:
      failure.kind = FailureKind::kTimeout;
      failure.message =
          fmt::format("Claude Code gave no answer within {} s", outcome.total_ms / 1000);
      return failure;
    case CommandEnd::kSilent:
      failure.kind = FailureKind::kTimeout;
      failure.message =
          fmt::format("Claude Code fell silent and was ended after {} s", outcome.total_ms / 1000);
      return failure;
    case CommandEnd::kTooLarge:
      failure.kind = FailureKind::kTooLarge;
      failure.message = fmt::format("Claude Code printed more than {} MB", kMostPrinted >> 20);
      return failure;
    default:
      break;
  }
  if (outcome.signal == 0) return ReadClaudeComplaint(outcome.errors, outcome.exit_code);
  failure.kind = FailureKind::kBadReply;
  failure.message = fmt::format("Claude Code was ended by signal {}", outcome.signal);
  return failure;
}

int64_t NowMs() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<milliseconds>(now).count();
}

// Ends a command that its coroutine no longer waits for.
struct AbortGuard {
  CommandRunner& runner;
  int64_t number = 0;
  bool ended = false;
  ~AbortGuard() {
    if (!ended) runner.Abort(number);
  }
};

}  // namespace

Result<std::shared_ptr<ClaudeFolder>> ClaudeFolder::Make(const std::string& system_prompt) {
  const char* under = std::getenv("TMPDIR");
  std::string path = std::string(under && *under ? under : "/tmp") + "/muster-claude-XXXXXX";
  if (!mkdtemp(path.data())) return Fail("cannot make folder {}: {}", path, ErrnoText(errno));
  std::shared_ptr<ClaudeFolder> folder(new ClaudeFolder(path));
  std::error_code error;
  std::filesystem::create_directory(folder->work(), error);
  std::ofstream file(folder->system_file(), std::ios::binary);
  file << system_prompt;
  file.close();
  if (error || !file) return Fail("cannot write {}", folder->system_file());
  return folder;
}

ClaudeFolder::~ClaudeFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

CommandRequest MakeClaudeCommand(const ApiRequest& request, const Provider& provider,
                                 const std::string& key, const Go& limits,
                                 std::shared_ptr<ClaudeFolder> folder) {
  CommandRequest command;
  command.argv = Arguments(request.body, provider, *folder);
  command.stdin_text = Input(request.body);
  command.folder = folder->work();
  command.environment = Environment(provider, key, limits);
  command.total_limit = milliseconds(limits.total_ms);
  // It prints a line at the start and then none until a whole message has come.
  command.silence_limit = milliseconds(limits.first_byte_ms);
  command.max_output = kMostPrinted;
  command.holds = std::move(folder);
  return command;
}

HttpOutcome ReadClaudeOutcome(CommandOutcome outcome, const ApiRequest& request,
                              const Provider& provider) {
  HttpOutcome read;
  read.total_ms = read.first_byte_ms = outcome.total_ms;
  if (outcome.end == CommandEnd::kNotFound || outcome.end == CommandEnd::kNoStart) {
    read.failure = NotStarted(outcome, provider);
    return read;
  }
  HttpReply reply{200, {}, std::move(outcome.output), NowMs()};
  if (Member(request.body, "schema")) reply.headers.emplace_back(kSchemaHeader, "1");
  // Whatever the exit code says: it is 1 with every failure that is told in the result.
  if (ReadTranscript(reply.body).result.is_object()) {
    read.reply = std::move(reply);
  } else {
    read.failure = WithoutResult(outcome);
    read.partial = std::move(reply);
  }
  return read;
}

Task<HttpOutcome> RunClaude(CommandRunner& runner, const ApiRequest& request,
                            const Provider& provider, std::string key, const Go& limits) {
  auto folder = ClaudeFolder::Make(StringMember(request.body, "system"));
  if (!folder) {
    HttpOutcome failed;
    failed.failure = Failure{FailureKind::kInternal, folder.error(), 0, {}, Billing::kNo};
    co_return failed;
  }
  Mailbox<CommandOutcome> box;
  AbortGuard guard{runner};
  guard.number = runner.Start(MakeClaudeCommand(request, provider, key, limits, std::move(*folder)),
                              [&box, &guard](CommandOutcome outcome) {
                                guard.ended = true;
                                box.Deliver(std::move(outcome));
                              });
  CommandOutcome outcome = co_await box;
  HttpOutcome read = ReadClaudeOutcome(std::move(outcome), request, provider);
  co_return read;
}

}  // namespace muster
