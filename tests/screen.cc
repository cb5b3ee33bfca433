#include "tests/screen.h"

#include <algorithm>
#include <cstdlib>

namespace muster {

void Screen::Feed(std::string_view bytes) {
  while (!bytes.empty()) {
    auto first = static_cast<unsigned char>(bytes[0]);
    size_t size = 1;
    if (first == '\r') {
      column_ = 0;
    } else if (first == '\n') {
      Down();
    } else if (first == 0x1b) {
      size = Escape(bytes);
    } else if (first < 0x20 || first == 0x7f) {
      ++foreign_;
    } else {
      while (size < bytes.size() && (bytes[size] & 0xc0) == 0x80) ++size;
      Put(bytes.substr(0, size));
    }
    bytes.remove_prefix(size);
  }
}

// Returns how long it is.
size_t Screen::Escape(std::string_view rest) {
  size_t end = rest.find_first_not_of("0123456789;", 2);
  if (rest.size() < 3 || rest[1] != '[' || end == std::string_view::npos) {
    ++foreign_;
    return 1;
  }
  int number = std::atoi(std::string(rest.substr(2, end - 2)).c_str());
  if (rest[end] == 'A') {
    row_ -= std::min(row_, static_cast<size_t>(std::max(number, 1)));
  } else if (rest[end] == 'K') {
    rows_[row_].resize(std::min(rows_[row_].size(), column_));
  } else if (rest[end] == 'J') {
    rows_[row_].resize(std::min(rows_[row_].size(), column_));
    rows_.resize(row_ + 1);
  } else if (rest[end] != 'm') {
    ++foreign_;
  }
  return end + 1;
}

void Screen::Put(std::string_view character) {
  if (column_ == static_cast<size_t>(columns_)) {
    ++wraps_;
    column_ = 0;
    Down();
  }
  Row& row = rows_[row_];
  if (row.size() <= column_) row.resize(column_ + 1, " ");
  row[column_++] = character;
}

void Screen::Down() {
  if (++row_ == rows_.size()) rows_.emplace_back();
}

std::vector<std::string> Screen::Rows() const {
  std::vector<std::string> rows;
  for (const Row& cells : rows_) {
    std::string row;
    for (const std::string& cell : cells) row += cell;
    row.erase(row.find_last_not_of(' ') + 1);
    rows.push_back(row);
  }
  while (!rows.empty() && rows.back().empty()) rows.pop_back();
  return rows;
}

}  // namespace muster
