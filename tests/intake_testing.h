#pragma once

// What the tests of sources and their items share.

#include <doctest/doctest.h>

#include "supervisor/intake.h"
#include "tests/config_testing.h"

namespace muster {

// A run whose config and items a test changes between its sessions; the ledger is in memory.
struct SourceTest {
  explicit SourceTest(std::string config) : yaml(std::move(config)) {
    auto opened = Ledger::Open(":memory:", {1, "host", "muster run", 1'000});
    REQUIRE(opened);
    ledger.emplace(*std::move(opened));
  }

  Result<Intake> Try(OnChange on_change = OnChange::kStop) {
    auto config = folder.Load(yaml);
    REQUIRE_MESSAGE(config, config.error());
    return TakeItemsIn(*config, *ledger, on_change);
  }
  Intake Take(OnChange on_change = OnChange::kStop) {
    auto intake = Try(on_change);
    REQUIRE_MESSAGE(intake, intake.error());
    return *intake;
  }
  void Change(const std::string& from, const std::string& to) {
    REQUIRE(yaml.find(from) != std::string::npos);
    yaml.replace(yaml.find(from), from.size(), to);
  }
  void End(const std::string& item, ItemStatus status) {
    ledger->Add(record::AttemptStarted{item, 1, "w1", 1});
    ledger->Add(record::AttemptEnded{item, 1, "ended", "", 1});
    ledger->Add(record::Status{item, status, "", 2, 1});
    REQUIRE(ledger->Commit() == CommitOutcome::kCommitted);
  }
  ItemRow Row(const std::string& item) const {
    auto row = ledger->view().FindItem(item);
    REQUIRE(row);
    return *row;
  }
  ItemStatus StatusOf(const std::string& item) const { return Row(item).status; }

  ConfigFolder folder;
  std::string yaml;
  std::optional<Ledger> ledger;
};

}  // namespace muster
