#pragma once

#include <string_view>

namespace muster {

// For processes that hold keys: no core dumps, memory not readable by other processes of the user.
void KeepSecretsOutOfCores();

// The last words of a program that cannot go on, "muster: stopped: why", on its standard error: no
// memory is needed for them, and nothing is thrown should nobody hear them.
void TellLast(std::string_view why);

// From now on a process that finds no memory says so and exits with `code`, there and then: nothing
// is unwound, which may need memory itself. What counts has been committed by then.
void EndWhenOutOfMemory(int code);

}  // namespace muster
