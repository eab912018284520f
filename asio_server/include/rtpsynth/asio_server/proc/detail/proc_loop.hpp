/// \file
/// An rtp_proc for a thread that waits by itself. For the Python package.
#pragma once

#include <rtpsynth/asio_server/proc/options.hpp>
#include <rtpsynth/asio_server/proc/rtp_proc.hpp>
#include <rtpsynth/base/compiler.h>

#include <memory>
#include <type_traits>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// Calls handlers as an rtp_proc does, on the thread that calls serve() and wait(), which needs
/// nothing of Asio: a wake-up is one system call.
///
/// Threads: serve() and wait() belong to one; all else may be called from any, and from handlers.
class RTPSYNTH_API proc_loop {
public:
    /// \throws std::invalid_argument, std::bad_alloc
    explicit proc_loop(const proc_options& options = {});
    /// shutdown(). Precondition: neither serve() nor wait() runs, unless inherited by fork().
    ~proc_loop();
    proc_loop(const proc_loop&) = delete;
    proc_loop& operator=(const proc_loop&) = delete;

    /// Calls handlers that are due, for at most 1 ms or for one call that takes longer.
    /// \return whether more is due
    bool serve() noexcept;
    /// Sleeps until a call is due or another thread has asked for something.
    /// \return false if the thread is to end, after shutdown()
    bool wait() noexcept;

    /// As rtp_proc's.
    template <class Handler>
    std::shared_ptr<rtp_proc_channel> create_channel(Handler&& handler) {
        return rtp_proc_channel::make(engine_,
                                      std::make_unique<proc_handler_of<std::decay_t<Handler>>>(
                                          std::forward<Handler>(handler)));
    }
    /// As rtp_proc's, but joins nothing.
    void shutdown() noexcept;
    rtp_proc_stats stats() const;

private:
    std::shared_ptr<proc_engine> engine_;
};

} // namespace rtpsynth::asio_server::detail
