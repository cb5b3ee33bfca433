#include "common/output_record.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "common/expression.h"
#include "common/safe_name.h"
#include "common/text_source.h"

namespace muster {
namespace {

// One row while it is made: names, each once, in the order they came.
class Cells {
 public:
  // What the config names counts for more than what a map brings.
  void Set(const std::string& name, Json value, bool named) {
    auto [place, is_new] = places_.try_emplace(name, cells_.size());
    if (is_new) {
      cells_.push_back({name, std::move(value), named});
    } else if (named || !cells_[place->second].named) {
      cells_[place->second].value = std::move(value);
      cells_[place->second].named = named;
    }
  }

  bool Has(const std::string& name) const { return places_.contains(name); }
  size_t size() const { return cells_.size(); }
  const std::string& name(size_t i) const { return cells_[i].name; }

  // Null where it is not there.
  Json Get(const std::string& name) const {
    auto place = places_.find(name);
    return place == places_.end() ? Json() : cells_[place->second].value;
  }

 private:
  struct Cell {
    std::string name;
    Json value;
    bool named = false;
  };
  std::vector<Cell> cells_;
  std::map<std::string, size_t> places_;
};

bool IsScalar(const Json& value) {
  return value.is_string() || value.is_number() || value.is_boolean();
}

// What the columns of one row can name. A name that stands alone is the row's own first; in any
// other expression the item's names are what they are everywhere, and those of the row stand beside
// them, so that a row with an "item" in it does not change what item.id is.
class Scope {
 public:
  // Lives as long as the scope.
  explicit Scope(const Json& context) : context_(context) {}

  // Begins with an element of `rows`, whose members the columns can name; `each` is it itself. It
  // outlives the row.
  void BeginRow(const Json& element) {
    if (!element_) names_ = context_;
    for (const std::string& name : added_) names_.erase(name);
    added_.clear();
    element_ = &element;
    if (element.is_object()) {
      for (const auto& [name, value] : element.items()) Add(name, value);
    }
    Add("each", element);
  }

  Result<Json> ValueOf(const Expression& expression) {
    if (element_) {
      if (const Json* own = Member(*element_, expression.text)) return *own;
      if (auto missing = AddMissing(expression); !missing) return Error{missing.error()};
    }
    return Evaluate(expression, element_ ? names_ : context_);
  }

 private:
  void Add(const std::string& name, Json value) {
    if (names_.contains(name)) return;
    names_[name] = std::move(value);
    added_.push_back(name);
  }

  // A row need not have all members: what nobody knows is empty in it.
  Result<void> AddMissing(const Expression& expression) {
    auto names = NamesIn(expression);
    if (!names) return Error{names.error()};
    for (const std::string& name : *names) Add(name.substr(0, name.find('.')), Json());
    return {};
  }

