#include "tests/kill_points/stacks.h"

#include <cxxabi.h>
#include <libunwind-ptrace.h>

#include <cstdlib>
#include <functional>

namespace muster::kill_points {
namespace {

constexpr size_t kMostFrames = 64;

// Without what stands in brackets: "muster::Ledger::Commit".
std::string Demangled(const char* name) {
  int status = 0;
  char* text = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  std::string whole = status == 0 && text ? text : name;
  free(text);
  return whole.substr(0, whole.find_first_of("(<", 1));
}

void Walk(unw_addr_space_t space, pid_t pid, const std::function<void(unw_cursor_t*)>& visit) {
  void* context = _UPT_create(pid);
  unw_cursor_t cursor;
  if (context && unw_init_remote(&cursor, space, context) == 0) {
    size_t frames = 0;
    do {
      visit(&cursor);
    } while (++frames < kMostFrames && unw_step(&cursor) > 0);
  }
  if (context) _UPT_destroy(context);
}

}  // namespace

struct Stacks::Space {
  unw_addr_space_t handle = unw_create_addr_space(&_UPT_accessors, 0);
};

Stacks::Stacks() : space_(std::make_unique<Space>()) {
  unw_set_caching_policy(space_->handle, UNW_CACHE_GLOBAL);
}

Stacks::~Stacks() { unw_destroy_addr_space(space_->handle); }

std::vector<uint64_t> Stacks::Of(pid_t pid) const {
  std::vector<uint64_t> frames;
  Walk(space_->handle, pid, [&](unw_cursor_t* cursor) {
    unw_word_t address = 0;
    unw_get_reg(cursor, UNW_REG_IP, &address);
    frames.push_back(address);
  });
  return frames;
}

std::string Stacks::Names(pid_t pid) const {
  std::string text;
  Walk(space_->handle, pid, [&](unw_cursor_t* cursor) {
    char name[512] = "?";
    unw_word_t offset = 0;
    unw_get_proc_name(cursor, name, sizeof name, &offset);
    text += (text.empty() ? "" : " < ") + Demangled(name);
  });
  return text;
}

}  // namespace muster::kill_points
