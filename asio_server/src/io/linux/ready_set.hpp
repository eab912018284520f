/// \file
/// An epoll set.
#pragma once

#include "io/event.hpp"
#include "io/linux/alarm.hpp"
#include "io/linux/udp_socket.hpp"
#include "io/linux/waker.hpp"

#include <rtpsynth/base/clock.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// The sockets of a server in an epoll set of their own. The server waits for it itself, or Asio
/// watches it as one descriptor: one Asio operation for all ready sockets instead of one per
/// datagram. Level-triggered.
///
/// Threads: add, modify, remove and poll are safe, as in the kernel; the rest belongs to the
/// executor.
class ready_set {
public:
    using error_code = boost::system::error_code;

    /// Whether wait() is supported; otherwise Asio does all waiting.
    static constexpr bool waits = true;

    /// \p alarm is in the set as alarm_token, and outlives it. The third argument is for backends
    /// that can lose the wait of a single socket. With a \p waker, which is in the set as
    /// waker_token, Asio does not watch the set before hand_over().
    /// \throws boost::system::system_error
    ready_set(const boost::asio::any_io_executor& executor, alarm& alarm, std::function<void()>,
              const waker* waker = nullptr);
    ~ready_set();
    ready_set(const ready_set&) = delete;
    ready_set& operator=(const ready_set&) = delete;

    error_code add(udp_socket& socket, interest wanted, std::uint64_t token) noexcept;
    error_code modify(udp_socket& socket, interest wanted, std::uint64_t token) noexcept;
    void remove(udp_socket& socket) noexcept;
    /// Call after an event of \p socket was handled. No-op: the kernel continues to watch.
    void rearm(udp_socket&) noexcept {}

    /// Makes Asio watch the set. \return whether it does from now on
    bool hand_over(const boost::asio::any_io_executor& executor) noexcept;
    /// Use after hand_over(). Completes without error when something is ready, and with
    /// operation_aborted after close(). One at a time. Without memory it throws, or destroys the
    /// handler.
    template <class Handler>
    void async_wait(Handler&& handler) {
        ready_->async_wait(boost::asio::posix::descriptor_base::wait_read,
                           std::forward<Handler>(handler));
    }
    /// The events that are ready now, as many as fit \p room; the next call returns the others.
    std::span<ready_event> poll(std::span<ready_event> room) noexcept;

    /// Waits for events until \p deadline and returns them. It may return none before that. At
    /// time_point::max() there is no limit.
    ///
    /// To a deadline that several waits in a row have, a timer is set: a timeout costs every wait
    /// that datagrams end as much as a system call.
    std::span<ready_event> wait(std::span<ready_event> room, time_point deadline) noexcept;
    /// The descriptor of the set, readable while something in it is ready.
    int descriptor() const noexcept { return fd_; }

    /// Ends all waiting.
    void close() noexcept;
    /// Closes the copies of the descriptors that a child of fork() has inherited. The set must not
    /// be destroyed after that.
    void abandon() noexcept;

private:
    std::span<ready_event> wait_for(std::span<ready_event> room, duration longest) noexcept;
    bool is_worth_a_timer(time_point deadline) noexcept;
    bool set_timer(time_point deadline) noexcept;
    void take_timer() noexcept;
    error_code control(int operation, int fd, std::uint32_t events, std::uint64_t token) noexcept;

    int fd_;
    std::optional<boost::asio::posix::stream_descriptor> ready_; // a duplicate of fd_

    // For wait(), on the executor.
    int timer_ = -1;                                   // in the set, if this has a waker
    time_point timer_goes_off_at_ = time_point::max(); // max: it is not set
    time_point deadline_ = time_point::max();          // of the latest wait
    unsigned waits_ = 0;                               // with that deadline
};

} // namespace rtpsynth::asio_server::detail
