/// \file
/// Packet synthesiser: writes the packets of one RTP stream (RFC 3550 §5.1).
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/detail/byte_order.hpp>
#include <rtpsynth/base/error.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace rtpsynth {

/// \addtogroup rtp
/// \{

/// Largest payload that fits behind a fixed header into one UDP datagram over IPv4.
inline constexpr std::size_t max_payload_size = 65507 - rtp_header_size;

/// SSRC, first timestamp and first sequence number of a stream. All three should be unpredictable
/// (RFC 3550 §5.1).
struct stream_origin {
    std::uint32_t ssrc = 0;
    std::uint32_t timestamp = 0;
    std::uint16_t seq = 0;

    /// Calls \p random32() three times: for SSRC, timestamp (made even) and sequence number, in
    /// this order. \p random32 returns 32 random bits, as system_random32() does. Its exceptions
    /// are passed on.
    template <class Random32>
    static stream_origin draw(Random32&& random32) {
        stream_origin origin;
        origin.ssrc = static_cast<std::uint32_t>(random32());
        origin.timestamp = static_cast<std::uint32_t>(random32()) & ~std::uint32_t{1};
        origin.seq = static_cast<std::uint16_t>(random32());
        return origin;
    }
};

/// The timestamp and sequence number of a packet.
struct stream_position {
    std::uint32_t timestamp = 0;
    std::uint16_t seq = 0;

    friend bool operator==(const stream_position&, const stream_position&) = default;
};

/// Payload type and size of a packet.
struct packet_format {
    std::size_t payload_size = 0;  ///< bytes, 0..max_payload_size
    std::uint8_t payload_type = 0; ///< 0..127

    constexpr bool valid() const noexcept {
        return payload_size <= max_payload_size && payload_type <= 127;
    }
    constexpr std::size_t packet_size() const noexcept { return rtp_header_size + payload_size; }
};

/// Writes the packets of one stream: version 2, no padding, no extension, no CSRC. From packet to
/// packet the sequence number goes up by 1 and the timestamp by clock_rate * ptime, without
/// rounding errors: packet k has the first timestamp + floor(k * clock_rate * ptime), with ptime in
/// seconds. The marker is set on the first packet only (RFC 3551 §4.1), unless set_marker() changes
/// it.
///
/// A failed call changes neither the stream nor the caller's storage.
///
/// Threads: a value type; distinct objects are independent.
class packet_synth {
public:
    /// \param clock_rate  Hz, not 0 (RFC 3551 §6)
    /// \param ptime       media in one packet, more than 0
    /// \param origin      numbers of the first packet
    /// \throws std::invalid_argument if clock_rate or ptime is out of range
    RTPSYNTH_API packet_synth(std::uint32_t clock_rate, duration ptime,
                              const stream_origin& origin);

    /// Writes the next packet to the front of \p out. \p payload is copied and padded with zeros to
    /// format.payload_size. It may overlap \p out. \p now is the time of the packet, which only
    /// resync() uses.
    /// \return the packet's size; errc::invalid_argument for a format out of range or a payload
    ///         longer than format.payload_size; errc::buffer_too_small
    [[nodiscard]] result<std::size_t> write(time_point now, packet_format format,
                                            std::span<std::uint8_t> out,
                                            std::span<const std::uint8_t> payload = {}) noexcept {
        if (payload.size() > format.payload_size) [[unlikely]]
            return errc::invalid_argument;
        if (const errc e = check(format, out.size()); e != errc{}) [[unlikely]]
            return e;
        fill(out.data() + rtp_header_size, format.payload_size, payload);
        stamp_one(now, format, out.data());
        return format.packet_size();
    }

    /// write() for a payload that is already in place, or is filled in later: byte rtp_header_size
    /// of \p out and the bytes after it are not touched.
    [[nodiscard]] result<std::size_t> stamp(time_point now, packet_format format,
                                            std::span<std::uint8_t> out) noexcept {
        if (const errc e = check(format, out.size()); e != errc{}) [[unlikely]]
            return e;
        stamp_one(now, format, out.data());
        return format.packet_size();
    }

    /// Calls write() \p count times: packet i is written to byte i * stride of \p out, with the
    /// i-th format.payload_size bytes of \p payloads. \p payloads must not overlap \p out. Bytes
    /// between the packets are not touched. All packets have the time \p now: a resync() after the
    /// batch measures the pause from its last packet, however much media the batch holds.
    /// \param stride  at least format.packet_size(); \p out may end with the last packet
    /// \return the size of each packet; the errors of write(), and errc::invalid_argument for a
    ///         smaller stride or for more than \p count payloads
    [[nodiscard]] RTPSYNTH_API result<std::size_t> write_batch(
        time_point now, packet_format format, std::size_t count, std::size_t stride,
        std::span<std::uint8_t> out, std::span<const std::uint8_t> payloads = {}) noexcept;

