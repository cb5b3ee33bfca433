#pragma once

// API keys: read once from the environment variables and files that the config names, the variables
// then taken out of the environment. They travel to workers in `start` and are never written
// anywhere.

#include <set>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

// The providers that the config's steps can call, less those of steps whose `when` is false for
// every item; all configured ones when some model depends on the item. Pointers are into the
// config.
std::vector<const Provider*> ProvidersInUse(const Config& config, bool* depends_on_item = nullptr);

// An object of provider name to key for the providers in use, with the variables wiped from the
// environment. A variable that is not set, or a key file that is not there, is an error naming it
// and the provider; where models depend on the item, and where a file can make the calls needless
// (`reuse`), it is left out instead, and calls of that provider fail. What cannot be a key, and a
// file that others can read, is always an error. `called`: names of providers that some item is
// known to call.
Result<Json> TakeKeys(const Config& config, const std::set<std::string>& called = {});

// The key of one provider that has a KeySource; "" where there is none. What cannot be a key, and a
// file that others can read, is an error.
Result<std::string> ReadKey(const Provider& provider);

// Where a provider's key is taken from, to end a sentence: "OPENAI_API_KEY", "the file
// /home/me/key"; "" where it has none.
std::string KeySource(const Provider& provider);

}  // namespace muster
