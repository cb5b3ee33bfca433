// The test program: every tests/*_test.cc in one binary. `-tc="name*"` runs some, `--help` says
// more.

#define DOCTEST_CONFIG_IMPLEMENT
#include <signal.h>

#include <doctest/doctest.h>
#include <cstdio>

namespace {

// Counts for the closing line that scripts read.
struct Counter : doctest::IReporter {
  explicit Counter(const doctest::ContextOptions&) {}
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats& stats) override {
    unsigned failed = stats.numTestCasesFailed;
    std::printf("%u passed, %u failed\n", stats.numTestCasesPassingFilters - failed, failed);
  }
  void test_case_start(const doctest::TestCaseData&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};

REGISTER_LISTENER("counter", 1, Counter);

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);  // as both programs do
  return doctest::Context(argc, argv).run();
}
