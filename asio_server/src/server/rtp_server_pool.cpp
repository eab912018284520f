#include <rtpsynth/asio_server/server/rtp_server_pool.hpp>

#include "channel/channel_impl.hpp"
#include "server/channel_registry.hpp"
#include "server/engine.hpp"
#include "server/server_access.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace rtpsynth::asio_server {
namespace {

using access = detail::server_access;

std::size_t processors() noexcept {
    return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1,
                                   rtp_server_pool::max_size);
}

} // namespace

rtp_server_pool::rtp_server_pool(const server_options& options)
    : rtp_server_pool{processors(), options} {}

rtp_server_pool::rtp_server_pool(std::size_t servers, const server_options& options) {
    if (servers < 1 || servers > max_size) throw std::invalid_argument("servers must be 1..1024");
    servers_.reserve(servers);
    while (servers_.size() != servers) servers_.push_back(std::make_unique<rtp_server>(options));
}

rtp_server_pool::~rtp_server_pool() { shutdown(); }

rtp_server& rtp_server_pool::pick() noexcept {
    const std::size_t first = turn_.fetch_add(1, std::memory_order_relaxed);
    rtp_server* best = nullptr;
    std::size_t fewest = 0;
    for (std::size_t i = 0; i != size(); ++i) {
        rtp_server& server = *servers_[(first + i) % size()];
        const std::size_t open = access::engine_of(server)->open_channels();
        if (best && open >= fewest) continue;
        best = &server;
        fewest = open;
    }
    return *best;
}

rtp_server& rtp_server_pool::server_of(const rtp_channel& channel) const {
    const detail::engine* const owner = &detail::channel_impl::of(channel).owner();
    for (const auto& server : servers_)
        if (access::engine_of(*server).get() == owner) return *server;
    throw std::invalid_argument("channel must belong to a server of this pool");
}

server_stats rtp_server_pool::stats() const noexcept {
    server_stats sum;
    for (const auto& server : servers_) {
        const server_stats s = server->stats();
        detail::accumulate(sum.channels, s.channels);
        sum.open_channels += s.open_channels;
        sum.ticks += s.ticks;
        sum.handler_exceptions += s.handler_exceptions;
    }
    return sum;
}

void rtp_server_pool::shutdown() noexcept {
    const time_point drain_until =
        std::chrono::steady_clock::now() + detail::channel_impl::longest_drain;
    for (const auto& server : servers_) access::begin_shutdown(*server, drain_until);
    // Two handlers may call this at once, and neither thread may wait for the other.
    const bool by_handler = std::any_of(servers_.begin(), servers_.end(), [](const auto& server) {
        return access::runs_here(*server);
    });
    if (by_handler) return;
    for (const auto& server : servers_) access::join(*server);
}

} // namespace rtpsynth::asio_server