    /// write_batch() for payloads that are already in place, or are filled in later.
    [[nodiscard]] RTPSYNTH_API result<std::size_t> stamp_batch(
        time_point now, packet_format format, std::size_t count, std::size_t stride,
        std::span<std::uint8_t> out) noexcept;

    /// Skips \p count packets of silence: the timestamp advances by as many steps, the sequence
    /// number does not change (RFC 3551 §4.1).
    RTPSYNTH_API void skip(std::size_t count) noexcept;

    /// Sets the marker of the next packet, and of that one only.
    /// \return what it was before
    bool set_marker(bool marker) noexcept {
        const bool before = marker_;
        marker_ = marker;
        return before;
    }

    /// Advances the timestamp after a pause: the next timestamp is that of the last packet plus the
    /// larger of one step and (now - time of the last packet) * clock_rate. Packets skipped since
    /// the last packet are part of the pause, and so is an earlier resync(). If the clock went
    /// backwards, the timestamp advances by one step. No-op before the first packet.
    ///
    /// The fraction of a timestamp unit is kept, so a call without a pause changes nothing.
    /// \return the position that the next packet would have had without this call
    RTPSYNTH_API stream_position resync(time_point now) noexcept;

    /// The position of the next packet.
    stream_position next_position() const noexcept { return {next_.timestamp(), seq_}; }
    std::uint32_t ssrc() const noexcept { return ssrc_; }
    /// Hz.
    std::uint32_t clock_rate() const noexcept { return clock_rate_; }
    /// Media in one packet.
    duration ptime() const noexcept { return ptime_; }

private:
    /// A timestamp and the fraction beyond it, since steps need not be whole numbers. The fraction
    /// is in billionths, since durations are whole nanoseconds. Both are one integer: copying two
    /// members that were just stored would stall the processor at each packet.
    class media_position {
    public:
        constexpr media_position() = default;
        /// \p timestamp, modulo 2^32, plus any number of \p billionths.
        constexpr media_position(std::uint64_t timestamp, std::uint64_t billionths) noexcept
            : bits_{(timestamp + billionths / unit) << 32 | billionths % unit} {}

        constexpr std::uint32_t timestamp() const noexcept {
            return static_cast<std::uint32_t>(bits_ >> 32);
        }
        constexpr std::uint32_t billionths() const noexcept {
            return static_cast<std::uint32_t>(bits_);
        }
        constexpr void advance(media_position step) noexcept {
            bits_ += step.bits_;
            // A branch and not a conditional move: the packets of a batch then do not wait for each
            // other's sums.
            if (billionths() >= unit) [[unlikely]]
                bits_ += (std::uint64_t{1} << 32) - unit;
        }

        static constexpr std::uint64_t unit = 1'000'000'000;

    private:
        std::uint64_t bits_ = 0;
    };

    media_position media(std::uint64_t ns) const noexcept;

    static errc check(packet_format format, std::size_t room) noexcept {
        if (!format.valid()) return errc::invalid_argument;
        if (room < format.packet_size()) return errc::buffer_too_small;
        return {};
    }

    static void fill(std::uint8_t* to, std::size_t size,
                     std::span<const std::uint8_t> payload) noexcept {
        if (!payload.empty()) std::memmove(to, payload.data(), payload.size());
        if (const std::size_t rest = size - payload.size()) {
            // If GCC knows the limit, it expands memset into `rep stos`: 10 ns slower a packet.
            std::memset(to + payload.size(), 0, detail::opaque(rest));
        }
    }

    void stamp_one(time_point now, packet_format format, std::uint8_t* p) noexcept {
        const std::uint64_t second_byte = format.payload_type | (marker_ ? 0x80U : 0U);
        // Compilers do not merge twelve one-byte stores; one store of 8 bytes and one of 4 take
        // half the time.
        detail::store_be_whole(p, std::uint64_t{0x80} << 56 | second_byte << 48 |
                                      std::uint64_t{seq_} << 32 | next_.timestamp());
        detail::store_be_whole(p + 8, ssrc_);
        marker_ = false;
        started_ = true;
        ++seq_;
        last_ = next_;
        last_time_ = now;
        next_.advance(step_);
    }

    media_position next_;
    media_position step_; // modulo 2^32, as timestamps are
    media_position last_; // of the last packet
    std::uint32_t ssrc_;
    std::uint16_t seq_;
    bool marker_ = true;
    bool started_ = false;
    time_point last_time_{}; // of the last packet
    std::uint32_t clock_rate_;
    duration ptime_;
};

/// \}

} // namespace rtpsynth
