#pragma once

namespace muster {

// For processes that hold keys: no core dumps, memory not readable by other processes of the user.
void KeepSecretsOutOfCores();

}  // namespace muster
