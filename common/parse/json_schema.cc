#include "common/parse/json_schema.h"

#include "common/parse/schema_check.h"
#include "common/parse/schema_node.h"

namespace muster {

Result<JsonSchema> JsonSchema::Compile(const Json& schema) {
  Result<SchemaGraph> graph = CompileSchema(schema);
  if (!graph) return Error{graph.error()};
  return JsonSchema(std::make_shared<const SchemaGraph>(std::move(*graph)));
}

Result<void> JsonSchema::Check(const Json& value) const {
  return CheckAgainst(*graph_->root, value);
}

}  // namespace muster
