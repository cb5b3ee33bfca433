#pragma once

// What /proc says of the processes under test. Linux only, as everything here.

#include <sys/types.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace muster::torture {

// From now on whatever our children leave behind becomes ours, so that nothing can hide.
void BecomeSubreaper();

std::vector<pid_t> ChildrenOf(pid_t parent);

// Its children that have become workers: a fork that has not exec'd yet is none.
std::vector<pid_t> WorkersOf(pid_t supervisor);

// Whether it waits for something, as a worker does once it has set itself up.
bool Sleeps(pid_t pid);

// Signals a child of `parent`, never another process that got its number; false: it is gone.
bool SignalChild(pid_t parent, pid_t child, int signal);

// Waits until all our children but `spared` are gone, reaping them. What is left at the limit, the
// time aside in which it waited for a processor, is described, then killed.
std::vector<std::string> AwaitNobody(const std::set<pid_t>& spared,
                                     std::chrono::milliseconds limit);

// Processes on this machine that were started with `token` in their environment.
std::vector<std::string> StartedWith(const std::string& token);

// Where the supervisor and its workers show what they should not: the key in command lines or
// environment, descriptors of ours or of another worker in a worker. `key_taken`: the supervisor
// has had time to take the key out of its environment. One sentence for each. Only root sees all.
std::vector<std::string> InspectProcesses(pid_t supervisor, bool key_taken, const std::string& key,
                                          const std::string& run_dir);

// The stacks of a process and its children, as far as gdb or the kernel tell.
std::string StacksOf(pid_t pid);

}  // namespace muster::torture
