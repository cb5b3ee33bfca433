#pragma once

// `muster models` as people and as programs read it.

#include <string>
#include <vector>

#include "common/json.h"
#include "common/prices.h"
#include "supervisor/models/catalogue.h"

namespace muster {

// US dollars per million tokens of a price per token: "1.25", "0.0375", "free"; "" without one.
std::string PerMillion(const std::optional<Picodollars>& price);

// One provider's models: a headline, aligned columns, what the marks mean. No line is cut.
std::string ModelsPage(const PriceTable& table, const Catalogue& catalogue);

// How many models the table has of each vendor, those that contain `filter`.
std::string VendorsPage(const PriceTable& table, const std::string& filter);

// The same for machines. Prices are picodollars per token, by service tier ("default" the usual).
Json ModelsJson(const PriceTable& table, const std::vector<Catalogue>& catalogues);
Json VendorsJson(const PriceTable& table, const std::string& filter);

}  // namespace muster
