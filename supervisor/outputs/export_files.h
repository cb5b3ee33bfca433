#pragma once

#include <cstdint>
#include <string>

#include "common/result.h"
#include "supervisor/ledger/view.h"
#include "supervisor/outputs/file_format.h"

namespace muster {

// Makes every output file again in `folder`, byte for byte as a finished run's, from the ledger
// alone. Looks at all places first: where a file is there already, nothing is written. Returns how
// many files it wrote.
Result<int64_t> ExportFiles(const LedgerView& ledger, const FileFormats& formats,
                            const std::string& folder);

}  // namespace muster
