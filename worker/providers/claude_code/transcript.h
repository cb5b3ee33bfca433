#pragma once

// What the claude program prints with `--output-format stream-json --verbose`: JSON lines, the last
// of them of type "result". `--output-format json` prints that line alone, and is read too.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/json.h"

namespace muster {

// Stands among a reply's headers when the request had a schema: the printout does not tell, and
// the program passes over a schema that it cannot use.
inline constexpr char kSchemaHeader[] = "muster-schema";

// A printout, read. Lines that are no JSON are passed over.
struct Transcript {
  Json result;             // the object of the last line "result"; null: there is none
  std::string text;        // what the model wrote, over all its messages
  std::string error;       // how the program classes its failure ("rate_limit"); empty: it does not
  std::string limit_type;  // which limit was reached ("seven_day_opus"); empty: none
  std::optional<int64_t> limit_ends;  // when, in seconds since 1970
};

Transcript ReadTranscript(std::string_view printed);

// The body that is kept of a printout: its result with a member "text" of ours where what the model
// wrote is more than the result says. An answer that is cut at the model's longest output is
// continued by the program in a second message, and its result has only the last one's text.
Json BodyOf(const Transcript& transcript);

}  // namespace muster
