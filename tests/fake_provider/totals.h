#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/fake_provider/json.h"

namespace fake_provider {

// What the books add up to: a fold over their events, the same whether these were just written or
// are read back after a restart.
class Totals {
 public:
  // One event of the books, in their order. Unknown ones are ignored.
  void Apply(const Json& event);

  uint64_t last_number() const { return last_number_; }
  int64_t TimesAsked(const std::string& body_sha256) const;

  // Requests asked at `since_ms` (Unix time) or later.
  int64_t AskedSince(int64_t since_ms) const;

  Json ToJson() const;

 private:
  // What became of one body so far.
  struct Body {
    int64_t asked = 0;
    bool answered = false;  // at least once whole
  };

  void ApplyAsked(const Json& event);
  void ApplyBilled(const Json& event);
  void ApplyJob(const Json& event);
  void ApplyDownload(const Json& event);
  void ApplyEnded(const Json& event);

  uint64_t last_number_ = 0;
  int64_t asked_ = 0;
  int64_t unauthorized_ = 0;
  int64_t repeats_of_answered_ = 0;
  int64_t max_in_air_ = 0;
  int64_t billed_count_ = 0;
  int64_t picodollars_ = 0;
  int64_t input_ = 0;
  int64_t cached_ = 0;
  int64_t cache_write_ = 0;
  int64_t cache_write_1h_ = 0;
  int64_t output_ = 0;
  int64_t reasoning_ = 0;
  int64_t credits_ = 0;
  int64_t downloads_ = 0;
  int64_t downloads_with_key_ = 0;
  std::map<std::string, int64_t> jobs_by_image_;
  std::map<int64_t, int64_t> statuses_;
  std::map<std::string, int64_t> outcomes_;
  std::map<std::string, int64_t> refused_;  // for limits, by model
  std::vector<int64_t> asked_at_ms_;
  std::unordered_map<std::string, Body> bodies_;
  std::unordered_map<uint64_t, std::string> open_;  // number → SHA-256 of what has not ended
};

}  // namespace fake_provider
