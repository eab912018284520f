// What the tests of transcoding share: tones, sent through two legs of a relay without sockets.
#pragma once

#include "call/leg_state.hpp"
#include "call/relay_fixture.hpp"

#include <rtpsynth/audio/codec_set.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numbers>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace rtpsynth::asio_server {

constexpr double tone_hz = 1000;

/// A tone as it was heard: samples at their times.
class heard_tone {
public:
    explicit heard_tone(std::uint32_t rate) : rate_{static_cast<double>(rate)} {}

    void add(std::span<const std::int16_t> pcm, std::uint32_t at) { // in samples
        for (const std::int16_t sample : pcm) {
            const double phase = 2 * std::numbers::pi * tone_hz * at++ / rate_;
            sine_ += sample * std::sin(phase);
            cosine_ += sample * std::cos(phase);
            power_ += static_cast<double>(sample) * sample;
            ++count_;
        }
    }
    double amplitude() const { return 2 * std::hypot(sine_, cosine_) / count_; }
    /// What is not the tone, of one phase throughout, is noise.
    double snr() const { // dB
        const double tone = count_ * amplitude() * amplitude() / 2;
        return 10 * std::log10(tone / std::max(power_ - tone, 1e-9));
    }

private:
    double rate_;
    double sine_ = 0, cosine_ = 0, power_ = 0, count_ = 0;
};

/// Whoever sends a tone, with a codec of the side's.
class tone_sender {
public:
    tone_sender(const codec_set& codecs, const std::string& encoding, std::uint8_t type)
        : encoder_{codecs.make_encoder(encoding)}, type_{type} {}

    byte_vector next(int ms, std::uint32_t ssrc, unsigned seq, std::uint32_t timestamp) {
        const codec_rates rates = encoder_->rates();
        std::vector<std::int16_t> pcm(rates.audio * static_cast<unsigned>(ms) / 1000);
        for (std::int16_t& sample : pcm)
            sample = static_cast<std::int16_t>(std::lround(
                8000 * std::sin(2 * std::numbers::pi * tone_hz * time_++ / rates.audio)));
        byte_vector packet = rtp_of(ssrc, seq, type_, 0);
        packet.resize(packet.size() + encoder_->max_payload(pcm.size()));
        rtpsynth::detail::store_be32(&packet[4], timestamp);
        const auto size = encoder_->encode(pcm, std::span{packet}.subspan(rtp_header_size));
        BOOST_REQUIRE(size.has_value());
        packet.resize(rtp_header_size + *size);
        return packet;
    }
    std::uint32_t duration(int ms) const {
        return static_cast<std::uint32_t>(std::uint64_t{encoder_->rates().clock} *
                                          static_cast<unsigned>(ms) / 1000);
    }

private:
    std::unique_ptr<audio_encoder> encoder_;
    std::uint8_t type_;
    std::uint32_t time_ = 0;
};

inline relay_leg_options transcoding(std::vector<relay_transcoding> all, codec_set codecs = {}) {
    relay_leg_options o;
    o.latch.latch = latch_policy::none;
    o.transcode = std::move(all);
    o.codec_library = std::move(codecs);
    return o;
}

/// Two sides of a relay, both reachable. Packets come from the first one, on time.
struct two_legs {
    codec_set codecs;
    time_point now{std::chrono::hours{1}};
    detail::leg_state a, b;
    unsigned seq = 65530; // wraps soon
    std::uint32_t timestamp = 0xffffff00;
    detail::leg_state::workspace work;

    explicit two_legs(const relay_leg_options& o)
        : codecs{o.codec_library}, a{o, now}, b{transcoding({}), now} {
        b.set_reachable(true);
        a.set_reachable(true);
    }

    std::optional<byte_vector> pass(const byte_vector& packet, bool back = false) {
        detail::leg_state &from = back ? b : a, &to = back ? a : b;
        const auto o = from.pass({packet, at("192.0.2.1", 4000), now}, false, to, work);
        if (o.packet.empty()) return std::nullopt;
        from.count_sent(o, true);
        return byte_vector{o.packet.begin(), o.packet.end()};
    }
    byte_vector made(tone_sender& sender, int ms, std::uint32_t ssrc = 1) {
        const byte_vector packet = sender.next(ms, ssrc, seq++, timestamp);
        timestamp += sender.duration(ms);
        now += std::chrono::milliseconds{ms};
        return packet;
    }
    byte_vector heard(tone_sender& sender, int ms, std::uint32_t ssrc = 1) {
        const auto got = pass(made(sender, ms, ssrc));
        BOOST_REQUIRE(got.has_value());
        return *got;
    }
    relay_leg_stats stats() const {
        const relay_leg_stats s = a.stats();
        BOOST_TEST((s.received == s.forwarded + s.rejected + s.malformed + s.dropped + s.late +
                                      s.undecodable + s.unsent));
        return s;
    }
};

/// Whoever hears the other side.
class tone_listener {
public:
    tone_listener(const codec_set& codecs, const std::string& encoding)
        : decoder_{codecs.make_decoder(encoding)}, tone{decoder_->rates().audio} {}

    /// \return the duration by its timestamps' clock
    std::uint32_t hear(const byte_vector& packet, bool is_judged = true) {
        const rtp_packet_view view = parsed(packet);
        std::vector<std::int16_t> pcm(8192);
        const auto size = decoder_->decode(view.payload(), pcm);
        BOOST_REQUIRE(size.has_value());
        const codec_rates rates = decoder_->rates();
        if (!begin_) begin_ = view.timestamp();
        const auto place = static_cast<std::uint32_t>(rates.to_samples(view.timestamp() - *begin_));
        if (is_judged) tone.add(std::span{pcm}.first(*size), place);
        return rates.to_clock(*size);
    }

private:
    std::unique_ptr<audio_decoder> decoder_;
    std::optional<std::uint32_t> begin_;

public:
    heard_tone tone;
};

} // namespace rtpsynth::asio_server
