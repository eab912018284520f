/// \file
/// What a voice_stream is made with.
#pragma once

#include <rtpsynth/asio_server/call/audio_tick.hpp>
#include <rtpsynth/asio_server/call/packet_protection.hpp>
#include <rtpsynth/asio_server/call/source_latch.hpp>
#include <rtpsynth/asio_server/call/voice_event.hpp>
#include <rtpsynth/asio_server/channel/options.hpp>
#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/audio/voice_sender_options.hpp>
#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/jitter/playout_options.hpp>
#include <rtpsynth/rtcp/session_options.hpp>

#include <boost/asio/ip/udp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace rtpsynth::asio_server {

class voice_stream;

/// A codec, as the SDP of a call has it.
struct voice_codec {
    std::string encoding = "PCMU/8000"; ///< as in `a=rtpmap`
    /// 0..127; nullopt: the static one of RFC 3551, which not every codec has.
    std::optional<std::uint8_t> payload_type{};
    std::string fmtp{}; ///< as in `a=fmtp`
};

/// What a voice_stream is made with. New members are added at the end.
struct voice_stream_options {
    static constexpr std::size_t max_queue_size = 65536;

    /// Of the socket; of both sockets without rtcp_mux. `bind` is not used with a port_range.
    channel_options channel{};
    /// Where RTP is sent. nullopt: nothing is, until voice_stream::set_peer() or `latch` says
    /// where.
    std::optional<boost::asio::ip::udp::endpoint> peer{};
    /// RTP and RTCP on one port (RFC 5761). Otherwise RTCP has the port after that of RTP.
    bool rtcp_mux = true;
    /// Where RTCP is sent without rtcp_mux; nullopt: to the port after that of the peer.
    std::optional<boost::asio::ip::udp::endpoint> rtcp_peer{};
    /// Whether RTP is sent to where it comes from instead; `peer` is the signalled address. Then
    /// only datagrams that the latch lets through are looked at, and RTCP only from the address of
    /// the latched source.
    source_latch_options latch{latch_policy::none};
    /// What encrypts the call, such as SRTP; null: nothing does. What it refuses is not looked at,
    /// not even by the latch; nor are datagrams of more than 4096 bytes. It belongs to this stream
    /// alone, which calls it under its lock.
    std::shared_ptr<packet_protection> protection{};

    /// The codecs of the call, at least one. Packets of all of them are played; the first one is
    /// sent.
    std::vector<voice_codec> codecs{voice_codec{}};
    /// Payload type of telephone events, with the clock rate of the first codec; nullopt: none.
    std::optional<std::uint8_t> event_type = 101;
    /// Payload type of comfort noise, the same; nullopt: none.
    std::optional<std::uint8_t> noise_type = 13;
    /// What codecs there are; add() those of components, such as opus.
    codec_set codec_library{};

    /// `ptime` is the tick of both directions, at most 120 ms; `input_rate` the rate of the audio
    /// that is played, `capacity` how much of it may wait, and `idle` what is sent without any.
    voice_sender_options sender{};
    /// `rate` is that of received audio.
    playout_options playout{};
    /// Empty `cname`: a random one (RFC 7022). `clock_rate` is not used.
    rtp_session_options session{};

    /// A source that was silent for so long is replaced by another one that sends; at least 0.
    duration source_timeout = std::chrono::seconds(1);
    /// After so long without a packet of RTP received audio pauses: there are no ticks, and no
    /// costs, before the next packet. At least 100 ms; nullopt: it never pauses once it has begun.
    std::optional<duration> pause_after = std::chrono::seconds(5);
    /// After so long without a packet of RTP there is the event network_quiet. More than 0;
    /// nullopt: never.
    std::optional<duration> quiet_after{};

    /// How many ticks of received audio are kept while nobody reads, 1..65536. Not used with
    /// on_audio.
    std::size_t audio_queue = 50;
    /// How many events are kept while nobody reads them, 1..65536.
    std::size_t event_queue = 32;

    /// Called with each tick of received audio, which is valid during the call. Then async_read is
    /// not supported.
    std::function<void(voice_stream&, const audio_tick&, std::span<const std::int16_t>)> on_audio{};
    /// Called with each event. Then async_read_event is not supported.
    std::function<void(voice_stream&, const voice_event&)> on_event{};
};

} // namespace rtpsynth::asio_server
