// The same as common/precompiled.h, for test programs.

#include <doctest/doctest.h>

#include "common/precompiled.h"
