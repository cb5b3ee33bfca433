#include "common/template.h"

#include <algorithm>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "common/template_syntax.h"
#include "common/text.h"

namespace muster {
namespace {

using Kind = TemplateNode::Kind;

constexpr size_t kNamesShown = 8;  // in an error, of those that are known

std::string Quoted(std::string_view name) {
  constexpr size_t kShown = 200;  // bytes
  return fmt::format("\"{}{}\"", VisibleText(name.substr(0, kShown)),
                     name.size() > kShown ? "…" : "");
}

std::string_view KindOf(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_string()) return "a text";
  if (value.is_boolean()) return "true or false";
  return value.is_array() ? "a list" : "a number";
}

std::vector<std::string> NamesOf(const Json& object) {
  std::vector<std::string> names;
  for (const auto& member : object.items()) names.push_back(member.key());
  return names;
}

// "; known here: item, params, run"
std::string KnownNames(const std::vector<std::string>& names, std::string_view where) {
  if (names.empty()) return fmt::format("; {} has no names", where.empty() ? "this scope" : where);
  std::string known = where.empty() ? "; known here: " : fmt::format("; known in {}: ", where);
  for (size_t i = 0; i < std::min(names.size(), kNamesShown); ++i) {
    known += (i > 0 ? ", " : "") + VisibleText(names[i].substr(0, 60));
  }
  return known + (names.size() > kNamesShown ? ", …" : "");
}

// The member at the end of `path`, or nullptr.
const Json* Follow(const Json* value, std::span<const std::string_view> path) {
  for (std::string_view part : path) {
    value = Member(*value, part);
    if (!value) return nullptr;
  }
  return value;
}

// Why `name` is not there: `value` stands where the part `path.front()` of it is looked for.
Error Unknown(std::string_view name, const Json& value, std::span<const std::string_view> path) {
  std::string_view part = path.front();
  std::string_view found = name.substr(0, static_cast<size_t>(part.data() - name.data()));
  std::string where = found.empty() ? "" : Quoted(found.substr(0, found.size() - 1));
  if (!value.is_object()) {
    if (!where.empty()) {
      return Fail("unknown name {}: {} is {} and has no names", Quoted(name), where, KindOf(value));
    }
    return Fail("unknown name {}: the element is {}; only {{{{.}}}} is known here", Quoted(name),
                KindOf(value));
  }
  std::vector<std::string> names = NamesOf(value);
  std::string nearest = NearestName(part, names);
  if (nearest.empty()) return Fail("unknown name {}{}", Quoted(name), KnownNames(names, where));
  bool rest_fits = Follow(Member(value, nearest), path.subspan(1)) != nullptr;
  std::string_view rest = name.substr(found.size() + part.size());
  return Fail("unknown name {}; did you mean {}?", Quoted(name),
              Quoted(std::string(found) + nearest + std::string(rest_fits ? rest : "")));
}

// What `name` means in `scope`; lives as long as `scope`.
Result<const Json*> Resolve(const Json& scope, std::string_view name) {
  auto parts = NameParts(name);
  if (!parts) return Error{parts.error()};
  const Json* value = &scope;
  for (size_t i = 0; i < parts->size(); ++i) {
    const Json* member = Member(*value, (*parts)[i]);
    if (!member) return Unknown(name, *value, std::span(*parts).subspan(i));
    value = member;
  }
  return value;
}

bool Opens(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  return !value.is_null() && !(value.is_array() && value.empty());
}

using Nodes = std::vector<TemplateNode>;

// What is put in for a value's text.
using PutInRule = std::string (*)(std::string_view text);

// One rendering. `root` is the outermost scope; both references are the caller's.
class Renderer {
 public:
  Renderer(const std::string& origin, const Json& root, PutInRule put_in)
      : origin_(origin), root_(root), put_in_(put_in) {}

