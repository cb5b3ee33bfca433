#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fake_provider/json.h"

namespace fake_provider::meshy {

// Something that was ordered. How it ends is settled when it is made; when, follows from the clock.
struct Task {
  std::string id;
  std::string image_sha256;  // of the picture's bytes
  std::string texture_prompt;
  int64_t credits = 0;            // taken for it; 0 when it fails
  std::string end = "SUCCEEDED";  // or FAILED, CANCELED
  std::string error;              // why it fails
  bool has_glb = true;            // the formats asked for include it
  int64_t created_ms = 0;         // Unix time, also below
  int64_t started_ms = 0, finished_ms = 0;
};

// All tasks of this process, oldest first; a restarted one has none. Times are handed in, so that
// nothing here waits.
class Tasks {
 public:
  // Fills in its id. `runs_ms`: from its creation to its end, a fifth of it in the queue.
  const Task& Add(Task task, int64_t now_ms, int64_t runs_ms);

  const Task* Find(std::string_view id) const;

  // Those that have not ended.
  int64_t Busy(int64_t now_ms) const;

  int64_t credits_taken() const { return credits_taken_; }

  // The task object as the API shows it; `host`: where its files are, up to their path.
  Json Show(const Task& task, int64_t now_ms, const std::string& host) const;

  // A page of them, numbered from 1.
  Json Page(int64_t number, int64_t size, bool newest_first, int64_t now_ms,
            const std::string& host) const;

 private:
  std::vector<Task> tasks_;
  int64_t credits_taken_ = 0;
};

// The path of a task's model, and what has to follow it: so long it can be fetched, without a key.
std::string ModelPath(const Task& task);
std::string ModelQuery(const Task& task);

}  // namespace fake_provider::meshy
