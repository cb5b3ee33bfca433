#pragma once

#include <cstdint>
#include <string>

namespace muster {

// Whether other machines may share a file system of this type (statfs, f_type): the shared memory
// beside a write-ahead log does not work there.
bool IsSharedFileSystem(uint32_t type);

// The same of what `path` is on; false where that cannot be told.
bool OnSharedFileSystem(const std::string& path);

// What a type is called: "ext4", "NFS"; in hexadecimal where it has no name here.
std::string FileSystemName(uint32_t type);

// It is in memory alone, and gone when the machine is.
bool IsInMemory(uint32_t type);

}  // namespace muster
