/// \file
/// A timer for retries that needs no memory.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/udp.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace rtpsynth::asio_server::detail {

/// Calls a function on its executor a while after ring(). Work for which there is no memory, or no
/// other system resource, is kept in a list or a flag, and retried when the alarm goes off: nothing
/// waits for memory, and no completion is lost.
///
/// An Asio timer can only be set on its executor, and posting to the executor needs memory.
/// Therefore ring() sends a datagram over the loopback interface, from one socket of a pair to the
/// other, for which the executor waits. Then the timer runs; without memory for it, the alarm goes
/// off at once.
///
/// Threads: safe, except start() and abandon().
class alarm {
public:
    static constexpr duration delay = std::chrono::milliseconds{10};

    /// \throws boost::system::system_error
    explicit alarm(const boost::asio::any_io_executor& executor);
    ~alarm();
    alarm(const alarm&) = delete;
    alarm& operator=(const alarm&) = delete;

    /// Called once, by one thread: \p on_alarm is called from now on. \throws std::bad_alloc
    void start(std::function<void()> on_alarm);
    /// Makes the alarm go off after `delay`, or when it was already set to.
    void ring() noexcept;
    /// Call when it has gone off. ring() then sets it anew.
    void take() noexcept { set_ = false; }
    /// It does not go off after this.
    void stop() noexcept;
    /// Closes the copies of the descriptors that a child of fork() has inherited. The alarm must
    /// not be destroyed after that.
    void abandon() noexcept;

private:
    class receiver;

    std::mutex sending_;
    std::optional<boost::asio::ip::udp::socket> sender_;
    std::shared_ptr<receiver> receiver_;
    std::atomic<bool> set_{false};
};

} // namespace rtpsynth::asio_server::detail
