#pragma once

#include <string>
#include <string_view>

#include "tests/fake_provider/http.h"

namespace fake_provider::gemini {

// What a path means: …/models/MODEL:METHOD, or without a method the list of models or one of it.
struct Target {
  bool known = false;   // the path is one of Google's
  bool vertex = false;  // as Vertex has them: the key is a token, replies say a little more
  std::string version;  // v1beta
  std::string model;    // without "models/"; "": the list
  std::string method;   // generateContent

  bool Streams() const { return method == "streamGenerateContent"; }
};

Target ParseTarget(std::string_view path);

// ?alt=sse: a stream comes as server-sent events, else as one JSON array.
bool WantsSse(const Request& request);

// Whether errors come inside an array: for streams that are one, and for all of Vertex's.
bool WrapsErrors(const Request& request);

}  // namespace fake_provider::gemini
