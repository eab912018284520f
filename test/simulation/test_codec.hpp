// Codecs for the simulator. A payload says which packet of which stream it is, and decodes to
// speech that is known from its position. The decoders have a state: they record what they decode,
// and that they were given a packet that does not follow without having been told so.
#pragma once

#include <rtpsynth/audio/codec.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

namespace simulation {

using namespace rtpsynth;

// One second of 19 harmonics of 118 Hz, in syllables, that repeats without a seam.
inline std::vector<std::int16_t> make_speech(std::uint32_t rate) {
    std::vector<std::int16_t> made(rate);
    const double circle = 2 * 3.14159265358979;
    for (std::size_t i = 0; i < made.size(); ++i) {
        const double t = static_cast<double>(i) / rate;
        double x = 0;
        for (int k = 1; k < 20; ++k) x += std::cos(circle * 118 * k * t + k * k) / k;
        const double loud = 0.52 + 0.48 * std::sin(circle * 3 * t);
        made[i] = static_cast<std::int16_t>(std::lrint(2500 * loud * loud * x));
    }
    return made;
}

// At 8 or 16 kHz.
inline const std::vector<std::int16_t>& speech(std::uint32_t rate) {
    static const std::vector<std::int16_t> narrow = make_speech(8000), wide = make_speech(16000);
    return rate == 8000 ? narrow : wide;
}

inline int largest_step(std::span<const std::int16_t> pcm) {
    int most = 0;
    for (std::size_t i = 1; i < pcm.size(); ++i)
        most = std::max(most, std::abs(pcm[i] - pcm[i - 1]));
    return most;
}

struct codec {
    std::uint8_t payload_type;
    codec_rates rates;
    bool conceals; // in its own way, and its packets repeat some of what was before
};

constexpr std::array<codec, 4> codecs{{{96, {8000, 8000}, false},
                                       {97, {16000, 8000}, false},
                                       {98, {16000, 16000}, true},
                                       {99, {8000, 8000}, true}}};

inline std::uint32_t number_at(const std::uint8_t* p) {
    return static_cast<std::uint32_t>(p[0]) << 24 | static_cast<std::uint32_t>(p[1]) << 16 |
           static_cast<std::uint32_t>(p[2]) << 8 | p[3];
}
inline void put_number(std::uint8_t* p, std::uint32_t n) {
    for (int i = 0; i < 4; ++i) p[i] = static_cast<std::uint8_t>(n >> (24 - 8 * i));
}

struct frame {
    std::uint32_t serial = 0;   // of the call's packets of speech
    std::uint32_t stream = 0;   // how often the sender had restarted
    std::uint32_t position = 0; // in speech(8000)
    std::uint32_t samples = 0;  // at 8 kHz

    static constexpr std::size_t size = 16;

    void write(std::uint8_t* p) const {
        put_number(p, serial);
        put_number(p + 4, stream);
        put_number(p + 8, position << 16 | samples);
        put_number(p + 12, check());
    }
    static frame read(const std::uint8_t* p) {
        return {number_at(p), number_at(p + 4), number_at(p + 8) >> 16, number_at(p + 8) & 0xffff};
    }
    // Each step is one to one: no one word can change unseen.
    std::uint32_t check() const {
        constexpr std::uint32_t odd = 2654435761U;
        return ((serial * odd ^ stream) * odd ^ (position << 16 | samples)) * odd;
    }
};

// What decoders tell.
struct decoder_log {
    std::vector<std::uint32_t> serials; // decoded since this was emptied
    std::vector<std::uint32_t> untold;  // of these, those that do not follow and were not told of
    std::string fault;                  // the first
    bool is_puzzled = false;            // something looked like a restart
    std::uint32_t unseen = 0;           // streams up to this may have begun unseen
};

class test_decoder : public audio_decoder {
public:
    test_decoder(decoder_log& log, const codec& c)
        : audio_decoder(c.rates),
          log_(log),
          conceals_(c.conceals),
          speech_(speech(c.rates.audio)) {}

    result<std::size_t> samples(std::span<const std::uint8_t> payload) const noexcept override {
        if (payload.size() != frame::size) return errc::bad_payload;
        const frame f = frame::read(payload.data());
        if (number_at(payload.data() + 12) != f.check()) return errc::bad_payload;
        return f.samples * (rates().audio / 8000);
    }

