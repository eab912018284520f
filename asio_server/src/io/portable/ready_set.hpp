/// \file
/// A set of sockets with an Asio wait for each.
#pragma once

#include "io/event.hpp"
#include "io/handler_memory.hpp"
#include "io/portable/alarm.hpp"
#include "io/portable/socket_watch.hpp"
#include "io/portable/udp_socket.hpp"
#include "io/portable/waker.hpp"
#include "io/process.hpp"

#include <rtpsynth/base/clock.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// Implements the interface of the Linux backend's epoll set with waits of single sockets. A wait
/// reports one event; rearm() starts the next wait.
///
/// Threads: add, modify, remove and rearm need the socket's lock; the rest belongs to the executor.
class ready_set {
public:
    using error_code = boost::system::error_code;

    static constexpr bool waits = false;

    /// \p alarm is in the set as alarm_token, and outlives it. \p on_lost is called, by any thread,
    /// when a socket's wait has ended for lack of memory: rearm() must then be called for all
    /// sockets.
    ready_set(const boost::asio::any_io_executor& executor, alarm& alarm,
              std::function<void()> on_lost, const waker* = nullptr);
    ~ready_set() { close(); }
    ready_set(const ready_set&) = delete;
    ready_set& operator=(const ready_set&) = delete;

    /// \throws std::bad_alloc
    error_code add(udp_socket& socket, interest wanted, std::uint64_t token);
    error_code modify(udp_socket& socket, interest wanted, std::uint64_t token) noexcept;
    void remove(udp_socket& socket) noexcept;
    /// Call after an event of \p socket was handled: waits for the next one.
    void rearm(udp_socket& socket) noexcept;

    /// Asio always watches this set.
    bool hand_over(const boost::asio::any_io_executor&) noexcept { return true; }
    /// Completes without error when something is ready, and with operation_aborted after close().
    /// One at a time. Without memory it throws, or destroys the handler.
    template <class Handler>
    void async_wait(Handler&& handler) {
        ready_list::handler waiting{std::forward<Handler>(handler)};
        if (list_->empty()) return list_->wait(std::move(waiting));
        auto call = boost::asio::bind_allocator(
            handler_allocator<>{memory_},
            [h = std::move(waiting)]() mutable { std::move(h)(error_code{}); });
        // An executor whose type is erased does not ask a function for its allocator. A wait that
        // is lost for lack of memory starts again only with the server's next operation.
        using context_executor = boost::asio::io_context::executor_type;
        if (const auto* const direct = executor_.target<context_executor>())
            boost::asio::post(*direct, std::move(call));
        else
            boost::asio::post(executor_, std::move(call));
    }
    /// The same as poll(), since Asio does the waiting.
    std::span<ready_event> wait(std::span<ready_event> room, time_point) noexcept {
        return poll(room);
    }
    /// The events that are ready now, as many as fit \p room; the next call returns the others.
    std::span<ready_event> poll(std::span<ready_event> room) noexcept;

    /// There is no descriptor.
    native_descriptor descriptor() const noexcept { return static_cast<native_descriptor>(-1); }

    /// Ends all waiting.
    void close() noexcept;
    /// No-op: the set has no descriptor of its own.
    void abandon() noexcept {}

private:
    const boost::asio::any_io_executor& executor_; // its owner may replace it after close()
    alarm& alarm_;
    const std::shared_ptr<ready_list> list_;
    const std::shared_ptr<handler_memory> memory_ = std::make_shared<handler_memory>();
};

} // namespace rtpsynth::asio_server::detail
