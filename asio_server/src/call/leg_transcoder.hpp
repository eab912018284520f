/// \file
/// Gives packets of one side of a relay another codec.
#pragma once

#include "call/payload_transcoder.hpp"
#include "call/timestamp_scaler.hpp"

#include <rtpsynth/asio_server/call/relay_options.hpp>
#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/rtp/packet.hpp>
#include <rtpsynth/rtp/payload_format.hpp>
#include <rtpsynth/rtp/stream_rewriter_options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace rtpsynth::asio_server::detail {

/// Stands behind the stream_rewriter of a side: a packet in, a packet out, with the same number. Of
/// the clock rate of the target codecs are then the timestamps of audio, and of telephone events
/// and comfort noise beside it. Allocates nothing after construction.
class leg_transcoder {
public:
    enum class outcome : std::uint8_t {
        passed,     // not of a codec that is transcoded
        transcoded, // what the packet became is in the storage
        late,       // dropped: a codec has gone on with later packets
        refused,    // dropped: by a codec, or too long
    };
    struct output {
        outcome what;
        std::size_t size = 0; // of the packet, unless it was dropped
    };

    /// What leg options ask of the rewriter. \throws std::invalid_argument naming the option
    static stream_rewriter_options rewriter_options(const relay_leg_options& options);

    /// \param timestamp the first of the rewriter's output
    /// \throws std::invalid_argument naming the option; std::bad_alloc
    leg_transcoder(const relay_leg_options& options, std::uint32_t timestamp);

    /// \param source_type the packet's payload type before it was rewritten
    /// \param begins whether it is the first one of a segment
    /// \param arrival by a monotonic clock
    output convert(std::uint8_t source_type, bool begins, std::span<std::uint8_t> packet,
                   time_point arrival, std::span<std::uint8_t> storage) noexcept;

    /// RTCP of the side, translated by the rewriter: sender reports get timestamps and octets of
    /// what is sent.
    void to_output(std::span<std::uint8_t> compound) noexcept;
    /// RTCP about the side, translated by the rewriter: jitter by the source's clock.
    void to_source(std::span<std::uint8_t> compound) const noexcept;

private:
    static constexpr std::uint8_t none = 0xff;

    struct type_rule {
        std::uint32_t clock_rate = 0;
        payload_kind kind = payload_kind::unknown;
        std::uint8_t path = none;
    };
    struct clock {
        timestamp_scaler scaler{};
        std::uint32_t shift = 0; // so that one codec's audio continues another's
    };

    /// A packet on its way through convert().
    struct place {
        int ahead; // of the highest number before
        bool begins;
        time_point arrival;
    };

    void add_paths(const relay_leg_options& options);
    void pass(const type_rule& rule, const place& at, std::span<std::uint8_t> packet) noexcept;
    void pass_audio(const type_rule& rule, const place& at,
                    std::span<std::uint8_t> packet) noexcept;
    std::uint32_t output_timestamp(std::uint32_t clock_rate, std::uint32_t timestamp,
                                   const place& at) noexcept;
    void begin(std::uint8_t path) noexcept;
    clock& clock_of(std::uint32_t clock_rate) noexcept;

    std::array<type_rule, 128> types_{};
    std::vector<payload_transcoder> paths_;
    std::uint32_t out_rate_ = 0;
    const std::uint32_t first_timestamp_;
    std::array<clock, 4> clocks_{};
    std::size_t next_clock_ = 0;

    std::uint8_t path_ = none;               // of the latest audio; none: that was passed
    const audio_encoder* encoder_ = nullptr; // the latest
    std::uint32_t media_rate_;               // of the latest audio
    std::uint32_t sent_rate_ = 0;            // the same of what it became
    std::uint16_t seq_ = 0;                  // highest so far
    bool has_begun_ = false;
    // The latest audio that was sent with the target's clock.
    std::uint32_t timestamp_ = 0;
    std::uint32_t duration_ = 0; // 0: none was sent
    std::uint32_t source_rate_ = 0;
    time_point arrival_{};
    std::uint32_t octets_added_ = 0; // to what the rewriter has counted, and may be "negative"
    std::uint32_t packets_dropped_ = 0;
    payload_transcoder::workspace work_;
};

} // namespace rtpsynth::asio_server::detail
