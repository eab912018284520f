/// \file
/// One side of an rtp_relay.
#pragma once

#include <rtpsynth/asio_server/call/relay_options.hpp>
#include <rtpsynth/asio_server/channel/datagram.hpp>
#include <rtpsynth/asio_server/channel/rtp_channel.hpp>
#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/rtp/stream_rewriter.hpp>

#include <boost/system/error_code.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace rtpsynth::asio_server::detail {

/// Forwards the packets of one side to the other, and knows the address that packets for its own
/// side are sent to. Not thread-safe: the relay locks it, and closes the channels.
class leg_state {
public:
    using endpoint = boost::asio::ip::udp::endpoint;

    /// Buffers for one packet at a time, on the caller's stack.
    struct workspace {
        static constexpr std::size_t size = 4096; // max_packet_size, and room to grow
        alignas(16) std::array<std::uint8_t, size> first;
        alignas(16) std::array<std::uint8_t, size> second;
    };

    /// \throws std::invalid_argument; std::bad_alloc
    leg_state(const relay_leg_options& options, time_point now);

    /// Call it once. With rtcp_mux, \p rtcp is the same channel as \p rtp. Sets the signalled
    /// address as their target.
    /// \throws boost::system::system_error if a channel refuses it
    void attach(std::shared_ptr<rtp_channel> rtp, std::shared_ptr<rtp_channel> rtcp);

    /// Forwards a packet of this side to \p to. \return whether its source was latched to, so that
    /// packets for this side are sent there from now on
    bool forward_rtp(const datagram_view& view, leg_state& to, workspace& work) noexcept;
    void forward_rtcp(const datagram_view& view, leg_state& to, workspace& work) noexcept;
    void count_other() noexcept { ++stats_.other; }
    void count_unsent() noexcept { ++stats_.received, ++stats_.unsent; }
    void count_rtcp_unsent() noexcept { ++stats_.rtcp_received, ++stats_.rtcp_unsent; }

    boost::system::error_code set_peer(const endpoint& peer) noexcept;
    std::optional<endpoint> target() const noexcept { return latch_.target(); }
    void swap_protection(std::shared_ptr<packet_protection>& other) noexcept {
        protection_.swap(other);
    }

    relay_leg_stats stats() const noexcept;
    const receiver_stats& source_stats() const noexcept { return rewriter_.source_stats(); }

    /// Whether no packet was accepted for \p limit. Returns true once per silence.
    bool note_silence(time_point now, duration limit) noexcept;
    /// When to call note_silence() again; nullopt: not before the next packet.
    std::optional<time_point> next_silence(duration limit) const noexcept;

private:
    bool is_from_peer(const endpoint& source) const noexcept;
    void follow_rtcp(const endpoint& source, std::span<const std::uint8_t> compound) noexcept;
    void send_to(const endpoint& target) noexcept;
    void heard(time_point at) noexcept;

    source_latch latch_;
    const latch_policy policy_;
    bool reachable_ = false; // rtp_ has a target
    bool silent_ = false;    // note_silence() has returned true
    time_point heard_;
    std::shared_ptr<packet_protection> protection_;
    std::shared_ptr<rtp_channel> rtp_;
    std::shared_ptr<rtp_channel> rtcp_;
    std::optional<endpoint> rtcp_target_; // without rtcp_mux
    std::optional<std::uint32_t> ssrc_;   // of the latest RTP packet
    stream_rewriter rewriter_;
    relay_leg_stats stats_;
};

} // namespace rtpsynth::asio_server::detail
