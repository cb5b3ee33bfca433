#pragma once

#include <string>

#include "common/fd.h"
#include "common/result.h"

namespace muster {

// A run's directory while this process owns it: made with mode 0700, locked by the kernel, so that
// the lock is gone with its owner however that ends. Keep it alive as long as the run.
class RunDir {
 public:
  // Why a directory could not be taken.
  struct Problem {
    std::string message;
    bool in_use = false;  // another process runs in it
  };

  // Takes `path`, making it where it is missing. With `fresh`, what is there is set aside first, as
  // `path`.1, `path`.2, …: nothing is deleted.
  static std::variant<RunDir, Problem> Take(const std::string& path, bool fresh);

  const std::string& path() const { return path_; }
  std::string ledger() const { return path_ + "/ledger.sqlite"; }
  // What the lock file holds: a word that no other session's has. Empty where it cannot be written.
  const std::string& mark() const { return mark_; }
  // Where an older run was set aside; empty: nowhere.
  const std::string& set_aside() const { return set_aside_; }

 private:
  RunDir() = default;

  std::string path_, set_aside_, mark_;
  Fd lock_;
};

// The process that owns the run in `path`, 0 when none does.
int64_t OwnerOf(const std::string& path);

}  // namespace muster
