#include "supervisor/governor/error_guard.h"

#include <fmt/format.h>

namespace muster {
namespace {

constexpr size_t kLatest = 50;  // as the setting's help says

}  // namespace

void ErrorGuard::Count(bool failed, const std::string& why) {
  in_a_row_ = failed ? in_a_row_ + 1 : 0;
  latest_.push_back(failed);
  failed_ += failed;
  if (latest_.size() > kLatest) {
    failed_ -= latest_.front();
    latest_.pop_front();
  }
  if (!verdict_.empty() || !failed) return;
  if (guard_.consecutive_errors && in_a_row_ >= *guard_.consecutive_errors) {
    verdict_ = fmt::format("{} calls in a row failed, the last one: {}", in_a_row_, why);
  }
  double share = static_cast<double>(failed_) / static_cast<double>(kLatest);
  if (guard_.error_rate && latest_.size() == kLatest && share >= *guard_.error_rate) {
    verdict_ =
        fmt::format("{} of the latest {} calls failed, the last one: {}", failed_, kLatest, why);
  }
}

}  // namespace muster
