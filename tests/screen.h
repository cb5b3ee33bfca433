#pragma once

// A terminal's screen, as far as muster writes to one: for tests that ask what a person sees.

#include <string>
#include <string_view>
#include <vector>

namespace muster {

// Interprets text, CR, LF, cursor up, erase line rest, erase below and colours; anything else that
// is not printable counts as foreign. Rows that scrolled off are kept: the first row is the oldest.
class Screen {
 public:
  explicit Screen(int columns) : columns_(columns) {}

  void Feed(std::string_view bytes);

  // Rows without trailing blanks; no empty rows at the end.
  std::vector<std::string> Rows() const;
  int foreign() const { return foreign_; }  // bytes or escapes that are none of ours
  int wraps() const { return wraps_; }      // times a line went on in the next row by itself

 private:
  using Row = std::vector<std::string>;  // a character a cell

  size_t Escape(std::string_view rest);
  void Put(std::string_view character);
  void Down();

  int columns_;
  std::vector<Row> rows_{Row{}};
  size_t row_ = 0, column_ = 0;
  int foreign_ = 0, wraps_ = 0;
};

}  // namespace muster
