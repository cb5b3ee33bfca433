#pragma once

// The words and lines that every kind of progress shares: one item's end, the plan, counts, tokens,
// money. Everything that comes from items, workers or providers is made safe for terminals here;
// callers add colours at most. No line has a newline.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/progress/progress.h"

namespace muster {

// "1 item", "1,234 items".
std::string CountOf(int64_t count, std::string_view one, std::string_view many);

// For what need not be exact: "12 s", "4m05s", "3 days".
std::string RoughDuration(std::chrono::milliseconds duration);

// Relative where it is inside the current folder.
std::string ShownPath(const std::string& path);

// Of foreign text one safe line of bounded length.
std::string ShownText(std::string_view text);

// "✓" done, "✗" failed or quarantined, "○" anything else.
std::string_view MarkOf(ItemStatus status);

// "13 done, 1 failed"; statuses without items are left out, "none" without any.
std::string CountsText(const StatusCounts& counts);

// Where a run stands, in one line: "13 done, 2 running; 2 of 4 workers busy, 5 calls in the air;
// $0.0312", and why it waits or stops.
std::string StateText(const Snapshot& snapshot);

// Items that nothing more will be done with.
int64_t FinalOf(const StatusCounts& counts);
// Failed or quarantined.
int64_t FailedOf(const StatusCounts& counts);

// "12,345 in (2,048 cached) · 6,789 out (1,024 reasoning)".
std::string TokensText(const Usage& usage);

// "$0.0312"; where prices are missing "unknown" or "$0.0312 and 2 calls of unknown price".
std::string CostText(const Totals& totals);

// "2 calls may have been paid without an answer: at most $0.04"; empty without any.
std::string UnknownText(const Totals& totals);
// "the provider's own figure: $0.0312 (of 3 of 8 calls)"; empty where there is none, or it is ours
// but for rounding.
std::string OwnFigureText(const Totals& totals);

// "[item] step · provider/model · at most $0.02".
std::string UnknownLine(const UnknownTry& unknown);

struct ItemLook {
  bool mark_simulated = true;  // say so where the cost is (not needed where the whole run's is)
  bool brief = false;          // less in brackets, so that it is short
};

// "✓ [id] done · 8 calls · … · 12.3 s".
std::string ItemLine(const ItemReport& report, const ItemLook& look);

// What a failed item failed of, for lists: "✗ [id] reason".
std::string FailureLine(std::string_view id, std::string_view reason);

// What was found and what will be done; no lines when nothing is to do.
std::vector<std::string> PlanLines(const RunPlan& plan);

// "note: …", "warning: …", "error: …".
std::string NoticeLine(NoticeKind kind, std::string_view text);

}  // namespace muster
