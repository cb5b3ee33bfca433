#include "common/parse/json_repair.h"

#include <algorithm>

#include "common/text.h"

namespace muster {
namespace {

constexpr size_t kMostValues = 16;  // in one text; more are a mistake
constexpr size_t kMostShown = 20;   // bytes of what was found, in an error
constexpr std::string_view kFence = "```";
constexpr std::string_view kSpace = " \n\r\t";

size_t AfterSpace(std::string_view text, size_t at) {
  return std::min(text.find_first_not_of(kSpace, at), text.size());
}

bool IsContinued(char c) { return (c & 0xc0) == 0x80; }

Error Wrong(std::string_view text, size_t at, std::string_view expected) {
  std::string_view before = text.substr(0, at);
  size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  auto line = std::ranges::count(before, '\n') + 1;
  auto column =
      std::ranges::count_if(before.substr(line_start), [](char c) { return !IsContinued(c); }) + 1;
  size_t end = std::min(text.size(), at + kMostShown);
  while (end < text.size() && IsContinued(text[end])) ++end;
  std::string found = at < text.size() ? '"' + VisibleText(text.substr(at, end - at)) + '"' : "";
  if (end < text.size()) found.insert(found.size() - 1, "…");
  return Fail("not JSON: line {}, column {}: expected {}, found {}", line, column, expected,
              found.empty() ? "the end of the text" : found);
}

// Looks through a text for JSON; used once.
class Finder {
 public:
  Finder(std::string_view text, size_t from, const JsonMending& mending)
      : text_(text), at_(from), mending_(mending) {}

  Result<std::vector<Json>> Run();

 private:
  Result<void> Fence();
  void SkipBlock(size_t inside);
  void Prose();
  Result<void> Keep(std::vector<Json>& to, const JsonScan& scan);
  // The first fault of a kind is what is told. To say where it is takes time with the text before
  // it, so the others are not even put into words.
  void Blame(std::optional<Error>& first, size_t at, std::string_view expected) {
    if (!first) first = Wrong(text_, at, expected);
  }

  std::string_view text_;
  size_t at_;
  const JsonMending& mending_;
  std::vector<Json> fenced_, likely_, unlikely_;
  std::optional<Error> prose_error_;  // of something that looked like JSON
  std::optional<Error> doubt_;        // of something else
};

Result<std::vector<Json>> Finder::Run() {
  while ((at_ = text_.find_first_of("`{[", at_)) < text_.size()) {
    if (text_[at_] != '`') {
      Prose();
    } else if (text_.substr(at_).starts_with(kFence)) {
      if (auto read = Fence(); !read) return Error{read.error()};
    } else {
      ++at_;
    }
    if (std::max({fenced_.size(), likely_.size(), unlikely_.size()}) > kMostValues) {
      return Fail("not JSON: more than {} JSON values stand in it", kMostValues);
    }
  }
  if (!fenced_.empty()) return std::move(fenced_);
  if (prose_error_) return *prose_error_;
  if (!likely_.empty()) return std::move(likely_);
  if (!unlikely_.empty()) return std::move(unlikely_);
  if (doubt_) return *doubt_;
  return Fail("not JSON: there is no {{ or [ in it");
}

// At ```: the value in this block, if it is one of JSON. The search goes on after the block.
Result<void> Finder::Fence() {
  size_t tag = std::min(text_.find_first_not_of('`', at_), text_.size());
  size_t tag_end = std::min(text_.find_first_of(" \n\r\t`{[", tag), text_.size());
  std::string_view name = text_.substr(tag, 4);
  bool says_json = std::ranges::equal(name, std::string_view("json"),
                                      [](char a, char b) { return (a | 0x20) == b; });
  size_t inside = AfterSpace(text_, tag_end);
  char first = inside < text_.size() ? text_[inside] : '`';
  bool reads = first == '{' || first == '[' || (says_json && first != '`');
  if (!reads || (tag_end > tag && !says_json)) {
    SkipBlock(tag_end);
    return {};
  }
  JsonScan scan = ScanJson(text_, inside, mending_);
  bool serious = says_json || scan.begun;
  if (!scan.ok && serious) return Wrong(text_, scan.end, scan.expected);
  size_t after = AfterSpace(text_, scan.end);
  bool closed = after == text_.size() || text_.substr(after).starts_with(kFence);
  if (scan.ok && !closed && serious) return Wrong(text_, after, "the end of the block");
  if (!scan.ok || !closed) {
    SkipBlock(std::max(inside, scan.end));
    return {};
  }
  at_ = std::min(text_.find_first_not_of('`', after), text_.size());
  return Keep(fenced_, scan);
}

// A block that is never closed is none.
void Finder::SkipBlock(size_t inside) {
  size_t close = text_.find(kFence, inside);
  at_ = close == text_.npos ? inside : std::min(text_.find_first_not_of('`', close), text_.size());
}

// At { or [.
void Finder::Prose() {
  JsonScan scan = ScanJson(text_, at_, mending_);
  at_ = std::max(scan.end, at_ + 1);
  if (!scan.ok) return Blame(scan.begun ? prose_error_ : doubt_, scan.end, scan.expected);
  size_t after = AfterSpace(text_, scan.end);
  bool inside_another = after < text_.size() && (text_[after] == ']' || text_[after] == '}');
  if (inside_another && scan.begun) return Blame(prose_error_, after, "no further bracket");
  auto kept = Keep(scan.begun ? likely_ : unlikely_, scan);
  if (!kept && !prose_error_) prose_error_ = Error{kept.error()};
}

Result<void> Finder::Keep(std::vector<Json>& to, const JsonScan& scan) {
  Result<Json> value = ParseJson(scan.json);
  if (!value) return Error{value.error()};
  to.push_back(std::move(*value));
  return {};
}

// Where what is to be read begins: after a byte order mark and a model's thoughts.
size_t Beginning(std::string_view text, const JsonMending& mending) {
  size_t at = text.starts_with("\xef\xbb\xbf") ? 3 : 0;
  if (!mending.fences || !text.substr(AfterSpace(text, at)).starts_with("<think>")) return at;
  constexpr std::string_view kEnd = "</think>";
  size_t end = text.rfind(kEnd);
  return end == text.npos ? text.size() : end + kEnd.size();
}

}  // namespace

Result<std::vector<Json>> FindJson(std::string_view text, const JsonMending& mending) {
  if (!IsUtf8(text)) return Fail("not JSON: it is not UTF-8");
  size_t from = Beginning(text, mending);
  JsonScan whole = ScanJson(text, from, mending);
  size_t after = AfterSpace(text, whole.end);
  if (whole.ok && after == text.size()) {
    Result<Json> value = ParseJson(whole.json);
    if (!value) return Error{value.error()};
    return std::vector{std::move(*value)};
  }
  if (mending.fences) return Finder(text, from, mending).Run();
  if (whole.ok) return Wrong(text, after, "nothing after the value");
  return Wrong(text, whole.end, whole.expected);
}

}  // namespace muster
