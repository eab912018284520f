/// \file
/// One stream: its packets and their echoes.
#pragma once

#include "answers/load_log.hpp"
#include "answers/playout_clock.hpp"
#include "answers/stream_result.hpp"
#include "options.hpp"
#include "traffic/audio_loop.hpp"
#include "traffic/impairment.hpp"
#include "traffic/stream_rtcp.hpp"

#include <rtpsynth/asio_server/server/rtp_server.hpp>
#include <rtpsynth/base/timer_wheel.hpp>
#include <rtpsynth/rtcp/receiver_stats.hpp>
#include <rtpsynth/rtp/packet_synth.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace load {

/// Sends packets on schedule and remembers when it sent each, so that an echo gives the round trip
/// whatever the payload. It is a timer: its owner calls send_next() when it is due.
///
/// Thread safety: none; use it on the server's executor.
class load_stream : public rtpsynth::timer_wheel::timer {
public:
    using endpoint = boost::asio::ip::udp::endpoint;

    /// Stream \p index of options.streams. All references must outlive it.
    load_stream(const program_options& options, const audio_loop& audio, std::size_t index,
                load_log& log);

    /// Opens a socket towards \p target.
    /// \throws std::invalid_argument, boost::system::system_error as create_channel
    void open(rtpsynth::asio_server::rtp_server& server, const endpoint& target);

    /// Schedules the first packet for \p first.
    void start(rtpsynth::time_point first);
    /// When to call send_next().
    rtpsynth::time_point due() const noexcept { return due_; }
    /// Whether all packets have been made.
    bool done() const noexcept { return made_ == packets_; }
    /// \throws std::bad_alloc
    void send_next(rtpsynth::time_point now);
    /// Makes no more packets; sends one that is held back. \throws std::bad_alloc
    void stop(rtpsynth::time_point now);

    /// Says BYE, with --rtcp. Call it before finish().
    void leave(rtpsynth::time_point now);

    /// Ends receiving and sums up. Call it once. \throws std::bad_alloc
    void finish();
    /// Valid after finish().
    const stream_result& result() const noexcept { return result_; }
    /// Statistics of the echoes.
    const rtpsynth::receiver_stats& reception() const noexcept { return reception_; }

private:
    /// When a packet that may still come back was sent.
    class flight {
    public:
        void forget() noexcept { sent_at_ = never; }
        void sent(rtpsynth::time_point at) noexcept { sent_at_ = at; }
        void landed() noexcept { sent_at_ = back; }
        bool is_sent() const noexcept { return sent_at_ != never; }
        bool has_landed() const noexcept { return sent_at_ == back; }
        rtpsynth::time_point sent_at() const noexcept { return sent_at_; }

    private:
        static constexpr rtpsynth::time_point never = rtpsynth::time_point::min();
        static constexpr rtpsynth::time_point back = rtpsynth::time_point::max();
        rtpsynth::time_point sent_at_ = never;
    };

    void schedule() noexcept;
    void transmit(std::span<const std::uint8_t> packet, std::uint64_t number, bool twice,
                  rtpsynth::time_point now);
    void transmit_held(rtpsynth::time_point now);
    void receive(std::span<const rtpsynth::asio_server::datagram_view> batch);
    void receive(std::span<const std::uint8_t> datagram, rtpsynth::time_point arrival);
    void receive_protected(const rtpsynth::asio_server::datagram_view& datagram);
    void send_rtcp(std::span<std::uint8_t> storage, std::size_t size);
    void receive_rtp(const rtpsynth::rtp_packet_view& packet, rtpsynth::time_point arrival);
    void receive_echo(const rtpsynth::rtp_packet_view& packet, std::uint64_t number,
                      rtpsynth::time_point arrival);
    void play(std::uint64_t number, rtpsynth::time_point sent, rtpsynth::time_point arrival);
    std::optional<std::uint64_t> number_of(const rtpsynth::rtp_packet_view& packet) const noexcept;
    void note_sent(rtpsynth::time_point now);
    void expect(std::span<const std::uint32_t> packets);
    answer_kind kind(const rtpsynth::asio_server::channel_stats& stats) const noexcept;
    void judge_answers();
    flight& flight_number(std::uint64_t n) noexcept { return flights_[n & (flights_.size() - 1)]; }

    // Ordered by use, so that a packet touches few cache lines.
    load_log& log_;
    const audio_loop& audio_;
    std::shared_ptr<rtpsynth::asio_server::rtp_channel> channel_;
    std::vector<flight> flights_; // a power of two of them
    rtpsynth::packet_synth synth_;
    rtpsynth::stream_position first_;
    rtpsynth::packet_format format_;
    std::size_t position_; // of the first packet in audio_
    std::uint64_t made_ = 0;
    std::uint64_t packets_;     // to be made
    std::uint16_t source_port_; // 0: the system chooses
    rtpsynth::duration packet_time_;
    rtpsynth::time_point first_due_{};
    rtpsynth::time_point due_{};
    packet_fate fate_; // of the packet due next
    impairment impairment_;
    bool holds_ = false; // a packet that the next one is to overtake
    bool held_twice_ = false;
    std::uint64_t held_number_ = 0;
    std::vector<std::uint8_t> held_;
    std::unique_ptr<stream_rtcp> rtcp_;         // null without --rtcp
    std::unique_ptr<common::srtp_stream> srtp_; // null without --srtp

    std::uint64_t given_ = 0;    // packets, to the channel
    std::uint64_t returned_ = 0; // of those
    std::uint64_t dropped_ = 0;  // packets, on purpose
    std::uint64_t unusable_ = 0; // datagrams
    rtpsynth::receiver_stats reception_;
    rtpsynth::duration delay_; // of the playout clock
    playout_clock clock_;
    // Packets sent before the first echo, by slot of the timeline. They count as lost only if the
    // stream is not renumbered: of a renumbered stream it is unknown which packets were lost.
    std::vector<std::uint32_t> unproven_;
    std::unique_ptr<answer_log> answers_; // null until there are any
    stream_result result_;
};

} // namespace load
