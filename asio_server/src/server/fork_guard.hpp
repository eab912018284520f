/// \file
/// Handling of fork() by objects with threads, or with descriptors that Asio watches.
#pragma once

#include "io/process.hpp"

#include <memory>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// A child of fork() must not use inherited objects of Asio: the kernel's objects are shared, and
/// the parent's threads may have left locks locked. Instead of destroying such an object, the child
/// abandons it: it closes its copies of the descriptors, and the object keeps itself alive until
/// the process ends.
class fork_guard {
public:
    /// Whether the object was inherited from the parent process.
    bool inherited() const noexcept { return made_in_.inherited(); }
    /// \p self is the object that contains this guard.
    void abandon(std::shared_ptr<const void> self) noexcept { abandoned_ = std::move(self); }

private:
    const process_mark made_in_;
    std::shared_ptr<const void> abandoned_;
};

} // namespace rtpsynth::asio_server::detail
