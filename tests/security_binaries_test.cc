// How the programs are built: what makes a mistake in them harder to use.

#include <elf.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "tests/programs.h"
#include "tests/workplace.h"

namespace muster {
namespace {

// A 64-bit ELF file, as far as the questions below ask.
class Program {
 public:
  explicit Program(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    bytes_.resize(std::filesystem::file_size(path));
    file.read(bytes_.data(), static_cast<std::streamsize>(bytes_.size()));
    REQUIRE(bytes_.size() > sizeof(Elf64_Ehdr));
    REQUIRE(At<Elf64_Ehdr>(0).e_ident[EI_CLASS] == ELFCLASS64);
  }

  bool IsPositionIndependent() const { return At<Elf64_Ehdr>(0).e_type == ET_DYN; }

  const Elf64_Phdr* Segment(uint32_t type) const {
    const auto& head = At<Elf64_Ehdr>(0);
    for (int i = 0; i < head.e_phnum; ++i) {
      const auto& segment =
          At<Elf64_Phdr>(head.e_phoff + static_cast<uint64_t>(i) * sizeof(Elf64_Phdr));
      if (segment.p_type == type) return &segment;
    }
    return nullptr;
  }

  // The value of an entry of the dynamic section; 0: none.
  uint64_t Dynamic(int64_t tag) const {
    const Elf64_Phdr* section = Segment(PT_DYNAMIC);
    for (uint64_t at = 0; section && at < section->p_filesz; at += sizeof(Elf64_Dyn)) {
      const auto& entry = At<Elf64_Dyn>(section->p_offset + at);
      if (entry.d_tag == tag) return entry.d_un.d_val;
    }
    return 0;
  }

  bool Names(const std::string& symbol) const {
    std::string whole = '\0' + symbol + '\0';
    return memmem(bytes_.data(), bytes_.size(), whole.data(), whole.size()) != nullptr;
  }

 private:
  template <class T>
  const T& At(uint64_t offset) const {
    if (offset + sizeof(T) > bytes_.size()) throw std::runtime_error("cut off");
    return *reinterpret_cast<const T*>(bytes_.data() + offset);
  }

  std::string bytes_;
};

}  // namespace

TEST_CASE("hardening: both programs have all that the compiler and the linker offer") {
  for (const char* name : {"muster", "muster-worker"}) {
    CAPTURE(name);
    Program program(ProgramPath(name));
    CHECK(program.IsPositionIndependent());
    CHECK((program.Dynamic(DT_FLAGS_1) & DF_1_NOW) != 0);
    CHECK(program.Segment(PT_GNU_RELRO));
    const Elf64_Phdr* stack = program.Segment(PT_GNU_STACK);
    REQUIRE(stack);
    CHECK((stack->p_flags & PF_X) == 0);
    CHECK(program.Names("__stack_chk_fail"));
    if (!IsSanitized()) CHECK(program.Names("__memcpy_chk"));
    CHECK(program.Dynamic(DT_RPATH) == 0);
    CHECK(program.Dynamic(DT_RUNPATH) == 0);
    CHECK(program.Dynamic(DT_TEXTREL) == 0);
  }
}

}  // namespace muster
