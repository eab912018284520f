// What packet_synth promises, in plain arithmetic.
#pragma once

#include <rtpsynth/rtp/packet_synth.hpp>

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace packet_synth_model {

using namespace rtpsynth;
using uint128 = boost::multiprecision::uint128_t;

// In billionths of a timestamp unit, so wide that nothing overflows or is rounded on the way.
inline const uint128 unit = 1'000'000'000;
inline const uint128 cycle = unit << 32; // of the timestamp

inline std::uint32_t timestamp_of(const uint128& units) {
    return static_cast<std::uint32_t>(units % cycle / unit);
}

struct model {
    uint128 step;
    uint128 clock_rate;
    stream_origin origin;
    uint128 next;
    std::uint64_t packets = 0;
    bool marker = true;
    uint128 last = 0;
    time_point last_time{};

    model(std::uint32_t rate, duration ptime, const stream_origin& o)
        : step(static_cast<uint128>(ptime.count()) * rate),
          clock_rate(rate),
          origin(o),
          next(uint128{o.timestamp} * unit) {}

    stream_position position() const {
        return {timestamp_of(next), static_cast<std::uint16_t>(origin.seq + packets)};
    }
    void stamp(time_point now, unsigned payload_type, std::uint8_t* p) {
        const auto put = [&p](std::uint64_t value, int size) {
            while (size-- != 0) *p++ = static_cast<std::uint8_t>(value >> 8 * size);
        };
        put(0x80, 1);
        put(payload_type + (marker ? 128U : 0U), 1);
        put(position().seq, 2);
        put(position().timestamp, 4);
        put(origin.ssrc, 4);
        marker = false;
        ++packets;
        last = next;
        last_time = now;
        next = (next + step) % cycle;
    }
    void skip(std::size_t n) { next = (next + step % cycle * n) % cycle; }
    void resync(time_point now) {
        if (packets == 0) return;
        const uint128 pause = now > last_time ? (now - last_time).count() : 0;
        next = (last + std::max<uint128>(step, pause * clock_rate)) % cycle;
    }
};

} // namespace packet_synth_model
