/// \file
/// What cannot fail and cannot be put off.
#pragma once

#include <chrono>
#include <thread>

namespace rtpsynth::asio_server::detail {

/// Calls \p action, which throws nothing but for want of memory or another resource of the system,
/// until it succeeds. For what a thread of an executor owes to the executor: dropping it would lose
/// a timer or a turn for good, so it waits here.
template <class Action>
void insist(Action action) noexcept {
    for (;;) {
        try {
            action();
            return;
        } catch (...) {
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
        }
    }
}

} // namespace rtpsynth::asio_server::detail
