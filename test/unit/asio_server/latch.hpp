// std::latch, for which not every standard library has a wait that is sure to end: GCC's, before 16
// and where there is no futex, may look at the count, miss the call that wakes it, and sleep.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace rtpsynth::asio_server {

/// As std::latch, but may be counted down more often than was asked for. May be destroyed as soon
/// as wait() returns.
class latch {
public:
    explicit latch(std::ptrdiff_t count) : count_{count} {}

    void count_down() {
        const std::lock_guard lock{mutex_};
        if (--count_ == 0) zero_.notify_all();
    }
    void wait() {
        std::unique_lock lock{mutex_};
        zero_.wait(lock, [this] { return count_ <= 0; });
    }
    void arrive_and_wait() {
        count_down();
        wait();
    }

private:
    std::mutex mutex_;
    std::condition_variable zero_;
    std::ptrdiff_t count_;
};

} // namespace rtpsynth::asio_server
