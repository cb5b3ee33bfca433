#include "common/config/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "common/text.h"

namespace muster {
namespace {

constexpr size_t kMaxKeyBytes = 256;
constexpr const char* kNoAliases =
    "anchors (&) and aliases (*) are not used here; repeat the text, "
    "or put it in quotes if it begins with such a character";

// yaml-cpp's messages that users are likely to meet, in words that help.
const std::pair<std::string_view, std::string_view> kPlainWords[] = {
    {YAML::ErrorMsg::TAB_IN_INDENTATION, "a tab in the indentation; YAML wants spaces"},
    {YAML::ErrorMsg::UNKNOWN_ANCHOR, kNoAliases},
    {YAML::ErrorMsg::ALIAS_NOT_FOUND, kNoAliases},
    {YAML::ErrorMsg::ANCHOR_NOT_FOUND, kNoAliases},
    {YAML::ErrorMsg::UNKNOWN_TOKEN, "a text cannot begin with this character; put it in quotes"},
    {YAML::ErrorMsg::MAP_VALUE,
     "a colon where no \"key: value\" can begin; check the indentation, put text that has a colon "
     "in quotes, and a space after the colon of a key"},
    {YAML::ErrorMsg::BLOCK_ENTRY,
     "a list's \"- \" where no list can begin; put it on its own line"},
    {YAML::ErrorMsg::FLOW_END, "a closing bracket without its opening one"},
    {YAML::ErrorMsg::END_OF_MAP,
     "this does not fit the \"key: value\" lines around it; check the "
     "indentation and what follows a closing quote"},
    {YAML::ErrorMsg::END_OF_SEQ, "this does not fit the list around it; check the indentation"},
    {YAML::ErrorMsg::END_OF_MAP_FLOW, "a { is not closed by }, or a comma is missing"},
    {YAML::ErrorMsg::END_OF_SEQ_FLOW, "a [ is not closed by ], or a comma is missing"},
};

// Finds lines in a text and turns yaml-cpp's marks (0-based, bytes) into places.
class Lines {
 public:
  explicit Lines(std::string_view text) {
    for (size_t end; (end = text.find('\n')) != std::string_view::npos;
         text.remove_prefix(end + 1)) {
      lines_.push_back(text.substr(0, end));
    }
    lines_.push_back(text);
    while (lines_.size() > 1 && lines_.back().empty()) lines_.pop_back();
  }

  const std::vector<std::string_view>& all() const { return lines_; }

  std::string_view Whole(const YAML::Mark& mark) const {
    bool inside = mark.line >= 0 && static_cast<size_t>(mark.line) < lines_.size();
    return inside ? lines_[mark.line] : std::string_view();
  }

  Place At(const YAML::Mark& mark) const {
    // The end of the text is at the end of its last line.
    if (static_cast<size_t>(mark.line) >= lines_.size()) return At(EndOfText());
    return {mark.line + 1, Characters(mark) + 1, ""};
  }

 private:
  YAML::Mark EndOfText() const {
    YAML::Mark end;
    end.line = static_cast<int>(lines_.size()) - 1;
    end.column = static_cast<int>(lines_.back().size());
    return end;
  }

  // Of the mark's line, before it. Goes on from the mark before where it can: marks come in order,
  // and a line may be megabytes long.
  int Characters(const YAML::Mark& mark) const {
    if (mark.line != counted_.line || mark.column < counted_.column) {
      counted_ = YAML::Mark();
      counted_.line = mark.line;
      characters_ = 0;
    }
    std::string_view line = lines_[mark.line];
    size_t from = std::min<size_t>(counted_.column, line.size());
    std::string_view more = line.substr(from, std::max(mark.column, 0) - counted_.column);
    characters_ += static_cast<int>(
        std::count_if(more.begin(), more.end(), [](char c) { return (c & 0xC0) != 0x80; }));
    counted_.column = std::max(mark.column, 0);
    return characters_;
  }

  std::vector<std::string_view> lines_;
  mutable YAML::Mark counted_;  // how far `characters_` counts
  mutable int characters_ = 0;
};

// Builds the Json and its places from yaml-cpp's events. Throws YAML::ParserException for all that
// the language here leaves out, before anything of it is built.
class Builder : public YAML::EventHandler {
 public:
  Builder(const Lines& lines, YamlDocument& document) : lines_(lines), document_(document) {}

  const YAML::Mark& last() const { return last_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      Refuse(mark,
             "the config ends before this line: a config is one map of settings, and this is "
             "no key of it; check the indentation, and that there is no second --- or ...");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    if (NeedsKey()) Refuse(mark, "a colon without a key before it");
    // The mark of an empty value is wherever the next thing is; its key says more.
    Place place = open_.empty() || !open_.back().is_map ? lines_.At(mark) : open_.back().key_place;
    Add(nullptr, place);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { Refuse(mark, kNoAliases); }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override { Refuse(mark, kNoAliases); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& text) override {
    CheckTag(mark, tag);
    bool plain = tag != "!";
    if (NeedsKey()) return BeginMember(mark, plain, text);
    Result<Json> value = plain ? ResolvePlainScalar(text) : Json(text);
    if (!value) Refuse(mark, value.error());
    bool keep_source = value->is_number();
    std::string path = Add(*std::move(value), lines_.At(mark));
    if (keep_source) document_.places.SetSource(path, text);
    last_ = mark;
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, Json::array());
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, Json::object());
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  // A list or map that is not complete yet. `value` points into the document; nothing is added to
  // the parts around it before it is closed, so it stays valid.
  struct Part {
    Json* value;
    std::string path;
    bool is_map;
    std::optional<std::string> key;  // read, its value not yet
    Place key_place;
  };

