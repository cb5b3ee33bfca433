#pragma once

// What the file system offers on which a run's books will be kept.

#include <cstdint>
#include <string>

#include "supervisor/doctor/fact.h"

namespace muster {

// A folder's file system in numbers.
struct FolderSpace {
  std::string folder;
  uint32_t type = 0;  // statfs, f_type
  uint64_t free = 0;  // bytes that we may fill
};

// The nearest folder at or above `path` that is there.
std::string NearestFolder(const std::string& path);

Fact FileSystemFact(const FolderSpace& space);
Fact FreeSpaceFact(const FolderSpace& space);

// Of the folder a run directory `run_dir` is or will be in; what is tried there is removed at once.
Facts FolderFacts(const std::string& run_dir);

}  // namespace muster
