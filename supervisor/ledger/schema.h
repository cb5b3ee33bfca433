#pragma once

// The tables of a ledger, and the making and checking of a file that holds them. Columns in
// milliseconds end in _ms; times of day are since 1970 (CLOCK_REALTIME). Money is picodollars.
// NULL is "not known" or "not yet"; numbers of enums are those of states.h and records.h.
//
//   meta         key → value: facts of the run itself (its name, fingerprint, …), and how often
//                items took records back that files may hold
//
//   sessions     one row per start of the supervisor: process, host, command line, when.
//                ended_ms and exit_code are NULL while it runs; lost = 1 says that a later session
//                found it unended
//
//   items        where each item stands: number (what other tables call it by), id, position in the
//                source, status (ItemStatus), reason of that status, attempts handed out,
//                worker_deaths so far, extra_asks granted, work_ms of its last attempt, lane
//                ("provider/model") of its first call, '' where that is not known
//   item_fields  what the source says of it: fields (JSON) and their hash. Apart from items, so
//                that a change of status does not write a large item again
//
//   attempts     one row per hand-out of an item to a worker, on which node (machine); outcome
//   NULL:
//                not ended.
//                "supervisor-lost": the supervisor died first, ended_ms stays NULL
//
//   calls        one row per call and ask, unique by item, step, ask and hash of the request;
//                answer is the raw reply (NULL: none yet), rejected = 1 if the step could not use
//                it
//   tries        one row per sending of a call, made before the worker may send: outcome
//                (TryOutcome: 0 in the air, 1 answered, 2 failed, 3 unknown), estimates of tokens
//                and worst case before, tokens and cost after; own_cost is what the provider says
//                it cost, tier the service tier it was served in ('': the usual one), partial the
//                first 64 KB of an answer's text that broke off (never an answer); model, provider
//                and item are those of its call. One that was in the air when the supervisor died
//                is unknown, its worst case stays
//
//   sums         of the tries, by session, worker, provider and model: the columns of Totals
//   (view.h),
//                cost and unknown_cost as they count against a budget. Items done stand where
//                provider and model are ''. A try in the air counts in tries alone
//
//   outputs      what done items put into files, in done order (sequence); written = 1 once the
//                file holds it
//   results      what reports are made of: a done item's scores and groups (item_result.h), JSON
//
//   notes        what else a reader of the books should know, in order
//
// Indexes: items by status, lane and position (what to hand out), by position (the source's order),
// calls by identity (replay), tries by time (limits after a restart), outputs by number and path,
// and partial ones over the few rows in the air, unknown, unended or unwritten, which recovery and
// status look for.

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"
#include "supervisor/ledger/sqlite.h"

namespace muster {

inline constexpr int64_t kLedgerVersion = 5;

// Of every page of the file; a ledger without a log is a whole number of them.
inline constexpr int64_t kLedgerPageBytes = 4096;

// Ends the messages about a file that is refused.
inline constexpr std::string_view kLedgerAdvice =
    "nothing was changed; restore a copy of it or use another run directory";

// Creates the schema in an empty database, in one transaction: a crash leaves it empty or whole.
// Anything else must be a ledger of this version, undamaged; it is never changed here.
Result<void> PrepareSchema(Database& database, const std::string& path);

// That it is a ledger of this version, by its header and its schema. For readers.
Result<void> CheckSchema(Database& database, const std::string& path);

}  // namespace muster
