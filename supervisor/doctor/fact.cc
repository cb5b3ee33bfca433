#include "supervisor/doctor/fact.h"

#include <algorithm>

#include "common/text.h"

namespace muster {
namespace {

const char* NameOf(FactKind kind) {
  if (kind == FactKind::kOk) return "ok";
  return kind == FactKind::kNote ? "note" : "missing";
}

int64_t Count(const Facts& facts, FactKind kind) {
  return std::count_if(facts.begin(), facts.end(),
                       [kind](const Fact& fact) { return fact.kind == kind; });
}

std::string Padded(std::string text, int columns) {
  int missing = columns - ColumnsOf(text);
  return missing > 0 ? text + std::string(static_cast<size_t>(missing), ' ') : text;
}

}  // namespace

std::string FactsPage(const Facts& facts) {
  int columns = 0;
  for (const Fact& fact : facts) columns = std::max(columns, ColumnsOf(VisibleText(fact.what)));
  std::string page;
  for (const Fact& fact : facts) {
    page += fmt::format("{:<8} {}  {}{}\n", NameOf(fact.kind),
                        Padded(VisibleText(fact.what), columns), VisibleText(fact.detail),
                        fact.advice.empty() ? "" : "; " + VisibleText(fact.advice));
  }
  int64_t missing = Count(facts, FactKind::kMissing), notes = Count(facts, FactKind::kNote);
  std::string sum = missing == 0 ? "nothing that is needed is missing"
                                 : fmt::format("{} of what is needed is missing", missing);
  if (notes > 0) sum += fmt::format(", {} note{}", notes, notes == 1 ? "" : "s");
  return page + sum + "\n";
}

Json FactsJson(const Facts& facts) {
  Json list = Json::array();
  for (const Fact& fact : facts) {
    list.push_back({{"kind", NameOf(fact.kind)},
                    {"what", fact.what},
                    {"detail", fact.detail},
                    {"advice", fact.advice}});
  }
  return Json{{"missing", Count(facts, FactKind::kMissing)}, {"facts", std::move(list)}};
}

bool AnyMissing(const Facts& facts) { return Count(facts, FactKind::kMissing) > 0; }

}  // namespace muster
