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

/// Several servers, each with a thread of its own, and the choice among them.
///
///     rtp_server_pool pool;                                  // a server for each core
///     auto caller = pool.create_channel(options, on_caller); // where there is room
///     auto callee = pool.server_of(*caller).create_channel(options, on_callee); // beside it
///
/// A channel stays with its server. It is made on the one with the fewest open channels; of several
/// with the same number, on the next in turn. The number of channels, unlike a measured load,
/// counts a call from the moment at which it is made: of a thousand calls in a second, none goes by
/// what was before. Channels of very unequal load are placed by their application, with operator[].
///
/// Handlers of one channel, and of channels beside each other, are called one at a time; those of
/// different servers at once. The two legs of a relay belong on one server: no lock, no thread to
/// wake up.
///
/// \par Thread safety
/// Every member may be called from any thread and from any handler. shutdown() and the destructor
/// wait for handlers that run, but shutdown() does not where a handler of the pool calls it. The
/// destructor may be called by a handler of the pool while no other handler of the pool calls
/// anything of it.
///
/// \par fork()
/// As for rtp_server.
class RTPSYNTH_API rtp_server_pool {
public:
    static constexpr std::size_t max_size = 1024;

    /// As many servers as the machine has processors.
    /// \param options  of each of them. `on_exception` is called by several threads at once.
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

    /// The server with the fewest open channels; of several, the next in turn, which is another one
    /// for each call. For what takes a server, such as a frame_receiver or
    /// port_range::create_pair().
    rtp_server& pick() noexcept;

    /// The server of \p channel.
    /// \throws std::invalid_argument if it is none of this pool
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
    /// Makes a channel that is read by rtp_channel::async_receive. \throws as above
    std::shared_ptr<rtp_channel> create_channel(const channel_options& options = {}) {
        return pick().create_channel(options);
    }

    /// The sums over all servers.
    server_stats stats() const noexcept;

    /// Closes all channels of all servers, blocking for at most 0.1 s in all, and ends their
    /// threads, which are joined unless the caller is one of them. May be called any number of
    /// times.
    void shutdown() noexcept;

private:
    std::vector<std::unique_ptr<rtp_server>> servers_;
    std::atomic<std::size_t> turn_{0};
};

} // namespace rtpsynth::asio_server
