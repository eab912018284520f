#include <rtpsynth/audio/opus.hpp>

#include <opus.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <new>
#include <stdexcept>
#include <string>

namespace rtpsynth {
namespace {

constexpr opus_int32 largest_payload = 1275; // RFC 6716 §3.4: of a frame

template <class State, void (*destroy)(State*)>
struct deleter {
    void operator()(State* state) const noexcept { destroy(state); }
};
using encoder_state = std::unique_ptr<OpusEncoder, deleter<OpusEncoder, opus_encoder_destroy>>;
using decoder_state = std::unique_ptr<OpusDecoder, deleter<OpusDecoder, opus_decoder_destroy>>;

codec_rates checked_rates(const rtpmap& map, std::uint32_t audio_rate) {
    if (map.clock_rate != 48000)
        throw std::invalid_argument("clock rate " + std::to_string(map.clock_rate) +
                                    " is not 48000");
    if (map.channels > 2)
        throw std::invalid_argument("number of channels " + std::to_string(map.channels) +
                                    " is not 1 or 2");
    constexpr std::array<std::uint32_t, 5> rates{8000, 12000, 16000, 24000, 48000};
    if (audio_rate == 0) return {48000, 48000};
    if (std::find(rates.begin(), rates.end(), audio_rate) == rates.end())
        throw std::invalid_argument("audio rate " + std::to_string(audio_rate) +
                                    " is not 8000, 12000, 16000, 24000 or 48000");
    return {audio_rate, 48000};
}

// The value of a parameter as a number; `otherwise` if it is missing or not a number.
opus_int32 parameter(std::string_view fmtp, std::string_view name, opus_int32 otherwise) noexcept {
    const auto text = fmtp_parameter(fmtp, name);
    opus_int32 value = otherwise;
    if (!text) return value;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    return error == std::errc{} && end == text->data() + text->size() ? value : otherwise;
}

opus_int32 bandwidth_for(opus_int32 playback_rate) noexcept {
    if (playback_rate < 12000) return OPUS_BANDWIDTH_NARROWBAND;
    if (playback_rate < 16000) return OPUS_BANDWIDTH_MEDIUMBAND;
    if (playback_rate < 24000) return OPUS_BANDWIDTH_WIDEBAND;
    return playback_rate < 48000 ? OPUS_BANDWIDTH_SUPERWIDEBAND : OPUS_BANDWIDTH_FULLBAND;
}

class opus_encoder final : public audio_encoder {
public:
    opus_encoder(codec_rates rates, std::string_view fmtp)
        : audio_encoder(rates), dtx_(parameter(fmtp, "usedtx", 0) == 1) {
        int error = OPUS_OK;
        state_.reset(opus_encoder_create(static_cast<opus_int32>(rates.audio), 1,
                                         OPUS_APPLICATION_VOIP, &error));
        if (!state_) throw std::bad_alloc();
        OpusEncoder* const state = state_.get();
        const bool fec = parameter(fmtp, "useinbandfec", 0) == 1;
        opus_encoder_ctl(state, OPUS_SET_DTX(dtx_ ? 1 : 0));
        opus_encoder_ctl(state, OPUS_SET_INBAND_FEC(fec ? 1 : 0));
        opus_encoder_ctl(state, OPUS_SET_PACKET_LOSS_PERC(fec ? 10 : 0));
        opus_encoder_ctl(state, OPUS_SET_VBR(parameter(fmtp, "cbr", 0) == 1 ? 0 : 1));
        const opus_int32 playback_rate = parameter(fmtp, "maxplaybackrate", 48000);
        opus_encoder_ctl(state, OPUS_SET_MAX_BANDWIDTH(bandwidth_for(playback_rate)));
        if (const opus_int32 bits = parameter(fmtp, "maxaveragebitrate", 0); bits > 0)
            opus_encoder_ctl(state, OPUS_SET_BITRATE(std::clamp(bits, 6000, 510000)));
    }

    std::size_t max_payload(std::size_t) const noexcept override { return largest_payload; }

    result<std::size_t> encode(std::span<const std::int16_t> pcm,
                               std::span<std::uint8_t> payload) noexcept override {
        constexpr std::array<std::size_t, 9> sizes{1, 2, 4, 8, 16, 24, 32, 40, 48};
        const std::size_t unit = rates().audio / 400; // 2.5 ms
        if (pcm.size() % unit != 0 ||
            std::find(sizes.begin(), sizes.end(), pcm.size() / unit) == sizes.end())
            return errc::bad_frame_size;
        if (payload.size() < largest_payload) return errc::buffer_too_small;
        const opus_int32 size = opus_encode(state_.get(), pcm.data(), static_cast<int>(pcm.size()),
                                            payload.data(), largest_payload);
        if (size < 0)
            return errc::invalid_argument; // everything that libopus documents was checked
        // libopus signals "do not send" with a packet of only a TOC byte, or nearly so.
        return dtx_ && size <= 2 ? 0 : static_cast<std::size_t>(size);
    }

