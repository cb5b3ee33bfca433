#include "supervisor/command_line.h"

#include <charconv>

#include "common/expression.h"
#include "common/text.h"

namespace muster {
namespace {

// A word as a shell would need it written.
std::string Quoted(const std::string& word) {
  const char* plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=:,@%+-";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string quoted = "'";
  for (char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// Options whose value is the next word, so that what looks like an option there is none.
bool TakesNextWord(const std::string& word) {
  for (const char* option : {"--set", "--where", "--only", "--profile", "--run", "--output-dir"}) {
    if (word == option) return true;
  }
  return false;
}

}  // namespace

std::string CommandLine(int argc, char** argv, bool resume) {
  std::string line;
  bool is_value = false;
  for (int i = 0; i < argc; ++i) {
    std::string word = argv[i];
    bool option = !is_value;
    is_value = option && TakesNextWord(word);
    if (resume && option) {
      if (word == "--pilot") ++i;  // and its number
      bool once = word == "--fresh" || word == "--redo" || word == "--keep-done" ||
                  word == "--retry-failed" || word.starts_with("--pilot");
      if (once) continue;
    }
    line += (line.empty() ? "" : " ") + Quoted(word);
  }
  return line;
}

std::optional<std::pair<int64_t, int64_t>> ParseRange(const std::string& text) {
  int64_t from = 0, to = 0;
  const char* end = text.data() + text.size();
  auto [dots, error] = std::from_chars(text.data(), end, from);
  if (error != std::errc() || end - dots < 3 || dots[0] != '.' || dots[1] != '.')
    return std::nullopt;
  auto [last, error2] = std::from_chars(dots + 2, end, to);
  if (error2 != std::errc() || last != end || to < from) return std::nullopt;
  return std::pair(from, to);
}

Result<Selection> MakeSelection(const SelectionOptions& options) {
  Selection selection;
  selection.only.insert(options.only.begin(), options.only.end());
  if (options.limit > 0) selection.limit = options.limit;
  if (options.sample > 0) selection.sample = options.sample;
  selection.seed = options.seed;
  if (!options.range.empty()) {
    selection.range = ParseRange(options.range);
    if (!selection.range) {
      return Fail("--range: \"{}\"; expected A..B, as in 1..10", VisibleText(options.range));
    }
  }
  if (!options.where.empty()) {
    auto fits = CheckExpression(options.where, "--where");
    if (!fits) return Error{VisibleText(fits.error())};
    selection.where = {options.where, "--where"};
  }
  return selection;
}

}  // namespace muster