  const Json& context_;
  const Json* element_ = nullptr;  // nullptr: the row is the item itself
  Json names_;                     // the context and what a row adds to it; only if there are rows
  std::vector<std::string> added_;
};

// "item" of "item.*".
Expression MapOf(const Column& column) {
  const std::string& text = column.value.text;
  return {text.substr(0, text.size() - 2), column.value.origin};
}

Error At(const Expression& expression, std::string_view what) {
  return Fail("{}: {}", expression.origin, what);
}

// Sets a cell for every field of a map that a table can hold.
Result<void> AddFields(const Column& column, Scope& scope, Cells& cells) {
  Expression path = MapOf(column);
  auto map = scope.ValueOf(path);
  if (!map) return Error{map.error()};
  if (map->is_null()) return {};
  if (!map->is_object()) return At(path, fmt::format("{} has no fields", path.text));
  for (const auto& [name, value] : map->items()) {
    if (IsScalar(value)) cells.Set(name, value, false);
  }
  return {};
}

// Sets a cell for every member of the map that is to be flattened; what has a column's name is
// called by its whole path. Lists and maps in it are texts.
Result<void> AddFlattened(const Expression& path, Scope& scope, Cells& cells) {
  if (path.empty()) return {};
  auto map = scope.ValueOf(path);
  if (!map) return Error{map.error()};
  if (map->is_null()) return {};
  if (!map->is_object()) return At(path, fmt::format("{} is no map to flatten", path.text));
  for (const auto& [name, value] : map->items()) {
    bool taken = cells.Has(name);
    cells.Set(taken ? fmt::format("{}.{}", path.text, name) : name,
              value.is_structured() ? Json(DumpJson(value)) : value, false);
  }
  return {};
}

// The cells of one row. `values` false: only their names, of a table without rows.
Result<Cells> MakeRow(const Output& output, const Expression& flatten, Scope& scope, bool values) {
  Cells cells;
  for (const Column& column : output.columns) {
    if (column.name.empty()) {
      if (auto added = AddFields(column, scope, cells); !added) return Error{added.error()};
      continue;
    }
    auto value = values ? scope.ValueOf(column.value) : Result<Json>(Json());
    if (!value) return Error{value.error()};
    cells.Set(column.name, *std::move(value), true);
  }
  if (!values) return cells;
  auto added = AddFlattened(flatten, scope, cells);
  return added ? Result<Cells>(std::move(cells)) : Error{added.error()};
}

// The elements that are rows; null where they were never made.
Result<Json> ElementsOf(const Output& output, const Json& context) {
  Expression rows{output.rows, output.path().origin};
  auto list = Evaluate(rows, context);
  if (!list) return Error{list.error()};
  if (list->is_null()) return Json::array();
  if (!list->is_array()) return At(rows, fmt::format("rows: {} is no list", rows.text));
  return list;
}

Result<std::vector<Cells>> MakeRows(const Output& output, const Json& elements, Scope& scope) {
  Expression flatten{output.flatten, output.path().origin};
  std::vector<Cells> rows;
  for (const Json& element : elements) {
    if (!output.rows.empty()) scope.BeginRow(element);
    auto row = MakeRow(output, flatten, scope, true);
    if (!row) return Error{row.error()};
    rows.push_back(*std::move(row));
  }
  return rows;
}

// All names of the rows, in the order they first stand in one.
std::vector<std::string> NamesOf(const std::vector<Cells>& rows) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const Cells& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      if (seen.insert(row.name(i)).second) names.push_back(row.name(i));
    }
  }
  return names;
}

Result<std::string> MakeTable(const Output& output, const Json& context) {
  Json one = Json::array({nullptr});  // the item itself
  auto elements = output.rows.empty() ? Result<Json>(std::move(one)) : ElementsOf(output, context);
  if (!elements) return Error{elements.error()};
  Scope scope(context);
  auto rows = MakeRows(output, *elements, scope);
  if (!rows) return Error{rows.error()};
  std::vector<std::string> names = NamesOf(*rows);
  if (rows->empty()) {
    auto empty = MakeRow(output, {}, scope, false);
    if (!empty) return Error{empty.error()};
    names = NamesOf({*std::move(empty)});
  }
  Json lines = Json::array();
  for (const Cells& row : *rows) {
    Json line = Json::array();
    for (const std::string& name : names) line.push_back(row.Get(name));
    lines.push_back(std::move(line));
  }
  return DumpJson(Json{{"columns", names}, {"rows", std::move(lines)}});
}

// What stands in the file, or is added to it.
Result<std::string> MakeText(const Config& config, const Output& output, const Json& context) {
  if (output.is_table()) return MakeTable(output, context);
  const std::optional<TextSource>& text = output.file ? output.text : output.record;
  return text ? RenderSource(*text, config.base_dir, context) : Result<std::string>("");
}

}  // namespace

Result<OutputText> MakeRecord(const Config& config, size_t index, const Json& context) {
  const Output& output = config.outputs[index];
  auto path = RenderPath(output.path().text, output.path().origin, context);
  if (!path) return Error{path.error()};
  auto text = MakeText(config, output, context);
  if (!text) return Error{text.error()};
  return OutputText{static_cast<int64_t>(index), *std::move(path), *std::move(text)};
}

}  // namespace muster