    void reset() noexcept override { opus_encoder_ctl(state_.get(), OPUS_RESET_STATE); }

private:
    bool dtx_;
    encoder_state state_;
};

// The parts of a packet that must be known to decode its frames.
struct packet {
    int frames = 0;
    const unsigned char* first = nullptr;
    opus_int16 first_size = 0;
    std::size_t frame_samples = 0;
    unsigned char toc = 0;
};

packet parsed(std::span<const std::uint8_t> payload, std::uint32_t rate) noexcept {
    packet p;
    if (payload.empty() || payload.size() > 0xffff) return p;
    std::array<const unsigned char*, 48> frames{};
    std::array<opus_int16, 48> sizes{};
    p.frames =
        std::max(0, opus_packet_parse(payload.data(), static_cast<opus_int32>(payload.size()),
                                      &p.toc, frames.data(), sizes.data(), nullptr));
    p.first = frames[0];
    p.first_size = sizes[0];
    p.frame_samples = static_cast<std::size_t>(
        opus_packet_get_samples_per_frame(payload.data(), static_cast<opus_int32>(rate)));
    return p;
}

// RFC 6716 §4.2.3, §4.2.4: a SILK frame begins with a bit for each 20 ms that tells whether it has
// speech, and one that tells whether it contains in-band FEC; both again for the second channel.
bool repeats_what_was_before(const packet& p, std::uint32_t rate) noexcept {
    const bool silk = p.toc < 0x80;
    if (!silk || p.frames == 0 || p.first_size == 0) return false;
    const std::size_t ms = p.frame_samples * 1000 / rate;
    const unsigned speech_bits = ms <= 20 ? 1 : static_cast<unsigned>(ms / 20);
    const unsigned bits = p.first[0];
    const bool stereo = (p.toc & 4) != 0;
    return (bits >> (7 - speech_bits) & 1) != 0 ||
           (stereo && (bits >> (6 - 2 * speech_bits) & 1) != 0);
}

class opus_decoder final : public audio_decoder {
public:
    explicit opus_decoder(codec_rates rates) : audio_decoder(rates) {
        int error = OPUS_OK;
        state_.reset(opus_decoder_create(static_cast<opus_int32>(rates.audio), 1, &error));
        if (!state_) throw std::bad_alloc();
    }

    result<std::size_t> samples(std::span<const std::uint8_t> payload) const noexcept override {
        const packet p = parsed(payload, rates().audio);
        if (p.frames == 0) return errc::bad_payload;
        return static_cast<std::size_t>(p.frames) * p.frame_samples;
    }

    result<std::size_t> decode(std::span<const std::uint8_t> payload,
                               std::span<std::int16_t> pcm) noexcept override {
        const auto size = samples(payload);
        if (!size) return size;
        if (pcm.size() < *size) return errc::buffer_too_small;
        const int made =
            opus_decode(state_.get(), payload.data(), static_cast<opus_int32>(payload.size()),
                        pcm.data(), static_cast<int>(*size), 0);
        if (made < 0) return errc::bad_payload;
        return static_cast<std::size_t>(made);
    }

    bool conceals() const noexcept override { return true; }

    std::size_t conceal(std::span<std::int16_t> pcm) noexcept override {
        return decode_missing({}, pcm);
    }

    std::size_t recover(std::span<const std::uint8_t> next,
                        std::span<std::int16_t> pcm) noexcept override {
        const packet p = parsed(next, rates().audio);
        if (p.frames == 0 || whole(pcm.size()) < p.frame_samples ||
            !repeats_what_was_before(p, rates().audio))
            return 0;
        return decode_missing(next, pcm);
    }

    void reset() noexcept override { opus_decoder_ctl(state_.get(), OPUS_RESET_STATE); }

private:
    // Whole multiples of 2.5 ms, up to 120 ms.
    std::size_t whole(std::size_t samples) const noexcept {
        const std::size_t unit = rates().audio / 400;
        return std::min(samples / unit, std::size_t{48}) * unit;
    }

    std::size_t decode_missing(std::span<const std::uint8_t> next,
                               std::span<std::int16_t> pcm) noexcept {
        const std::size_t size = whole(pcm.size());
        if (size == 0) return 0;
        const int made = opus_decode(state_.get(), next.empty() ? nullptr : next.data(),
                                     static_cast<opus_int32>(next.size()), pcm.data(),
                                     static_cast<int>(size), next.empty() ? 0 : 1);
        return static_cast<std::size_t>(std::max(made, 0));
    }

    decoder_state state_;
};

} // namespace

audio_codec opus_codec() noexcept {
    return {"opus",
            [](const rtpmap& map, const codec_parameters& p) -> std::unique_ptr<audio_encoder> {
                return std::make_unique<opus_encoder>(checked_rates(map, p.audio_rate), p.fmtp);
            },
            [](const rtpmap& map, const codec_parameters& p) -> std::unique_ptr<audio_decoder> {
                return std::make_unique<opus_decoder>(checked_rates(map, p.audio_rate));
            }};
}

} // namespace rtpsynth
