// What was in memory once, keys above all, stays out of files that are made later.

#include <memory>
#include <vector>

#include "tests/ledger_testing.h"

namespace muster {
namespace {

// What is freed is given to whoever asks next, as it is; to the system only what lies at the end of
// the heap, before which something has to stay.
std::unique_ptr<char[]> LeaveInMemory(const std::string& text) {
  std::vector<std::string> blocks(64);
  for (std::string& block : blocks) {
    block.reserve(40'000);
    while (block.size() + text.size() < block.capacity()) block += text;
  }
  return std::make_unique<char[]>(100);
}

TEST_CASE("memory: what was freed does not get into the index of a log of which nothing is left") {
  TempDir dir;
  Wait(Fork([&] {
    auto ledger = Ledger::Open(dir / "ledger", TestSession());
    DoItem(*ledger, 1);
    _exit(0);  // without an orderly end
    return 0;
  }));
  WriteBytes(dir / "ledger-wal", ReadBytes(dir / "ledger-wal").substr(0, 56));
  const std::string secret = "what-must-not-be-kept-";
  auto stays = LeaveInMemory(secret);
  auto database = Database::Open(dir / "ledger", Database::Access::kReadOnly);
  REQUIRE(database);
  std::string index = ReadBytes(dir / "ledger-shm");
  CHECK(index.size() >= 32'768);
  CHECK(index.find(secret) == std::string::npos);
}

}  // namespace
}  // namespace muster
