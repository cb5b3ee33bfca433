#pragma once

// Processes that a program has left behind: started by it, their parent dead. They are our children
// then, if we adopt orphans. To whom each belongs tells a mark in its environment, which it got
// from the program; one that has wiped its environment belongs to nobody and is killed with the
// last program.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace muster {

// Makes this process the parent of the orphans among its descendants, instead of init. Our own
// parent is not affected.
void AdoptOrphans();

// The mark of a program: an entry of its environment, "MUSTER_COMMAND=pid.chance.number"; and what
// the marks of all programs of this process begin with, and no others.
std::string MakeMark(int64_t number);
std::string OurMarks();

// The processes whose parent we are now. Empty without /proc.
std::set<pid_t> OurChildren();

// The number of the program that a process comes from; nullopt where its environment does not say.
std::optional<int64_t> NumberInMark(pid_t pid);

}  // namespace muster
