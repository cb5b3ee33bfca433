#pragma once

// Room on the disk for last words. On a disk that is suddenly full the answers that are in memory
// have been paid for, and more are on their way; waiting for room keeps them only as long as the
// process lives. So a run keeps a file of some megabytes beside its ledger, for nothing but to be
// removed then: the ledger grows into what it leaves, and nothing new is sent until the room is
// there again. (Another place to spill to may be as full, or not be there at the next start.)

#include <cstdint>
#include <string>

namespace muster {

// The file that holds the room. Not copyable; gives the room up when destroyed, and leaves the file
// behind only if the process is killed, for the next one to take over.
class Reserve {
 public:
  // Enough for hundreds of long answers, little beside any model's price.
  static constexpr int64_t kBytes = 4 << 20;

  explicit Reserve(std::string path, int64_t bytes = kBytes);
  Reserve(const Reserve&) = delete;
  Reserve& operator=(const Reserve&) = delete;
  ~Reserve() { GiveUp(); }

  // Takes the room, or as much as a file may have at all. False: there is too little on the disk.
  bool Take();
  // The room is free for others; false: it was not held.
  bool GiveUp();
  bool held() const { return held_; }

 private:
  std::string path_;
  int64_t bytes_;
  bool held_ = false;
};

}  // namespace muster
