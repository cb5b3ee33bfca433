#pragma once

#include <string>

#include "common/result.h"
#include "supervisor/books.h"

namespace muster {

// The files that finished items leave: views of the ledger, each replaced as a whole. What a crash
// kept from being written is written at the next start.
class OutputFiles {
 public:
  OutputFiles(std::string folder, Books& books) : folder_(std::move(folder)), books_(books) {}

  // Whether an output may go to that path; an error says why not.
  Result<void> Check(const OutputText& output) const;

  // Writes one committed output and records it. On failure the output stays unwritten in the
  // ledger; the error is one sentence.
  Result<void> Write(const std::string& item, int64_t output, const std::string& path,
                     const std::string& text);

  // Writes every committed output that is not in place, also those whose file has gone. Returns how
  // many were written; the first error ends it.
  Result<int64_t> Repair();

 private:
  std::string folder_;
  Books& books_;
};

}  // namespace muster
