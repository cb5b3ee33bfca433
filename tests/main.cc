// The test program: every tests/*_test.cc in one binary. `-tc="name*"` runs some, `--help` says
// more.

#define DOCTEST_CONFIG_IMPLEMENT
#include <signal.h>

#include <doctest/doctest.h>
#include <cstdio>
#include <string>
#include <vector>

namespace {

// The failed cases once more at the end, each with where it failed first, and the counts that
// scripts read.
struct Counter : doctest::IReporter {
  explicit Counter(const doctest::ContextOptions&) {}
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats& stats) override {
    unsigned failed = stats.numTestCasesFailed;
    for (const std::string& line : failures_) std::printf("FAILED %s\n", line.c_str());
    std::printf("%u passed, %u failed\n", run_ - failed, failed);
  }
  void test_case_start(const doctest::TestCaseData& test) override {
    ++run_;
    name_ = test.m_name;
    first_.clear();
  }
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    if (!stats.testCaseSuccess) failures_.push_back(name_ + first_);
  }
  void test_case_exception(const doctest::TestCaseException& exception) override {
    if (first_.empty()) first_ = std::string("; ") + exception.error_string.c_str();
  }
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData& assertion) override {
    if (!assertion.m_failed || !first_.empty()) return;
    first_ = std::string("; first at ") + assertion.m_file + ":" +
             std::to_string(assertion.m_line) + ": " + assertion.m_expr;
    std::string values = assertion.m_decomp.c_str();
    if (!values.empty()) first_ += " is " + values.substr(0, 500);
  }
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}

 private:
  unsigned run_ = 0;  // of a range of cases, doctest counts also those outside of it
  std::string name_, first_;
  std::vector<std::string> failures_;
};

REGISTER_LISTENER("counter", 1, Counter);

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);  // as both programs do
  return doctest::Context(argc, argv).run();
}
