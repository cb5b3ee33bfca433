#pragma once

#include <string>

namespace muster {

// What `muster models` was told on its command line.
struct ModelsOptions {
  std::string provider;  // of the config, built in, or a vendor of the price table; "": all
  std::string config;    // "": the built-in providers
  std::string filter;    // only models whose name contains it
  bool json = false;
  bool live = false;  // that a server cannot be asked is an error
};

// Prints what the price table, the config and, where it can be asked, the provider's server know
// about models. Returns the exit code: 0, 1 when `live` and a server did not list its models, 2 for
// a bad config or name.
int ModelsCommand(const ModelsOptions& options);

}  // namespace muster