  [[noreturn]] static void Refuse(const YAML::Mark& mark, const std::string& what) {
    throw YAML::ParserException(mark, what);
  }

  bool NeedsKey() const { return !open_.empty() && open_.back().is_map && !open_.back().key; }

  static void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    Refuse(mark, "tags (!) are not used here; put a text that begins with ! in quotes");
  }

  void BeginMember(const YAML::Mark& mark, bool plain, const std::string& key) {
    if (plain && key == "<<")
      Refuse(mark, "merge keys (<<) are not used here; repeat the settings");
    if (key.size() > kMaxKeyBytes) Refuse(mark, fmt::format("a key of {} bytes", key.size()));
    Part& map = open_.back();
    std::string path = MemberPath(map.path, key);
    if (document_.places.HasKey(path)) {
      Refuse(mark, fmt::format("duplicate key \"{}\"; the first is in line {}", key,
                               document_.places.Key(path).line));
    }
    map.key = key;
    map.key_place = lines_.At(mark);
    document_.places.SetKey(path, map.key_place);
    last_ = mark;
  }

  // Puts a value where it belongs and returns its path.
  std::string Add(Json value, const Place& place) {
    if (++nodes_ > kMaxYamlNodes) {
      throw YAML::ParserException(last_, fmt::format("more than {} values", kMaxYamlNodes));
    }
    std::string path;
    if (open_.empty()) {
      document_.root = std::move(value);
    } else if (Part& part = open_.back(); part.is_map) {
      path = MemberPath(part.path, *part.key);
      // Duplicates are refused already: no search through the members, however many there are.
      part.value->get_ref<Json::object_t&>().emplace_back(*std::exchange(part.key, {}),
                                                          std::move(value));
    } else {
      path = ElementPath(part.path, part.value->size());
      part.value->push_back(std::move(value));
    }
    document_.places.SetValue(path, place);
    return path;
  }

  void Open(const YAML::Mark& mark, const std::string& tag, Json empty) {
    CheckTag(mark, tag);
    if (NeedsKey()) Refuse(mark, "a key must be text");
    if (open_.size() >= kMaxYamlDepth) {
      Refuse(mark, fmt::format("nested deeper than {} levels", kMaxYamlDepth));
    }
    bool is_map = empty.is_object();
    std::string path = Add(std::move(empty), lines_.At(mark));
    Json* value = &document_.root;
    if (!open_.empty()) {
      Json& around = *open_.back().value;
      value = around.is_array() ? &around.back() : &around.get_ref<Json::object_t&>().back().second;
    }
    open_.push_back({value, path, is_map, {}, {}});
    last_ = mark;
  }

  const Lines& lines_;
  YamlDocument& document_;
  std::vector<Part> open_;
  YAML::Mark last_;  // of the last thing read, for errors whose own mark is far behind it
  size_t nodes_ = 0;
  int documents_ = 0;
};

// What yaml-cpp would take for the end of the text or replace silently.
std::optional<std::pair<Place, std::string>> FindBadBytes(const Lines& lines) {
  for (size_t i = 0; i < lines.all().size(); ++i) {
    std::string_view line = lines.all()[i];
    int number = static_cast<int>(i) + 1;
    if (!IsUtf8(line)) return {{{number, 1, ""}, "this line is not UTF-8; save the file as UTF-8"}};
    for (size_t at = 0; at < line.size(); ++at) {
      unsigned char c = line[at];
      if ((c >= 0x20 && c != 0x7F) || c == '\t' || (c == '\r' && at + 1 == line.size())) continue;
      return {{{number, static_cast<int>(at) + 1, ""},
               fmt::format("the control character 0x{:02x}; YAML allows none in the text", c)}};
    }
  }
  return std::nullopt;
}

std::string InPlainWords(const std::string& message) {
  for (const auto& [theirs, ours] : kPlainWords) {
    if (message == theirs) return std::string(ours);
  }
  return message;
}

Error Explain(const YAML::Exception& e, const Builder& builder, const Lines& lines,
              const Places& places) {
  bool in_quotes = e.msg == YAML::ErrorMsg::DOC_IN_SCALAR || e.msg == YAML::ErrorMsg::EOF_IN_SCALAR;
  YAML::Mark mark = in_quotes ? builder.last() : e.mark;
  std::string what =
      in_quotes ? "the quoted text that follows is never closed" : InPlainWords(e.msg);
  std::string_view line = lines.Whole(mark);
  if (line.starts_with('\t')) {
    what = InPlainWords(YAML::ErrorMsg::TAB_IN_INDENTATION);
    mark.column = 0;
  }
  if (line.find(": {{") != line.npos || line.find("- {{") != line.npos) {
    what = "a text that begins with {{ must stand in quotes";
  }
  return Fail("{}: {}", places.Text(lines.At(mark)), VisibleText(what));
}

}  // namespace

Result<YamlDocument> ParseYaml(std::string_view text, const std::string& file) {
  if (text.size() > kMaxYamlBytes) {
    return Fail("{}: larger than {} MB", file, kMaxYamlBytes / 1024 / 1024);
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  YamlDocument document{nullptr, Places(file)};
  Lines lines(text);
  if (auto bad = FindBadBytes(lines)) {
    return Fail("{}: {}", document.places.Text(bad->first), bad->second);
  }
  // The document's end is written out, or a quote that is open there would pass as closed.
  std::istringstream in(std::string(text) + (text.ends_with('\n') ? "...\n" : "\n...\n"));
  Builder builder(lines, document);
  try {
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& e) {
    return Explain(e, builder, lines, document.places);
  }
  return document;
}

}  // namespace muster
