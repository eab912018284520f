/// \file
/// fork(): objects that a child inherits from its parent.
///
/// A child has none of its parent's threads, and a lock that one of them held is held for good. So
/// an object that has threads is of no use in a child: it knows by a process_mark that it is
/// inherited(), and what it must not destroy it abandons.
#pragma once

#include <utility>

namespace rtpsynth::python {

/// Counts the forks between the process that was started and this one.
unsigned fork_count() noexcept;

/// Remembers the process that it was made in.
class process_mark {
public:
    /// Whether that was a parent of this process.
    bool inherited() const noexcept { return forks_ != fork_count(); }

private:
    unsigned forks_ = fork_count();
};

/// Keeps a pointer's object for good, in place of destroying it.
template <class Pointer>
void abandon(Pointer&& pointer) {
    new Pointer(std::move(pointer));
}

} // namespace rtpsynth::python
