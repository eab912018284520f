/// \file
/// The options of voice_stream.
#pragma once

#include <rtpsynth/asio_server/call/audio_tick.hpp>
#include <rtpsynth/asio_server/call/packet_protection.hpp>
#include <rtpsynth/asio_server/call/source_latch.hpp>
#include <rtpsynth/asio_server/call/voice_codec.hpp>
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

/// The options of voice_stream. New members are added at the end.
struct voice_stream_options {
    static constexpr std::size_t max_queue_size = 65536;

    /// Options of the socket, or without rtcp_mux of both sockets. With a port_range, `bind` is
    /// ignored.
    channel_options channel{};
    /// The address that RTP is sent to. nullopt: nothing is sent until voice_stream::set_peer() or
    /// the latch sets it.
    std::optional<boost::asio::ip::udp::endpoint> peer{};
    /// RTP and RTCP on one port (RFC 5761). Otherwise RTCP uses the port after that of RTP.
    bool rtcp_mux = true;
    /// The address that RTCP is sent to without rtcp_mux; nullopt: the port after that of `peer`.
    std::optional<boost::asio::ip::udp::endpoint> rtcp_peer{};
    /// Whether RTP is sent to the address that it comes from instead; `peer` is the signalled
    /// address. RTP that the latch rejects is then ignored and, once a source is latched to, RTCP
    /// from another IP address is too.
    source_latch_options latch{latch_policy::none};
    /// Protects the packets of the call, for example srtp_protection; nullptr: they are plain.
    /// Datagrams that it refuses, and those of more than 4096 bytes, are dropped before the latch
    /// sees them. It must not be shared with another call: the stream calls it while it holds its
    /// own lock. voice_stream::set_protection() replaces it.
    std::shared_ptr<packet_protection> protection{};

    /// The codecs of the call, at least one. The stream sends with the first one and plays packets
    /// of all.
    std::vector<voice_codec> codecs{voice_codec{}};
    /// Payload type of telephone events, whose clock rate is that of the audio before them, and of
    /// the first codec before any; nullopt: none.
    std::optional<std::uint8_t> event_type = 101;
    /// Payload type of comfort noise, whose clock rate is that of the audio before it, as that of
    /// events is; nullopt: none.
    std::optional<std::uint8_t> noise_type = 13;
    /// The available codecs. Use add() for those of components, such as opus. The stream calls
    /// codecs while it holds its lock: a codec of your own must not call the stream.
    codec_set codec_library{};

    /// How audio is sent. `ptime` is the duration of a tick in both directions, 1..120 ms;
    /// `input_rate` is the sample rate of the audio passed to async_play, `capacity` the most of it
    /// that may be queued, and `idle` what is sent while none is queued.
    voice_sender_options sender{};
    /// How packets are played. `rate` is the sample rate of received audio.
    playout_options playout{};
    /// Options of the rtp_session. If `cname` is empty, it is random (RFC 7022). `clock_rate` is
    /// ignored.
    rtp_session_options session{};

    /// The silence of the current source after which another one may replace it; 0 or more.
    duration source_timeout = std::chrono::seconds(1);
    /// The time without RTP after which ticks of received audio pause until the next packet; 100 ms
    /// or more. nullopt: they never pause once they have begun.
    std::optional<duration> pause_after = std::chrono::seconds(5);
    /// The time without RTP after which the event network_quiet is reported; more than 0. nullopt:
    /// it is never reported.
    std::optional<duration> quiet_after{};

    /// The maximum number of ticks of received audio that are buffered while no async_read is
    /// outstanding, 1..65536. Ignored with on_audio.
    std::size_t audio_queue = 50;
    /// The maximum number of events that are buffered until they are read, 1..65536.
    std::size_t event_queue = 32;

    /// Called with each tick of received audio. The samples are valid during the call. async_read
    /// is then not supported.
    std::function<void(voice_stream&, const audio_tick&, std::span<const std::int16_t>)> on_audio{};
    /// Called with each event. async_read_event is then not supported.
    std::function<void(voice_stream&, const voice_event&)> on_event{};
};

} // namespace rtpsynth::asio_server
