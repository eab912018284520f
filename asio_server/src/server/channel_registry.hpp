/// \file
/// The channels of a server.
#pragma once

#include "io/event.hpp"

#include <rtpsynth/asio_server/channel/stats.hpp>
#include <rtpsynth/asio_server/server/options.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace rtpsynth::asio_server {
class rtp_channel;
}

namespace rtpsynth::asio_server::detail {

/// Adds the counters of \p s to \p sum, and copies its latest errors.
void accumulate(channel_stats& sum, const channel_stats& s) noexcept;

/// Weak references to the open channels, by the tokens under which their sockets report events, and
/// the summed counters of destroyed channels. A token is never used twice, so an event of a closed
/// channel finds no channel.
///
/// Threads: safe. No lock is held while a channel is visited.
class channel_registry {
public:
    bool closing() const noexcept;
    /// \return the channel's token; 0 after begin_closing(). \throws std::bad_alloc
    std::uint64_t add(const std::shared_ptr<rtp_channel>& channel);
    /// The channel of \p token has closed. Its slot is kept until retire().
    void closed(std::uint64_t token) noexcept;
    /// The channel is destroyed; \p last are its counters.
    void retire(std::uint64_t token, const channel_stats& last) noexcept;

    /// Rejects new channels from now on. \return false if it was already called
    bool begin_closing() noexcept;
    void wait_until_all_closed() noexcept;

    /// Stores the channel of each event, or null, at the same index of \p channels.
    void find(std::span<const ready_event> events,
              std::span<std::shared_ptr<rtp_channel>> channels) const noexcept;
    std::size_t open() const noexcept;
    /// The number of slots, of open and closed channels.
    std::size_t size() const noexcept;
    /// The sum over open and closed channels. No counter is ever less than in an earlier call.
    server_stats stats() const noexcept;

    /// Visits the channels that exist when it begins.
    template <class Visit>
    void for_each(Visit visit) const {
        const std::size_t places = size();
        for (std::size_t i = 0; i != places; ++i)
            if (const auto channel = at(i)) visit(channel);
    }
    /// For a child of fork(), in which a thread of the parent may have left the lock locked.
    void close_inherited_channels() noexcept;

private:
    struct slot {
        std::weak_ptr<rtp_channel> channel;
        std::uint32_t generation = 0; // of channels, from 1: no token is a reserved one
    };

    std::shared_ptr<rtp_channel> at(std::size_t index) const noexcept;

    mutable std::mutex mutex_;
    std::vector<slot> slots_;
    std::vector<std::uint32_t> free_slots_;
    bool closing_ = false;
    std::size_t open_ = 0;
    std::condition_variable all_closed_;
    channel_stats retired_;
    mutable channel_stats told_; // the latest result of stats()
};

} // namespace rtpsynth::asio_server::detail
