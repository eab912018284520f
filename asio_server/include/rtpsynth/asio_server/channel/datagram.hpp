/// \file
/// A received datagram, borrowed or owned.
#pragma once

#include <rtpsynth/asio_server/server/detail/buffer_pool.hpp>
#include <rtpsynth/base/clock.hpp>

#include <boost/asio/ip/udp.hpp>

#include <cstdint>
#include <span>
#include <utility>

namespace rtpsynth::asio_server {

/// A datagram in the receive buffer.
///
/// \par Object lifetimes
/// The bytes are valid until the call that received the view returns.
struct datagram_view {
    std::span<const std::uint8_t> data;
    boost::asio::ip::udp::endpoint source;
    /// When the socket was found readable or, with channel_options::kernel_timestamps, when the
    /// kernel received the datagram. CLOCK_MONOTONIC, as in std::chrono::steady_clock.
    time_point received_at{};
};

/// A datagram that owns its bytes. They come from a pool, and the destructor returns them to it.
///
/// \par Object lifetimes
/// May outlive its channel and its server.
///
/// \par Thread safety
/// Distinct objects are independent, also if they share a pool.
class datagram {
public:
    /// An empty datagram.
    datagram() = default;

    std::span<const std::uint8_t> data() const noexcept { return buffer_.data(); }
    const boost::asio::ip::udp::endpoint& source() const noexcept { return source_; }
    /// See datagram_view::received_at.
    time_point received_at() const noexcept { return received_at_; }

    /// For internal use: copies \p view into memory of \p pool. \throws std::bad_alloc
    datagram(detail::buffer_pool& pool, const datagram_view& view)
        : buffer_{pool.copy(view.data)}, source_{view.source}, received_at_{view.received_at} {}

private:
    detail::pooled_buffer buffer_;
    boost::asio::ip::udp::endpoint source_;
    time_point received_at_{};
};

} // namespace rtpsynth::asio_server
