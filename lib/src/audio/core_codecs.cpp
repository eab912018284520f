#include "core_codecs.hpp"

#include <rtpsynth/audio/g711.hpp>
#include <rtpsynth/audio/g722.hpp>

#include <array>
#include <stdexcept>
#include <string>

namespace rtpsynth {
namespace {

using pcm_in = std::span<const std::int16_t>;
using pcm_out = std::span<std::int16_t>;
using bytes_in = std::span<const std::uint8_t>;
using bytes_out = std::span<std::uint8_t>;

// A codec is a struct that converts the number of samples to bytes or back (0: no packet has this
// many) and converts the audio.

struct pcmu {
    static std::size_t bytes(std::size_t samples) noexcept { return samples; }
    static std::size_t samples(std::size_t bytes) noexcept { return bytes; }
    void encode(pcm_in pcm, bytes_out payload) noexcept { ulaw_encode(pcm, payload); }
    void decode(bytes_in payload, pcm_out pcm) noexcept { ulaw_decode(payload, pcm); }
};

struct pcma {
    static std::size_t bytes(std::size_t samples) noexcept { return samples; }
    static std::size_t samples(std::size_t bytes) noexcept { return bytes; }
    void encode(pcm_in pcm, bytes_out payload) noexcept { alaw_encode(pcm, payload); }
    void decode(bytes_in payload, pcm_out pcm) noexcept { alaw_decode(payload, pcm); }
};

// RFC 3551 §4.5.11: two's complement, the most significant byte first, channels interleaved.
template <std::size_t channels>
struct l16 {
    static std::size_t bytes(std::size_t samples) noexcept { return samples * 2 * channels; }
    static std::size_t samples(std::size_t bytes) noexcept {
        return bytes % (2 * channels) == 0 ? bytes / (2 * channels) : 0;
    }
    void encode(pcm_in pcm, bytes_out payload) noexcept {
        std::uint8_t* to = payload.data();
        for (const std::int16_t sample : pcm)
            for (std::size_t c = 0; c < channels; ++c, to += 2) {
                to[0] = static_cast<std::uint8_t>(static_cast<std::uint16_t>(sample) >> 8);
                to[1] = static_cast<std::uint8_t>(sample);
            }
    }
    void decode(bytes_in payload, pcm_out pcm) noexcept {
        const std::uint8_t* from = payload.data();
        for (std::int16_t& sample : pcm) {
            int sum = 0;
            for (std::size_t c = 0; c < channels; ++c, from += 2)
                sum += static_cast<std::int16_t>(from[0] << 8 | from[1]);
            sample = static_cast<std::int16_t>(sum / static_cast<int>(channels));
        }
    }
};

struct g722 {
    static std::size_t bytes(std::size_t samples) noexcept {
        return samples % 2 == 0 ? samples / 2 : 0;
    }
    static std::size_t samples(std::size_t bytes) noexcept { return 2 * bytes; }
};

struct g722_sender : g722, g722_encoder {
    void encode(pcm_in pcm, bytes_out payload) noexcept {
        static_cast<void>(g722_encoder::encode(pcm, payload)); // sizes were checked
    }
};

struct g722_receiver : g722, g722_decoder {
    void decode(bytes_in payload, pcm_out pcm) noexcept {
        static_cast<void>(g722_decoder::decode(payload, pcm));
    }
};

template <class Codec>
class encoder final : public audio_encoder {
public:
    explicit encoder(codec_rates rates) : audio_encoder(rates) {}

    std::size_t max_payload(std::size_t samples) const noexcept override {
        return Codec::bytes(samples);
    }
    result<std::size_t> encode(pcm_in pcm, bytes_out payload) noexcept override {
        const std::size_t size = Codec::bytes(pcm.size());
        if (size == 0) return errc::bad_frame_size;
        if (payload.size() < size) return errc::buffer_too_small;
        codec_.encode(pcm, payload.first(size));
        return size;
    }
    void reset() noexcept override { codec_ = Codec(); }

private:
    Codec codec_;
};

template <class Codec>
class decoder final : public audio_decoder {
public:
    explicit decoder(codec_rates rates) : audio_decoder(rates) {}

    result<std::size_t> samples(bytes_in payload) const noexcept override {
        const std::size_t size = Codec::samples(payload.size());
        if (size == 0) return errc::bad_payload;
        return size;
    }
    result<std::size_t> decode(bytes_in payload, pcm_out pcm) noexcept override {
        const auto size = samples(payload);
        if (!size) return size;
        if (pcm.size() < *size) return errc::buffer_too_small;
        codec_.decode(payload, pcm.first(*size));
        return size;
    }
    bool needs_past() const noexcept override { return !std::is_empty_v<Codec>; }
    void reset() noexcept override { codec_ = Codec(); }

private:
    Codec codec_;
};

[[noreturn]] void refuse(const char* what, const std::string& value, const char* wanted) {
    throw std::invalid_argument(what + (" " + value) + " is not " + wanted);
}

codec_rates checked_rates(const rtpmap& map, const codec_parameters& parameters,
                          std::uint32_t audio_rate) {
    if (parameters.audio_rate != 0 && parameters.audio_rate != audio_rate)
        refuse("audio rate", std::to_string(parameters.audio_rate),
               std::to_string(audio_rate).c_str());
    return {audio_rate, map.clock_rate};
}

template <class Interface, class Codec>
std::unique_ptr<Interface> make_mono(const rtpmap& map, const codec_parameters& parameters) {
    if (map.channels != 1) refuse("number of channels", std::to_string(map.channels), "1");
    using codec = std::conditional_t<std::is_same_v<Interface, audio_encoder>, encoder<Codec>,
                                     decoder<Codec>>;
    return std::make_unique<codec>(checked_rates(map, parameters, map.clock_rate));
}

template <class Interface, template <class> class Side>
std::unique_ptr<Interface> make_l16(const rtpmap& map, const codec_parameters& parameters) {
    if (map.channels > 2) refuse("number of channels", std::to_string(map.channels), "1 or 2");
    const codec_rates rates = checked_rates(map, parameters, map.clock_rate);
    if (map.channels == 2) return std::make_unique<Side<l16<2>>>(rates);
    return std::make_unique<Side<l16<1>>>(rates);
}

template <class Interface, class Codec>
std::unique_ptr<Interface> make_g722(const rtpmap& map, const codec_parameters& parameters) {
    if (map.channels != 1) refuse("number of channels", std::to_string(map.channels), "1");
    // RFC 3551 §4.5.2: the clock of 8000 Hz is an error that was kept for compatibility.
    if (map.clock_rate != 8000) refuse("clock rate", std::to_string(map.clock_rate), "8000");
    return std::make_unique<Codec>(checked_rates(map, parameters, 16000));
}

constexpr std::array codecs{
    audio_codec{"PCMU", make_mono<audio_encoder, pcmu>, make_mono<audio_decoder, pcmu>},
    audio_codec{"PCMA", make_mono<audio_encoder, pcma>, make_mono<audio_decoder, pcma>},
    audio_codec{"G722", make_g722<audio_encoder, encoder<g722_sender>>,
                make_g722<audio_decoder, decoder<g722_receiver>>},
    audio_codec{"L16", make_l16<audio_encoder, encoder>, make_l16<audio_decoder, decoder>},
};

} // namespace

std::span<const audio_codec> detail::core_codecs() noexcept { return codecs; }

} // namespace rtpsynth
