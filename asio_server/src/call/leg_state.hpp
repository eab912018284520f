/// \file
/// One side of an rtp_relay, without its sockets.
#pragma once

#include "call/leg_transcoder.hpp"

#include <rtpsynth/asio_server/call/relay_options.hpp>
#include <rtpsynth/asio_server/channel/datagram.hpp>
#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/rtp/stream_rewriter.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace rtpsynth::asio_server::detail {

/// What the packets of one side become for the other, and the address that packets for its own side
/// are sent to. It has no sockets (see leg_channels) and no lock (see rtp_relay::impl).
class leg_state {
public:
    using endpoint = boost::asio::ip::udp::endpoint;

    /// Buffers for one packet at a time, on the caller's stack.
    struct workspace {
        static constexpr std::size_t size = 4096; // max_packet_size, and room to grow
        alignas(16) std::array<std::uint8_t, size> first;
        alignas(16) std::array<std::uint8_t, size> second;
    };

    /// What is to be done about a datagram.
    struct outcome {
        std::span<const std::uint8_t> packet{}; // to be sent to the other side; empty: nothing
        bool is_rtcp = false;                   // the packet
        bool has_moved = false;                 // what is for this side goes to the source from now
        bool rtcp_has_moved = false;            // the same of its RTCP
    };

    /// \throws std::invalid_argument; std::bad_alloc
    leg_state(const relay_leg_options& options, time_point now);

    /// Decides about a datagram that came from this side, and counts it, unless a packet is to be
    /// sent to \p to: count_sent() counts that one.
    outcome pass(const datagram_view& view, bool to_rtcp_port, leg_state& to,
                 workspace& work) noexcept;
    void count_sent(const outcome& passed, bool is_accepted) noexcept;
    /// Counts a datagram that came before there was another side.
    void count_unsent(const datagram_view& view, bool to_rtcp_port) noexcept;

    std::optional<endpoint> target() const noexcept { return latch_.target(); }
    /// Whether something can be sent there.
    void set_reachable(bool reachable) noexcept { reachable_ = reachable; }
    /// Where RTCP is sent to, without rtcp_mux.
    void set_rtcp_target(const endpoint& target) noexcept { rtcp_target_ = target; }
    void set_signalled(const endpoint& peer) noexcept { latch_.set_signalled(peer); }
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
    leg_state(const relay_leg_options& options, time_point now, const stream_origin& origin);
    std::size_t transcode(std::uint8_t source_type, bool begins, time_point arrival,
                          std::size_t size, std::span<std::uint8_t>& bytes,
                          std::span<std::uint8_t> spare) noexcept;
    outcome pass_rtp(const datagram_view& view, leg_state& to, workspace& work) noexcept;
    outcome pass_rtcp(const datagram_view& view, leg_state& to, workspace& work) noexcept;
    bool is_from_peer(const endpoint& source) const noexcept;
    bool follows_rtcp(const endpoint& source,
                      std::span<const std::uint8_t> compound) const noexcept;
    void heard(time_point at) noexcept;

    source_latch latch_;
    const latch_policy policy_;
    const bool rtcp_mux_;
    bool reachable_ = false; // there is an address to send to
    bool silent_ = false;    // note_silence() has returned true
    time_point heard_;
    std::shared_ptr<packet_protection> protection_;
    std::optional<endpoint> rtcp_target_;        // without rtcp_mux
    std::optional<std::uint32_t> ssrc_;          // of the latest RTP packet
    std::unique_ptr<leg_transcoder> transcoder_; // null: payloads stay as they are
    stream_rewriter rewriter_;
    relay_leg_stats stats_;
};

} // namespace rtpsynth::asio_server::detail
