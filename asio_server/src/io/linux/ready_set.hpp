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

/// The sockets of a server in a set of their own, for which the server waits itself, or which Asio
/// watches as one descriptor: one Asio operation for all that are ready instead of one per
/// datagram. Level-triggered.
///
/// Threads: add, modify, remove and poll are safe, as the kernel's are; the rest belongs to the
/// executor.
class ready_set {
public:
    using error_code = boost::system::error_code;

    /// Whether there is wait(), or Asio has to do it all.
    static constexpr bool waits = true;

    /// \p alarm is in the set, too, as alarm_token, and outlives it. The third argument is called
    /// by backends in which the wait of a single socket may be lost. With a \p waker, which is in
    /// the set as waker_token, Asio does not know of the set before hand_over().
    /// \throws boost::system::system_error
    ready_set(const boost::asio::any_io_executor& executor, alarm& alarm, std::function<void()>,
              const waker* waker = nullptr);
    ~ready_set();
    ready_set(const ready_set&) = delete;
    ready_set& operator=(const ready_set&) = delete;

    error_code add(udp_socket& socket, interest wanted, std::uint64_t token) noexcept;
    error_code modify(udp_socket& socket, interest wanted, std::uint64_t token) noexcept;
    void remove(udp_socket& socket) noexcept;
    /// After an event of \p socket was dealt with. The kernel goes on watching by itself.
    void rearm(udp_socket&) noexcept {}

    /// Has Asio watch the set. \return whether it does, from now on
    bool hand_over(const boost::asio::any_io_executor& executor) noexcept;
    /// After hand_over(). Completes with no error when something is ready, and with
    /// operation_aborted after close(). One at a time. If there is no memory it throws, or just
    /// destroys the handler.
    template <class Handler>
    void async_wait(Handler&& handler) {
        ready_->async_wait(boost::asio::posix::descriptor_base::wait_read,
                           std::forward<Handler>(handler));
    }
    /// What is ready now; as many as there is room for, the others with the next call.
    std::span<ready_event> poll(std::span<ready_event> room) noexcept;

    /// What is ready; waits until something is, or until \p deadline. It may return nothing before
    /// that. At time_point::max() it waits for good.
    std::span<ready_event> wait(std::span<ready_event> room, time_point deadline) noexcept;
    /// The set itself, readable while something in it is ready.
    int descriptor() const noexcept { return fd_; }

    /// Nothing is waited for any more.
    void close() noexcept;
    /// Closes the copies of the descriptors that a child of fork() has inherited. After that the
    /// set is not to be destroyed.
    void abandon() noexcept;

private:
    std::span<ready_event> wait_for(std::span<ready_event> room, duration longest) noexcept;
    error_code control(int operation, int fd, std::uint32_t events, std::uint64_t token) noexcept;

    int fd_;
    std::optional<boost::asio::posix::stream_descriptor> ready_; // a duplicate of fd_
};

} // namespace rtpsynth::asio_server::detail
