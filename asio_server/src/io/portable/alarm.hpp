/// \file
/// A second try, a little later, that needs no memory.
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

/// Calls somebody on its executor a while after ring(). Whatever cannot be done for want of memory,
/// or another resource of the system, is left in a list or a flag and tried again when the alarm
/// goes off: nobody waits for memory, and no completion is lost.
///
/// A timer of Asio's can be set on its executor only, and to get there from another thread takes
/// memory. So ring() sends a datagram over the loopback interface, from one socket of a pair to the
/// other, which the executor waits for; then the timer runs.
///
/// Threads: safe, but for start() and abandon().
class alarm {
public:
    static constexpr duration delay = std::chrono::milliseconds{10};

    /// \throws boost::system::system_error
    explicit alarm(const boost::asio::any_io_executor& executor);
    ~alarm();
    alarm(const alarm&) = delete;
    alarm& operator=(const alarm&) = delete;

    /// Once, by one thread: has \p on_alarm called from now on. \throws std::bad_alloc
    void start(std::function<void()> on_alarm);
    /// It goes off after `delay`, or when it was to anyway.
    void ring() noexcept;
    /// It went off. From now on ring() sets it anew.
    void take() noexcept { set_ = false; }
    /// It does not go off any more.
    void stop() noexcept;
    /// Closes the copies of the descriptors that a child of fork() has inherited. After that the
    /// alarm is not to be destroyed.
    void abandon() noexcept;

private:
    class receiver;

    std::mutex sending_;
    std::optional<boost::asio::ip::udp::socket> sender_;
    std::shared_ptr<receiver> receiver_;
    std::atomic<bool> set_{false};
};

} // namespace rtpsynth::asio_server::detail
