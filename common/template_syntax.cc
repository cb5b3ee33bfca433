#include "common/template_syntax.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "common/text.h"

namespace muster {
namespace {

using Kind = TemplateNode::Kind;

constexpr size_t kShown = 60;  // bytes of a bad tag shown in an error

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

std::string_view Trimmed(std::string_view text) {
  size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string Shown(std::string_view text) { return VisibleText(text.substr(0, kShown)); }

// One tag as it stands in the text. `sigil` is its kind: 0 for a value, else one of # ^ / ! > =.
struct Tag {
  char sigil = 0;
  std::string_view name;
  size_t begin = 0;  // of "{{"
  size_t end = 0;    // after "}}"
};

// Goes through a text once and builds the tree; `open_` is the path of sections not closed yet,
// below it the top of the tree.
class Parser {
 public:
  Parser(std::string_view text, const std::string& origin) : text_(text), origin_(origin) {}

  Result<std::vector<TemplateNode>> Parse() {
    if (text_.size() > kMaxTemplate) return Fail("{}: the template is over 4 MB", origin_);
    open_.emplace_back();
    for (;;) {
      size_t begin = text_.find("{{", at_);
      if (begin == std::string_view::npos) break;
      auto done = TakeTag(begin);
      if (!done) return Fail("{}: {}", TemplatePlace(origin_, line_), done.error());
    }
    AddText(text_.size());
    if (open_.size() > 1) {
      const TemplateNode& section = open_.back();
      return Fail("{}: the section \"{}\" is never closed", TemplatePlace(origin_, section.line),
                  Shown(section.text));
    }
    return std::move(open_.front().children);
  }

 private:
  Result<void> TakeTag(size_t begin) {
    line_ += static_cast<int>(std::count(text_.begin() + static_cast<ptrdiff_t>(counted_),
                                         text_.begin() + static_cast<ptrdiff_t>(begin), '\n'));
    counted_ = begin;
    auto tag = ReadTag(begin);
    if (!tag) return Error{tag.error()};
    auto [text_end, next] = Around(*tag);
    AddText(text_end);
    at_ = next;
    return AddTag(*tag);
  }

  Result<Tag> ReadTag(size_t begin) const {
    bool triple = text_.substr(begin).starts_with("{{{");
    size_t inside = begin + (triple ? 3 : 2);
    std::string_view closing = triple ? "}}}" : "}}";
    size_t close = text_.find(closing, inside);
    if (close == std::string_view::npos) {
      std::string_view shown = text_.substr(begin, kShown);
      return Fail("\"{}\" has no \"{}\"", Shown(shown.substr(0, shown.find('\n'))), closing);
    }
    Tag tag{0, Trimmed(text_.substr(inside, close - inside)), begin, close + closing.size()};
    if (!triple && !tag.name.empty() &&
        std::string_view("#^/!>=&").find(tag.name.front()) != std::string_view::npos) {
      tag.sigil = tag.name.front() == '&' ? '\0' : tag.name.front();
      tag.name = Trimmed(tag.name.substr(1));
    }
    return tag;
  }

  // Where the text before the tag ends and where that after it begins: a tag that renders nothing
  // itself and stands alone takes its whole line with it.
  std::pair<size_t, size_t> Around(const Tag& tag) const {
    std::pair<size_t, size_t> as_it_is{tag.begin, tag.end};
    if (tag.sigil == 0) return as_it_is;
    size_t first = tag.begin;
    while (first > 0 && IsBlank(text_[first - 1])) --first;
    if (first > 0 && text_[first - 1] != '\n') return as_it_is;
    size_t last = tag.end;
    while (last < text_.size() && IsBlank(text_[last])) ++last;
    if (text_.substr(last).starts_with("\r\n")) return {first, last + 2};
    if (last < text_.size() && text_[last] != '\n') return as_it_is;
    return {first, std::min(last + 1, text_.size())};
  }

  void AddText(size_t end) {
    if (end > at_) Add({Kind::kText, text_.substr(at_, end - at_), line_, {}});
  }

  void Add(TemplateNode node) { open_.back().children.push_back(std::move(node)); }

  Result<void> AddTag(const Tag& tag) {
    if (tag.sigil == '!') return {};
    if (tag.sigil == '>') return Fail("partials ({{{{>{}}}}}) are not supported", Shown(tag.name));
    if (tag.sigil == '=') return Fail("changes of the delimiters ({{{{=…=}}}}) are not supported");
    if (tag.sigil == '/') return CloseSection(tag.name);
    if (auto parts = NameParts(tag.name); !parts) return Error{parts.error()};
    if (tag.sigil == 0) {
      Add({Kind::kValue, tag.name, line_, {}});
      return {};
    }
    if (open_.size() > kMaxTemplateNesting) {
      return Fail("sections nested deeper than {} levels", kMaxTemplateNesting);
    }
    open_.push_back({tag.sigil == '#' ? Kind::kSection : Kind::kInverted, tag.name, line_, {}});
    return {};
  }

  Result<void> CloseSection(std::string_view name) {
    if (open_.size() == 1) {
      return Fail("\"/{}\" closes a section that was never opened", Shown(name));
    }
    if (open_.back().text != name) {
      return Fail("\"/{}\" comes where the section \"{}\" of line {} is still open", Shown(name),
                  Shown(open_.back().text), open_.back().line);
    }
    TemplateNode section = std::move(open_.back());
    open_.pop_back();
    Add(std::move(section));
    return {};
  }

  std::string_view text_;
  const std::string& origin_;
  size_t at_ = 0;       // what comes before is in the tree
  int line_ = 1;        // of the tag being read
  size_t counted_ = 0;  // line ends before here are in `line_`
  std::vector<TemplateNode> open_;
};

}  // namespace

std::string TemplatePlace(const std::string& origin, int line) {
  bool inside = !origin.empty() && std::isdigit(static_cast<unsigned char>(origin.back()));
  if (!inside) return fmt::format("{}:{}", origin, line);
  return line == 1 ? origin : fmt::format("{} (its line {})", origin, line);
}

Result<std::vector<TemplateNode>> ParseTemplate(std::string_view text, const std::string& origin) {
  return Parser(text, origin).Parse();
}

Result<std::vector<std::string_view>> NameParts(std::string_view name) {
  std::vector<std::string_view> parts;
  if (name == ".") return parts;
  if (name.find_first_of("{}\r\n") != std::string_view::npos) {
    return Fail("\"{}\" is no name", Shown(name));
  }
  for (size_t begin = 0; begin <= name.size();) {
    size_t end = std::min(name.find('.', begin), name.size());
    if (end == begin) {
      return name.empty() ? Fail("a name is missing") : Fail("\"{}\" is no name", Shown(name));
    }
    parts.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace muster
