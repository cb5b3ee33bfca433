#pragma once

#include <string>

namespace muster {

// Every setting of a config as Markdown: a section for each map, a row for each setting, made from
// the one table (common/config/settings.h). configs/README.md carries it.
std::string SettingsPage();

}  // namespace muster
