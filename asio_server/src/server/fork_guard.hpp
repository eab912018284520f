/// \file
/// What objects with threads, or with descriptors that Asio watches, do about fork().
#pragma once

#include "io/process.hpp"

#include <memory>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// In a child of fork() nothing of Asio may be touched that was inherited from the parent process:
/// the kernel's objects are shared, and locks may be held for good by threads that are not there.
/// Instead of destroying such an object the child abandons it: it closes its copies of descriptors,
/// and the object keeps itself until the process ends.
class fork_guard {
public:
    /// Whether the object was inherited from the parent process.
    bool inherited() const noexcept { return made_in_.inherited(); }
    /// \p self is the object that this guard is part of.
    void abandon(std::shared_ptr<const void> self) noexcept { abandoned_ = std::move(self); }

private:
    const process_mark made_in_;
    std::shared_ptr<const void> abandoned_;
};

} // namespace rtpsynth::asio_server::detail
