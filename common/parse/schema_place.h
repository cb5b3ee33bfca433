#pragma once

// JSON pointers (RFC 6901), written and read.

#include <string>
#include <string_view>

namespace muster {

// A step of a pointer that is being followed; lives on the stack, above the steps before it. The
// document itself has no step above it.
struct JsonPlace {
  const JsonPlace* above = nullptr;
  std::string_view name;  // of a member, else empty
  size_t index = 0;       // of an element
  bool is_element = false;
};

// "/tasks/3/answer"; "" for the document itself.
std::string PointerTo(const JsonPlace& place);

// A name as one token of a pointer: ~ and / are quoted.
std::string PointerToken(std::string_view name);

// What a URI's fragment says: %24 is $.
std::string UnquotedFragment(std::string_view fragment);

// For messages: "at /tasks/3", "at the top". Cut when very long.
std::string AtPlace(std::string_view pointer);

}  // namespace muster
