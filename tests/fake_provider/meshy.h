#pragma once

#include <memory>

#include "tests/fake_provider/api.h"

namespace fake_provider {

// Meshy's image-to-3D at /openapi/v1/image-to-3d: jobs that are ordered by a POST, asked after by
// GETs and leave a model to be fetched, without the key, from another name of this machine. Its
// orders are what books and scripts call jobs.
std::unique_ptr<Api> MakeMeshy();

}  // namespace fake_provider
