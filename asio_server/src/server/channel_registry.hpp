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

/// Adds the counters of \p s to \p sum, and takes its latest errors.
void accumulate(channel_stats& sum, const channel_stats& s) noexcept;

/// Knows open channels, weakly, by the tokens under which their sockets report events, and the sums
/// of those that are gone. A token is never used twice, so an event of a closed channel finds
/// nobody.
///
/// Threads: safe. No lock is held while a channel is visited.
class channel_registry {
public:
    bool closing() const noexcept;
    /// \return the channel's token; 0 after begin_closing(). \throws std::bad_alloc
    std::uint64_t add(const std::shared_ptr<rtp_channel>& channel);
    /// The channel of \p token has closed. Its place is kept until it retires.
    void closed(std::uint64_t token) noexcept;
    /// It is destroyed; \p last are its counters.
    void retire(std::uint64_t token, const channel_stats& last) noexcept;

    /// No channel is added from now on. \return false if that was so before
    bool begin_closing() noexcept;
    void wait_until_all_closed() noexcept;

    /// Puts the channel of each event, or null, at the same place of \p channels.
    void find(std::span<const ready_event> events,
              std::span<std::shared_ptr<rtp_channel>> channels) const noexcept;
    std::size_t open() const noexcept;
    /// Places of channels, open or not.
    std::size_t size() const noexcept;
    /// The sum over open and closed channels. No counter is ever less than it was in an earlier
    /// call.
    server_stats stats() const noexcept;

    /// Visits those that were there when it began.
    template <class Visit>
    void for_each(Visit visit) const {
        const std::size_t places = size();
        for (std::size_t i = 0; i != places; ++i)
            if (const auto channel = at(i)) visit(channel);
    }
    /// For a child of fork(), in which a thread that is not there may have the lock for good.
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
    mutable channel_stats told_; // by stats()
};

} // namespace rtpsynth::asio_server::detail
