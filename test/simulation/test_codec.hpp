// A codec for the simulator: a payload says which packet of which call it is, and decodes to speech
// that is known from its position. What is decoded is recorded.
#pragma once

#include <rtpsynth/audio/codec.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

namespace simulation {

using namespace rtpsynth;

// One second of 19 harmonics of 118 Hz at 16 kHz, in syllables, that repeats without a seam.
inline const std::vector<std::int16_t>& speech() {
    static const std::vector<std::int16_t> samples = [] {
        std::vector<std::int16_t> made(16000);
        const double circle = 2 * 3.14159265358979;
        for (std::size_t i = 0; i < made.size(); ++i) {
            const double t = static_cast<double>(i) / 16000;
            double x = 0;
            for (int k = 1; k < 20; ++k) x += std::cos(circle * 118 * k * t + k * k) / k;
            const double loud = 0.52 + 0.48 * std::sin(circle * 3 * t);
            made[i] = static_cast<std::int16_t>(std::lrint(2500 * loud * loud * x));
        }
        return made;
    }();
    return samples;
}

// The same at 8 kHz.
inline std::int16_t narrow_speech(std::size_t position) { return speech()[2 * position % 16000]; }

inline int largest_step(std::span<const std::int16_t> pcm) {
    int most = 0;
    for (std::size_t i = 1; i < pcm.size(); ++i)
        most = std::max(most, std::abs(pcm[i] - pcm[i - 1]));
    return most;
}

using payload_bytes = std::array<std::uint8_t, 12>;

inline std::uint32_t number_at(const std::uint8_t* p) {
    return static_cast<std::uint32_t>(p[0]) << 24 | static_cast<std::uint32_t>(p[1]) << 16 |
           static_cast<std::uint32_t>(p[2]) << 8 | p[3];
}
inline void put_number(std::uint8_t* p, std::uint32_t n) {
    for (int i = 0; i < 4; ++i) p[i] = static_cast<std::uint8_t>(n >> (24 - 8 * i));
}

// serial, position in speech(), samples, checksum
inline payload_bytes encode(std::uint32_t serial, std::uint32_t position, std::uint32_t samples) {
    payload_bytes bytes{};
    put_number(bytes.data(), serial);
    put_number(bytes.data() + 4, position << 16 | samples);
    put_number(bytes.data() + 8, (serial ^ (position << 16 | samples)) * 2654435761U);
    return bytes;
}

struct decoder_log {
    std::vector<std::uint32_t> serials; // since it was emptied
};

// Its audio has 8 or 16 kHz, its clock 8.
class test_decoder : public audio_decoder {
public:
    explicit test_decoder(decoder_log& log, std::uint32_t rate)
        : audio_decoder({rate, 8000}), log_(log) {}

    result<std::size_t> samples(std::span<const std::uint8_t> payload) const noexcept override {
        const std::uint8_t* const p = payload.data();
        if (payload.size() != 12 ||
            number_at(p + 8) != (number_at(p) ^ number_at(p + 4)) * 2654435761U)
            return errc::bad_payload;
        return rates().to_samples(number_at(p + 4) & 0xffff);
    }
    result<std::size_t> decode(std::span<const std::uint8_t> payload,
                               std::span<std::int16_t> pcm) noexcept override {
        const auto n = samples(payload);
        if (!n) return n;
        if (*n > pcm.size()) return errc::buffer_too_small;
        log_.serials.push_back(number_at(payload.data()));
        const std::size_t from = number_at(payload.data() + 4) >> 16;
        const bool is_wide = rates().audio == 16000;
        for (std::size_t i = 0; i < *n; ++i)
            pcm[i] = is_wide ? speech()[(2 * from + i) % 16000] : narrow_speech(from + i);
        return n;
    }
    void reset() noexcept override {}

private:
    decoder_log& log_;
};

} // namespace simulation
