// What the Makefile compiles once and puts before every file, so that a build takes half the time.
// Every file still names all that it uses: without this one (make PCH=) everything builds as well.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/json.h"
