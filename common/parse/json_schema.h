#pragma once

// A JSON Schema, compiled once, that values are checked against. Which keywords are understood is
// listed in schema_compile.cc (drafts 06 to 2020-12 without conditions, dynamic references and
// patterns of names); any other is an error at compile, so that no answer passes by a rule that was
// skipped. `format` is an annotation, as the drafts have it.
//
// It is our own because no library of Debian 12 survives hostile input. Probed with 2 GB of address
// space and 20 s: rapidjson 1.1's schema.h (draft 4) crashes on {"$ref":"#"}, on cycles of
// references, on pattern (a*)*b with 100 KB and on an anyOf that recurs 24 deep, and asserts on the
// pattern ^( ; it passes what a remote or wrong $ref, $defs, const, a numeric exclusiveMinimum,
// `false` or \d would refuse, calls 1.0 no integer and needs 8 s for a schema of 1 MB. valijson 1.0
// crashes on {"$ref":"#"}, on data 20,000 deep and on patterns over long texts (std::regex).

#include <memory>

#include "common/json.h"
#include "common/result.h"

namespace muster {

struct SchemaGraph;

// Immutable; copies share what was compiled.
class JsonSchema {
 public:
  // A schema that is not understood in full is an error that names keyword and place.
  static Result<JsonSchema> Compile(const Json& schema);

  // The first thing that does not fit: "at /tasks/3/answer: expected one of "A", "B", found "E"".
  // Ends soon whatever the value is: what would take too long is an error too.
  Result<void> Check(const Json& value) const;

  const SchemaGraph& graph() const { return *graph_; }

 private:
  explicit JsonSchema(std::shared_ptr<const SchemaGraph> graph) : graph_(std::move(graph)) {}

  std::shared_ptr<const SchemaGraph> graph_;
};

}  // namespace muster
