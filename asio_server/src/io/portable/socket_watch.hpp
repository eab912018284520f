/// \file
/// Tells which of many sockets are ready, with an Asio wait for each.
#pragma once

#include "io/event.hpp"
#include "io/handler_memory.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace rtpsynth::asio_server::detail {

class ready_list;

/// The events that a socket waits for, and those that are ready.
struct socket_watch {
    explicit socket_watch(std::uint64_t its_token) : token{its_token} {}

    const std::uint64_t token;
    interest wanted{}; ///< protected by the socket's lock
    /// A wait is outstanding. If Asio destroys it for lack of memory, this may be cleared on any
    /// thread.
    std::atomic<bool> awaits_readable{false}, awaits_writable{false};
    const std::array<std::shared_ptr<handler_memory>, 2> memory{std::make_shared<handler_memory>(),
                                                                std::make_shared<handler_memory>()};

    // Used by a ready_list, on the executor.
    interest ready{};
    bool listed = false;
    std::shared_ptr<socket_watch> next{};
};

/// The ready sockets in order of readiness, and the operation that waits for one. It needs no
/// memory of its own. The waits own it, since they may end after the sockets, and even after the
/// server.
///
/// Threads: wait(), take_waiting() and lost() are safe; the rest belongs to the executor.
class ready_list {
public:
    using handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;

    /// \p on_lost is called when a socket's wait ends without an event.
    explicit ready_list(std::function<void()> on_lost) : on_lost_{std::move(on_lost)} {}

    void push(std::shared_ptr<socket_watch> watch, interest what);
    std::shared_ptr<socket_watch> pop() noexcept;
    bool empty() const noexcept { return !first_; }

    /// \p h is called at the next push. (Boost 1.81's handlers cannot be assigned.)
    void wait(handler h) noexcept {
        const std::lock_guard lock{mutex_};
        waiting_.swap(h);
    }
    handler take_waiting() noexcept {
        handler h;
        const std::lock_guard lock{mutex_};
        h.swap(waiting_);
        return h;
    }

    void lost() const noexcept { on_lost_(); }

private:
    const std::function<void()> on_lost_;
    std::shared_ptr<socket_watch> first_;
    socket_watch* last_ = nullptr;
    std::mutex mutex_; // protects waiting_
    handler waiting_;
};

} // namespace rtpsynth::asio_server::detail
