#pragma once

// What a JSON Schema is compiled to: a graph of nodes, one for each schema inside of it. Knows
// nothing of how it is checked (schema_check.cc) or what would meet it (schema_instance.cc).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "common/json.h"
#include "common/parse/pattern.h"
#include "common/result.h"

namespace muster {

// Sets of JSON types. A whole number has two: kInteger | kNumber.
enum SchemaTypes : unsigned {
  kNull = 1,
  kBoolean = 2,
  kInteger = 4,
  kNumber = 8,
  kString = 16,
  kArray = 32,
  kObject = 64,
  kAnyType = 127,
};

unsigned TypesOf(const Json& value);

// The values of an enum, or the one of a const.
struct SchemaValues {
  std::vector<Json> values;
  std::unordered_set<std::string> keys;  // EqualityKey of each
};

// How much of something there may be; both ends belong to it.
struct SchemaBounds {
  uint64_t least = 0, most = UINT64_MAX;
};

// One schema: all that is set must hold. Pointers are to nodes of the same graph; nullptr: not set.
struct SchemaNode {
  // A member that is described, required, or both.
  struct Property {
    std::string name;
    const SchemaNode* schema = nullptr;  // nullptr: falls to `additional`
    bool required = false;
  };

  std::string at;        // JSON pointer of it in the schema, for messages
  bool nothing = false;  // the schema `false`
  unsigned types = kAnyType;
  std::vector<SchemaValues> values;  // the value must be among each
  std::optional<Json> minimum, maximum, above, below, multiple_of;
  SchemaBounds length, items_count, members_count;
  std::optional<Pattern> pattern;
  bool unique = false;
  std::vector<const SchemaNode*> prefix;  // of an array's first elements
  const SchemaNode* items = nullptr;      // of those after the prefix
  std::vector<Property> properties;
  std::unordered_map<std::string, size_t> property_index;  // by name
  size_t required_count = 0;
  const SchemaNode* additional = nullptr;  // of members that are not described
  const SchemaNode* ref = nullptr;
  const SchemaNode* no = nullptr;
  std::vector<const SchemaNode*> all_of, any_of, one_of;
};

// Owns the nodes. No node reaches itself without going into the data, nor over more than
// kMaxJsonDepth others.
struct SchemaGraph {
  std::vector<std::unique_ptr<SchemaNode>> nodes;
  const SchemaNode* root = nullptr;
};

// Every keyword of `schema` is understood, or the error names the one that is not and its place.
Result<SchemaGraph> CompileSchema(const Json& schema);

}  // namespace muster