  Result<void> RenderAll(const Nodes& nodes, const Json& scope) {
    for (const TemplateNode& node : nodes) {
      auto done = node.kind == Kind::kText ? Append(node.text, node) : RenderTag(node, scope);
      if (!done) return done;
    }
    return {};
  }

  std::string Take() { return std::move(out_); }

 private:
  Result<void> RenderTag(const TemplateNode& node, const Json& scope) {
    auto found = Resolve(scope, node.text);
    if (!found) return At(node, found.error() + OutsideHint(node, scope));
    const Json& value = **found;
    switch (node.kind) {
      case Kind::kValue:
        if (value.is_null()) return {};
        return value.is_string() ? PutIn(value.get_ref<const std::string&>(), node)
                                 : PutIn(DumpJson(value), node);
      case Kind::kInverted:
        return Opens(value) ? Result<void>() : RenderAll(node.children, scope);
      default:
        return RenderSection(node, value, scope);
    }
  }

  Result<void> RenderSection(const TemplateNode& node, const Json& value, const Json& scope) {
    if (!Opens(value)) return {};
    if (!value.is_array()) return RenderAll(node.children, value.is_object() ? value : scope);
    for (const Json& element : value) {
      auto done = RenderAll(node.children, element);
      if (!done) return done;
    }
    return {};
  }

  Result<void> PutIn(std::string_view text, const TemplateNode& node) {
    return put_in_ ? Append(put_in_(text), node) : Append(text, node);
  }

  Result<void> Append(std::string_view text, const TemplateNode& node) {
    if (text.size() > kMaxRendered - out_.size()) {
      return At(node, fmt::format("the text grows over {} MB", kMaxRendered >> 20));
    }
    out_ += text;
    return {};
  }

  // For a name that would be known were it not for the section around it.
  std::string OutsideHint(const TemplateNode& node, const Json& scope) const {
    if (&scope == &root_ || !Resolve(root_, node.text)) return "";
    return fmt::format(" ({} is known outside of this section only)", Quoted(node.text));
  }

  Error At(const TemplateNode& node, std::string_view what) const {
    return Fail("{}: {}", TemplatePlace(origin_, node.line), what);
  }

  const std::string& origin_;
  const Json& root_;
  PutInRule put_in_;
  std::string out_;
};

// Adds to `names`, in order, what is not in `seen` yet.
void CollectNames(const Nodes& nodes, std::set<std::string_view>& seen,
                  std::vector<std::string>& names) {
  for (const TemplateNode& node : nodes) {
    if (node.kind == Kind::kText) continue;
    if (node.text != "." && seen.insert(node.text).second) names.emplace_back(node.text);
    if (node.kind == Kind::kInverted) CollectNames(node.children, seen, names);
  }
}

}  // namespace

Result<std::string> Render(const std::string& text, const std::string& origin, const Json& context,
                           std::string (*put_in)(std::string_view text)) {
  auto nodes = ParseTemplate(text, origin);
  if (!nodes) return Error{nodes.error()};
  Renderer renderer(origin, context, put_in);
  auto done = renderer.RenderAll(*nodes, context);
  if (!done) return Error{done.error()};
  return renderer.Take();
}

Result<void> CheckTemplate(const std::string& text, const std::string& origin) {
  auto nodes = ParseTemplate(text, origin);
  return nodes ? Result<void>() : Error{nodes.error()};
}

Result<std::vector<std::string>> TemplateNames(const std::string& text, const std::string& origin) {
  auto nodes = ParseTemplate(text, origin);
  if (!nodes) return Error{nodes.error()};
  std::set<std::string_view> seen;
  std::vector<std::string> names;
  CollectNames(*nodes, seen, names);
  return names;
}

Result<const Json*> FindName(const Json& context, std::string_view path) {
  return Resolve(context, path);
}

Result<Json> LookUp(const Json& context, const std::string& path) {
  auto found = Resolve(context, path);
  if (!found) return Error{found.error()};
  return **found;
}

}  // namespace muster
