#include "supervisor/doctor/surroundings_facts.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "common/files.h"
#include "common/prices.h"
#include "supervisor/ledger/sqlite.h"

namespace muster {
namespace {

constexpr int64_t kDay = 86'400;                // seconds
constexpr int64_t kLongTime = 50 * 365 * kDay;  // no program is so old

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// The variable that decides about characters.
std::string_view Locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (!Variable(name).empty()) return Variable(name);
  }
  return "";
}

bool SaysUtf8(std::string_view locale) {
  std::string lower;
  for (char c : locale) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower.ends_with("utf-8") || lower.ends_with("utf8");
}

int64_t TimeBuilt() {
  struct stat info;
  return stat("/proc/self/exe", &info) == 0 ? info.st_mtime : 0;
}

std::string DayOf(int64_t seconds) {
  time_t time = seconds;
  tm parts{};
  char text[32];
  gmtime_r(&time, &parts);
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts)};
}

Fact SqliteFact() {
  auto database = Database::Open(":memory:", Database::Access::kReadWrite);
  if (!database) return {FactKind::kMissing, "SQLite", database.error()};
  Rows version = (*database)->Query("SELECT sqlite_version()");
  if (!version.Next()) return {FactKind::kMissing, "SQLite", (*database)->error()};
  return {FactKind::kOk, "SQLite", version.Text(0)};
}

Fact PricesFact() {
  auto file = FindDataFile("prices.json");
  auto table = file ? PriceTable::Load(*file) : Result<PriceTable>(Error{file.error()});
  if (!table) {
    return {FactKind::kMissing, "prices", table.error(),
            "install the data files, or name their folder in MUSTER_DATA"};
  }
  std::string path = std::filesystem::path(*file).lexically_normal().string();
  return {FactKind::kOk, "prices", fmt::format("{}, of {}", path, table->date())};
}

}  // namespace

Fact ClockFact(int64_t now, int64_t built) {
  Fact fact{FactKind::kOk, "clock", DayOf(now)};
  bool early = now<built - kDay, late = now> built + kLongTime;
  if (!early && !late) return fact;
  fact.kind = FactKind::kMissing;
  fact.detail += early ? ", before this program was built" : ", long after this program was built";
  fact.advice = "set it: certificates are judged by it";
  return fact;
}

Fact TerminalFact(const TerminalSurroundings& around) {
  bool draws = around.tty && !around.term.empty() && around.term != "dumb";
  Fact fact{FactKind::kOk, "terminal", ""};
  fact.detail = !around.tty ? "none: progress is plain lines"
                : draws     ? fmt::format("{}, {}", around.term,
                                      around.no_color.empty() ? "colours" : "no colours")
                            : "TERM does not say which: progress is plain lines";
  if (!draws || SaysUtf8(around.locale)) return fact;
  fact.kind = FactKind::kNote;
  fact.detail += around.locale.empty() ? ", no locale" : fmt::format(", {}", around.locale);
  fact.advice = "texts are UTF-8: LANG=C.UTF-8 has them shown as they are";
  return fact;
}

Facts SurroundingsFacts() {
  TerminalSurroundings around{isatty(STDOUT_FILENO) == 1, Variable("TERM"), Variable("NO_COLOR"),
                              Locale()};
  return {SqliteFact(), PricesFact(), ClockFact(std::time(nullptr), TimeBuilt()),
          TerminalFact(around)};
}

}  // namespace muster
