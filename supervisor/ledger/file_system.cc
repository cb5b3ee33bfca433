#include "supervisor/ledger/file_system.h"

#include <fmt/format.h>
#include <sys/vfs.h>

namespace muster {
namespace {

enum class Reach { kLocal, kShared, kMemory };

struct KnownType {
  uint32_t type;
  const char* name;
  Reach reach;
};

constexpr KnownType kTypes[] = {
    {0x6969, "NFS", Reach::kShared},       {0x517B, "SMB", Reach::kShared},
    {0xFF534D42, "CIFS", Reach::kShared},  {0xFE534D42, "SMB2", Reach::kShared},
    {0x65735546, "FUSE", Reach::kShared},  // sshfs and others
    {0x5346414F, "AFS", Reach::kShared},   {0x00C36400, "Ceph", Reach::kShared},
    {0x01021997, "9p", Reach::kShared},    {0x0BD00BD0, "Lustre", Reach::kShared},
    {0x47504653, "GPFS", Reach::kShared},  {0x19830326, "BeeGFS", Reach::kShared},
    {0xEF53, "ext4", Reach::kLocal},       {0x58465342, "XFS", Reach::kLocal},
    {0x9123683E, "Btrfs", Reach::kLocal},  {0x794C7630, "overlay", Reach::kLocal},
    {0x2FC12FC1, "ZFS", Reach::kLocal},    {0xF2F52010, "F2FS", Reach::kLocal},
    {0x4D44, "FAT", Reach::kLocal},        {0x2011BAB0, "exFAT", Reach::kLocal},
    {0x01021994, "tmpfs", Reach::kMemory}, {0x858458F6, "ramfs", Reach::kMemory},
};

const KnownType* Find(uint32_t type) {
  for (const KnownType& known : kTypes) {
    if (known.type == type) return &known;
  }
  return nullptr;
}

bool Reaches(uint32_t type, Reach reach) {
  const KnownType* known = Find(type);
  return known && known->reach == reach;
}

}  // namespace

bool IsSharedFileSystem(uint32_t type) { return Reaches(type, Reach::kShared); }

bool OnSharedFileSystem(const std::string& path) {
  struct statfs info;
  return statfs(path.c_str(), &info) == 0 && IsSharedFileSystem(static_cast<uint32_t>(info.f_type));
}

std::string FileSystemName(uint32_t type) {
  const KnownType* known = Find(type);
  return known ? known->name : fmt::format("type 0x{:x}", type);
}

bool IsInMemory(uint32_t type) { return Reaches(type, Reach::kMemory); }

}  // namespace muster
