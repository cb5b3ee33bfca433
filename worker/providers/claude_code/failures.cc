// The texts are those of version 2.1, and older ones where they are known; what they mean is looked
// for in parts of them, as the rest changes with every version.

#include "worker/providers/claude_code/failures.h"

#include <algorithm>
#include <charconv>

#include "common/text.h"
#include "worker/replies/api_errors.h"
#include "worker/replies/key_mask.h"
#include "worker/replies/retry_after.h"

namespace muster {
namespace {

constexpr size_t kLongestMessage = 400;  // bytes of the program's words in a message of ours
constexpr char kLogIn[] =
    "Claude Code is not logged in; run \"claude\" and log in, or give the provider a key_env";
constexpr char kTooOld[] =
    "Claude Code is too old: it does not know {}; version 2.1 or newer is expected (\"claude "
    "update\")";

// A part of a text and what it means. The first that fits counts.
struct Phrase {
  std::string_view part;
  FailureKind kind;
  Billing billing;
};
constexpr Phrase kPhrases[] = {
    {"limiting requests", FailureKind::kRateLimited, Billing::kNo},
    {"Request rejected (429)", FailureKind::kRateLimited, Billing::kNo},
    {"usage limit reached", FailureKind::kQuota, Billing::kNo},
    {"You've hit your", FailureKind::kQuota, Billing::kNo},
    {"You've reached your", FailureKind::kQuota, Billing::kNo},
    {"out of usage", FailureKind::kQuota, Billing::kNo},
    {"out of extra usage", FailureKind::kQuota, Billing::kNo},
    {"usage limit is set to $0", FailureKind::kQuota, Billing::kNo},
    {"usage allocation has been disabled", FailureKind::kQuota, Billing::kNo},
    {"seat type doesn't include", FailureKind::kQuota, Billing::kNo},
    {"requires usage credits", FailureKind::kQuota, Billing::kNo},
    {"redit balance is too low", FailureKind::kQuota, Billing::kNo},
    {"usage limits", FailureKind::kQuota, Billing::kNo},
    {"spend limit", FailureKind::kQuota, Billing::kNo},
    {"Not logged in", FailureKind::kAuth, Billing::kNo},
    {"Please run /login", FailureKind::kAuth, Billing::kNo},
    {"Invalid API key", FailureKind::kAuth, Billing::kNo},
    {"Failed to authenticate", FailureKind::kAuth, Billing::kNo},
    {"disabled organization", FailureKind::kAuth, Billing::kNo},
    {"organization has been disabled", FailureKind::kAuth, Billing::kNo},
    {"does not have access to Claude", FailureKind::kAuth, Billing::kNo},
    {"service is disabled for your org", FailureKind::kAuth, Billing::kNo},
    {"issue with the selected model", FailureKind::kModelNotFound, Billing::kNo},
    {"invalid model name", FailureKind::kModelNotFound, Billing::kNo},
    {"is not available with the Claude", FailureKind::kModelNotFound, Billing::kNo},
    {"is not available on your", FailureKind::kModelNotFound, Billing::kNo},
    {"Prompt is too long", FailureKind::kBadRequest, Billing::kNo},
    {"Request too large", FailureKind::kBadRequest, Billing::kNo},
    {"maximum number of turns", FailureKind::kBadRequest, Billing::kUnknown},
    {"maximum budget", FailureKind::kBadRequest, Billing::kUnknown},
};

// The same where no answer of the API came: in its words these would mean something else.
constexpr Phrase kOfConnections[] = {
    {"ertificate", FailureKind::kTls, Billing::kNo},
    {"SSL", FailureKind::kTls, Billing::kNo},
    {"Unable to connect", FailureKind::kNetwork, Billing::kNo},
    {"Connection to the API was lost", FailureKind::kNetwork, Billing::kUnknown},
    {"onnection error", FailureKind::kNetwork, Billing::kUnknown},
    {"Stream ended without", FailureKind::kNetwork, Billing::kUnknown},
    {"timed out", FailureKind::kTimeout, Billing::kUnknown},
    {"idle timeout", FailureKind::kTimeout, Billing::kUnknown},
    {"verloaded", FailureKind::kOverloaded, Billing::kUnknown},
};

// The program's own classes of failures, where its text says nothing known.
constexpr Phrase kClasses[] = {
    {"rate_limit", FailureKind::kRateLimited, Billing::kNo},
    {"billing_error", FailureKind::kQuota, Billing::kNo},
    {"authentication_failed", FailureKind::kAuth, Billing::kNo},
    {"oauth_org_not_allowed", FailureKind::kAuth, Billing::kNo},
    {"model_not_found", FailureKind::kModelNotFound, Billing::kNo},
    {"invalid_request", FailureKind::kBadRequest, Billing::kUnknown},
    {"error_max_turns", FailureKind::kBadRequest, Billing::kUnknown},
    {"error_max_budget_usd", FailureKind::kBadRequest, Billing::kUnknown},
    {"error_max_structured_output_retries", FailureKind::kBadReply, Billing::kUnknown},
};

bool Has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

// On one line, keys masked, not too long.
std::string Shown(std::string_view text) {
  std::string shown = MaskKeys(text.substr(0, 2 * kLongestMessage));
  size_t end = kLongestMessage;
  if (shown.size() <= end) return VisibleText(shown);
  while (end > 0 && (shown[end] & 0xc0) == 0x80) --end;
  return VisibleText(shown.substr(0, end)) + "…";
}

// The words of a failed result: `result`, or the list `errors`.
std::string WordsOf(const Json& result) {
  std::string words = StringMember(result, "result");
  const Json* errors = Member(result, "errors");
  if (!words.empty() || !errors || !errors->is_array()) return words;
  for (const Json& each : *errors) {
    if (!each.is_string()) continue;
    if (!words.empty()) words += "; ";
    words += each.get<std::string>();
  }
  return words;
}

template <size_t kCount>
const Phrase* FindIn(const Phrase (&phrases)[kCount], std::string_view words) {
  auto found =
      std::ranges::find_if(phrases, [&](const Phrase& phrase) { return Has(words, phrase.part); });
  return found == std::end(phrases) ? nullptr : &*found;
}

const Phrase* FindClass(std::string_view error, std::string_view subtype) {
  auto found = std::ranges::find_if(kClasses, [&](const Phrase& phrase) {
    return error == phrase.part || subtype == phrase.part;
  });
  return found == std::end(kClasses) ? nullptr : &*found;
}

// Whether a limit is one model's: "seven_day_opus"; "You've hit your Opus limit".
bool OfOneModel(const Transcript& transcript, std::string_view words) {
  if (transcript.limit_type.starts_with("seven_day_")) return true;
  constexpr std::string_view kFamilies[] = {"Opus", "Sonnet", "Haiku", "Fable", "Mythos"};
  return std::ranges::any_of(kFamilies, [&](std::string_view family) {
    size_t at = words.find(family);
    return at != words.npos && Has(words.substr(at), "limit");
  });
}

// When a limit ends, in seconds since 1970: as an event tells, or after the bar of an older text
// ("Claude AI usage limit reached|1753077600").
std::optional<int64_t> EndOfLimit(const Transcript& transcript, std::string_view words) {
  if (transcript.limit_ends) return transcript.limit_ends;
  size_t bar = words.find("limit reached|");
  if (bar == words.npos) return std::nullopt;
  words.remove_prefix(words.find('|', bar) + 1);
  int64_t seconds = 0;
  auto [end, error] = std::from_chars(words.data(), words.data() + words.size(), seconds);
  return error == std::errc() ? std::optional(seconds) : std::nullopt;
}

std::optional<int64_t> WaitUntil(std::optional<int64_t> seconds, int64_t now_ms) {
  constexpr int64_t kMostSeconds = int64_t{1} << 40;  // nothing overflows below
  if (!seconds || now_ms <= 0 || *seconds <= 0 || *seconds > kMostSeconds) return std::nullopt;
  return std::clamp<int64_t>(*seconds * 1000 - now_ms, 0, kLongestRetryAfterMs);
}

// The status decides only where no text does: the program puts its own words to most.
void SetKind(const Transcript& transcript, std::string_view words, Failure& failure) {
  bool replied = failure.status >= 400;
  const Phrase* phrase = FindIn(kPhrases, words);
  if (!phrase && !replied) phrase = FindIn(kOfConnections, words);
  if (!phrase && !replied) {
    phrase = FindClass(transcript.error, StringMember(transcript.result, "subtype"));
  }
  failure.kind = replied ? KindOfStatus(failure.status) : FailureKind::kServer;
  // What a gateway says in the API's stead proves nothing.
  bool refused = replied && (failure.status < 500 || failure.status == 529);
  failure.billing = refused ? Billing::kNo : Billing::kUnknown;
  if (!phrase) return;
  failure.kind = phrase->kind;
  if (!refused) failure.billing = phrase->billing;
}

}  // namespace

Failure ReadClaudeFailure(const Transcript& transcript, int64_t now_ms) {
  std::string words = WordsOf(transcript.result);
  if (words.empty()) words = StringMember(transcript.result, "subtype");
  Failure failure;
  failure.status = IntMember(transcript.result, "api_error_status").value_or(0);
  SetKind(transcript, words, failure);
  bool log_in = Has(words, "Not logged in") || Has(words, "run /login");
  failure.message = log_in ? kLogIn : "Claude Code: " + Shown(words);
  if (failure.kind == FailureKind::kQuota) {
    failure.model_only = OfOneModel(transcript, words);
    failure.retry_after_ms = WaitUntil(EndOfLimit(transcript, words), now_ms);
  }
  return failure;
}

Failure ReadClaudeLack(const Transcript& transcript, std::string_view why) {
  Failure failure;
  // What the program answered by itself it will answer so again.
  bool own_answer = IntMember(transcript.result, "num_turns") == 0;
  failure.kind = own_answer ? FailureKind::kBadRequest : FailureKind::kBadReply;
  failure.billing = own_answer ? Billing::kNo : Billing::kUnknown;
  std::string words = WordsOf(transcript.result);
  failure.message = fmt::format("Claude Code gave no usable answer ({}){}", why,
                                words.empty() ? words : ": " + Shown(words));
  return failure;
}

Failure ReadClaudeComplaint(std::string_view errors, int exit_code) {
  constexpr std::string_view kUnknownOption = "unknown option '";
  Failure failure;
  failure.billing = Billing::kNo;
  if (size_t at = errors.find(kUnknownOption); at != errors.npos) {
    std::string_view option = errors.substr(at + kUnknownOption.size());
    option = option.substr(0, option.find('\''));
    failure.kind = FailureKind::kModelNotFound;  // nothing helps until a person acts
    failure.message = fmt::format(kTooOld, Shown(option));
    return failure;
  }
  if (Has(errors, "Input must be provided") || Has(errors, "stdin input exceeds")) {
    failure.kind = FailureKind::kBadRequest;
    failure.message = "Claude Code refused the prompt: " + Shown(errors);
    return failure;
  }
  failure.kind = FailureKind::kBadReply;
  failure.billing = Billing::kUnknown;
  failure.message = fmt::format("Claude Code ended with exit code {} and without a result{}",
                                exit_code, errors.empty() ? std::string() : ": " + Shown(errors));
  return failure;
}

}  // namespace muster
