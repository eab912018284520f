/// \file
/// An rtp_proc that runs on a thread of its own without Asio, for the Python package.
#pragma once

#include <rtpsynth/asio_server/proc/options.hpp>
#include <rtpsynth/asio_server/proc/rtp_proc.hpp>
#include <rtpsynth/base/compiler.h>

#include <memory>
#include <type_traits>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// Calls handlers as an rtp_proc does, on the thread that calls serve() and wait(). It does not use
/// Asio: a wake-up is one system call.
///
/// Threads: serve() and wait() belong to one thread; the other functions may be called from any
/// thread, and from handlers.
class RTPSYNTH_API proc_loop {
public:
    /// \throws std::invalid_argument, std::bad_alloc
    explicit proc_loop(const proc_options& options = {});
    /// Calls shutdown(). Precondition: neither serve() nor wait() runs, except in a child of
    /// fork().
    ~proc_loop();
    proc_loop(const proc_loop&) = delete;
    proc_loop& operator=(const proc_loop&) = delete;

    /// Calls handlers that are due, for at most 1 ms or one call, whichever is longer.
    /// \return whether more is due
    bool serve() noexcept;
    /// Sleeps until a call is due or another thread calls a function.
    /// \return false after shutdown(): the thread must end
    bool wait() noexcept;

    /// As in rtp_proc.
    template <class Handler>
    std::shared_ptr<rtp_proc_channel> create_channel(Handler&& handler) {
        return rtp_proc_channel::make(engine_,
                                      std::make_unique<proc_handler_of<std::decay_t<Handler>>>(
                                          std::forward<Handler>(handler)));
    }
    /// As in rtp_proc, but does not join a thread.
    void shutdown() noexcept;
    rtp_proc_stats stats() const;

private:
    std::shared_ptr<proc_engine> engine_;
};

} // namespace rtpsynth::asio_server::detail
