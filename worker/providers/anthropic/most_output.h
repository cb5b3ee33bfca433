#pragma once

#include <cstdint>
#include <string_view>

namespace muster {

// The longest answer that a model of Anthropic's Messages API gives, in tokens, for requests that
// say no maximum, as the API wants one. Of a model that is not known here, a length that models of
// its kind give. Never more than the price table says, by which a call's worst case is bounded.
int64_t MostOutputTokens(std::string_view model);

}  // namespace muster
