/// \file
/// A server for each core.
#pragma once

#include <rtpsynth/asio_server/channel/options.hpp>
#include <rtpsynth/asio_server/channel/rtp_channel.hpp>
#include <rtpsynth/asio_server/server/options.hpp>
#include <rtpsynth/asio_server/server/rtp_server.hpp>
#include <rtpsynth/base/compiler.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace rtpsynth::asio_server {

/// Several servers with a thread each, and a choice among them for each new channel.
///
///     rtp_server_pool pool;                                  // a server for each core
///     auto caller = pool.create_channel(options, on_caller); // on the least busy server
///     auto callee = pool.server_of(*caller).create_channel(options, on_callee); // on the same
///     server
///
/// A channel stays on its server. It is created on the server with the fewest open channels; if
/// several have equally many, on the next of them in turn. Unlike a measured load, the number of
/// channels includes a call from the moment of its creation, so a thousand calls in a second are
/// distributed evenly. If channels differ much in load, the application chooses the server, with
/// operator[].
///
/// Handlers of channels of one server are called one at a time; those of different servers at once.
/// Put the two legs of a relay on one server: they then need no lock, and no other thread to wake
/// up.
///
/// \par Thread safety
/// Every member may be called from any thread and from any handler. shutdown() and the destructor
/// wait for running handlers, except that shutdown() does not wait if a handler of the pool calls
/// it. A handler of the pool may call the destructor if no other handler of the pool uses the pool
/// then.
///
/// \par fork()
/// As for rtp_server.
class RTPSYNTH_API rtp_server_pool {
public:
    static constexpr std::size_t max_size = 1024;

    /// Makes as many servers as the machine has processors.
    /// \param options  of each server. `on_exception` is called by several threads at once.
    /// \throws as rtp_server's constructor
    explicit rtp_server_pool(const server_options& options = {});
    /// \param servers  1..max_size
    /// \throws std::invalid_argument for another number; as above
    explicit rtp_server_pool(std::size_t servers, const server_options& options = {});
    /// Calls shutdown().
    ~rtp_server_pool();
    rtp_server_pool(const rtp_server_pool&) = delete;
    rtp_server_pool& operator=(const rtp_server_pool&) = delete;

    std::size_t size() const noexcept { return servers_.size(); }
    /// \param index  below size()
    rtp_server& operator[](std::size_t index) const noexcept { return *servers_[index]; }

    /// The server with the fewest open channels; if several have equally many, the next of them in
    /// turn, a different one for each call. For functions that take a server, such as
    /// frame_receiver or port_range::create_pair().
    rtp_server& pick() noexcept;

    /// The server of \p channel.
    /// \throws std::invalid_argument if the channel does not belong to this pool
    rtp_server& server_of(const rtp_channel& channel) const;

    /// Makes a channel as rtp_server::create_channel() does, on pick().
    /// \throws as rtp_server::create_channel()
    template <class Handler>
    requires requires(rtp_server& server, const channel_options& options, Handler&& handler) {
        server.create_channel(options, std::forward<Handler>(handler));
    }
    std::shared_ptr<rtp_channel> create_channel(const channel_options& options, Handler&& handler) {
        return pick().create_channel(options, std::forward<Handler>(handler));
    }
    /// Makes a channel that is read with rtp_channel::async_receive. \throws as above
    std::shared_ptr<rtp_channel> create_channel(const channel_options& options = {}) {
        return pick().create_channel(options);
    }

    /// The sums of the counters of all servers.
    server_stats stats() const noexcept;

    /// Closes all channels of all servers, blocking for at most 0.1 s in total, and ends and joins
    /// their threads (except the caller's). May be called several times.
    void shutdown() noexcept;

private:
    std::vector<std::unique_ptr<rtp_server>> servers_;
    std::atomic<std::size_t> turn_{0};
};

} // namespace rtpsynth::asio_server