    result<std::size_t> decode(std::span<const std::uint8_t> payload,
                               std::span<std::int16_t> pcm) noexcept override {
        const auto n = samples(payload);
        if (!n) return n;
        if (*n > pcm.size()) return errc::buffer_too_small;
        const frame f = frame::read(payload.data());
        const std::size_t from = f.position * (rates().audio / 8000);
        check_order(f, from);
        log_.serials.push_back(f.serial);
        for (std::size_t i = 0; i < *n; ++i) pcm[i] = at(from + i);
        // It joins what it has concealed to what follows.
        if (is_concealing_ && from != next_) blend(pcm.first(std::min(*n, join())));
        last_ = f;
        next_ = (from + *n) % speech_.size();
        is_new_ = is_told_ = is_concealing_ = false;
        recovered_from_ = 0;
        return n;
    }

    bool conceals() const noexcept override { return conceals_; }
    std::size_t conceal(std::span<std::int16_t> pcm) noexcept override {
        if (!conceals_) return 0;
        for (std::int16_t& x : pcm) x = at(next_++);
        next_ %= speech_.size();
        is_told_ = is_concealing_ = true;
        return pcm.size();
    }
    std::size_t recover(std::span<const std::uint8_t> payload,
                        std::span<std::int16_t> pcm) noexcept override {
        if (!conceals_ || !samples(payload)) return 0;
        const frame f = frame::read(payload.data());
        if (f.serial % 2 == 0) return 0; // of every other packet
        const std::size_t from = f.position * (rates().audio / 8000);
        const std::size_t made = std::min<std::size_t>(pcm.size(), rates().audio / 50);
        const std::size_t begin = (from + speech_.size() - made) % speech_.size();
        for (std::size_t i = 0; i < made; ++i) pcm[i] = at(begin + i);
        if ((is_concealing_ || !is_told_) && begin != next_)
            blend(pcm.first(std::min(made, join())));
        next_ = from;
        recovered_from_ = f.serial;
        is_told_ = is_concealing_ = true;
        return made;
    }
    void interrupt() noexcept override {
        is_told_ = true;
        is_concealing_ = false;
    }
    void reset() noexcept override {
        is_puzzled_ = log_.is_puzzled || (is_new_ && is_puzzled_);
        is_new_ = true;
        interrupt();
        recovered_from_ = 0;
    }

private:
    std::int16_t at(std::size_t position) const { return speech_[position % speech_.size()]; }
    std::size_t join() const { return rates().audio / 200; }

    void blend(std::span<std::int16_t> pcm) const {
        const auto n = static_cast<int>(pcm.size());
        for (int i = 0; i < n; ++i) {
            std::int16_t& x = pcm[static_cast<std::size_t>(i)];
            x = static_cast<std::int16_t>(
                (x * i + at(next_ + static_cast<std::size_t>(i)) * (n - i)) / n);
        }
    }

    void check_order(const frame& f, std::size_t from) {
        if (!log_.fault.empty()) return;
        const std::string packet = "packet " + std::to_string(f.serial);
        if (f.serial <= last_.serial && !log_.is_puzzled)
            log_.fault = packet + " is decoded after " + std::to_string(last_.serial);
        else if (last_.serial != 0 && f.stream != last_.stream && !is_new_ && !log_.is_puzzled &&
                 f.stream > log_.unseen)
            log_.fault = packet + " begins a stream, and its decoder was not reset";
        else if (last_.serial != 0 && f.stream == last_.stream && is_new_ && !is_puzzled_)
            log_.fault = packet + " goes on with a stream, and its decoder was reset";
        else if (conceals_ && last_.serial != 0 && from != next_ && !is_told_)
            log_.untold.push_back(f.serial);
        else if (recovered_from_ != 0 && recovered_from_ != f.serial)
            log_.fault = packet + " is not what was recovered from";
    }

    decoder_log& log_;
    bool conceals_;
    const std::vector<std::int16_t>& speech_;
    frame last_;           // decoded
    std::size_t next_ = 0; // position behind what was decoded, concealed or recovered
    std::uint32_t recovered_from_ = 0;
    bool is_new_ = true;      // nothing was decoded since it was made or reset
    bool is_puzzled_ = false; // it was reset for what looked like a restart
    bool is_told_ = false;    // that the next packet does not follow
    bool is_concealing_ = false;
};

} // namespace simulation
