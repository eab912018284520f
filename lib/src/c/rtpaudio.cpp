#include <rtpaudio.h>

#include "result.hpp"

#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/audio/comfort_noise.hpp>
#include <rtpsynth/audio/packet_loss_concealer.hpp>
#include <rtpsynth/audio/resampler.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>

using namespace rtpsynth;

struct rtpaudio_encoder {
    std::unique_ptr<audio_encoder> codec;
};
struct rtpaudio_decoder {
    std::unique_ptr<audio_decoder> codec;
};
struct rtpaudio_resampler : resampler {
    using resampler::resampler;
};
struct rtpaudio_concealer : packet_loss_concealer {
    using packet_loss_concealer::packet_loss_concealer;
};
struct rtpaudio_noise_generator : comfort_noise_generator {
    using comfort_noise_generator::comfort_noise_generator;
};

static_assert(RTPAUDIO_LOW == static_cast<int>(resampler_quality::low));
static_assert(RTPAUDIO_STANDARD == static_cast<int>(resampler_quality::standard));
static_assert(RTPAUDIO_HIGH == static_cast<int>(resampler_quality::high));
static_assert(sizeof(rtpaudio_noise::coefficients) == comfort_noise::max_order);

namespace {

void tell(rtpaudio_rates* to, codec_rates rates) noexcept {
    if (to != nullptr) *to = {rates.audio, rates.clock};
}

comfort_noise noise_of(const rtpaudio_noise& c) noexcept {
    comfort_noise noise{.level = c.level, .order = c.order};
    std::copy(std::begin(c.coefficients), std::end(c.coefficients), noise.coefficients.begin());
    return noise;
}

} // namespace

rtpaudio_encoder* rtpaudio_encoder_ctor(const char* encoding, rtpaudio_rates* rates) {
    if (encoding == nullptr) return nullptr;
    return detail::made_or_null([&] {
        auto* const encoder = new rtpaudio_encoder{codec_set().make_encoder(encoding)};
        tell(rates, encoder->codec->rates());
        return encoder;
    });
}

void rtpaudio_encoder_dtor(rtpaudio_encoder* encoder) { delete encoder; }

long rtpaudio_encoder_encode(rtpaudio_encoder* encoder, const int16_t* pcm, size_t n,
                             unsigned char* payload, size_t room) {
    if (encoder == nullptr || !detail::is_array(pcm, n) || !detail::is_array(payload, room))
        return RTPAUDIO_EINVAL;
    return detail::size_or_code(encoder->codec->encode({pcm, n}, detail::storage(payload, room)));
}

void rtpaudio_encoder_reset(rtpaudio_encoder* encoder) {
    if (encoder != nullptr) encoder->codec->reset();
}

rtpaudio_decoder* rtpaudio_decoder_ctor(const char* encoding, rtpaudio_rates* rates) {
    if (encoding == nullptr) return nullptr;
    return detail::made_or_null([&] {
        auto* const decoder = new rtpaudio_decoder{codec_set().make_decoder(encoding)};
        tell(rates, decoder->codec->rates());
        return decoder;
    });
}

void rtpaudio_decoder_dtor(rtpaudio_decoder* decoder) { delete decoder; }

long rtpaudio_decoder_samples(const rtpaudio_decoder* decoder, const unsigned char* payload,
                              size_t size) {
    if (decoder == nullptr || !detail::is_array(payload, size)) return RTPAUDIO_EINVAL;
    return detail::size_or_code(decoder->codec->samples({payload, size}));
}

long rtpaudio_decoder_decode(rtpaudio_decoder* decoder, const unsigned char* payload, size_t size,
                             int16_t* pcm, size_t room) {
    if (decoder == nullptr || !detail::is_array(payload, size) || !detail::is_array(pcm, room))
        return RTPAUDIO_EINVAL;
    return detail::size_or_code(
        decoder->codec->decode({payload, size}, detail::storage(pcm, room)));
}

void rtpaudio_decoder_reset(rtpaudio_decoder* decoder) {
    if (decoder != nullptr) decoder->codec->reset();
}

rtpaudio_resampler* rtpaudio_resampler_ctor(uint32_t in_rate, uint32_t out_rate, int quality) {
    if (quality < RTPAUDIO_LOW || quality > RTPAUDIO_HIGH) return nullptr;
    return detail::made_or_null([&] {
        return new rtpaudio_resampler(in_rate, out_rate, static_cast<resampler_quality>(quality));
    });
}

rtpaudio_resampler* rtpaudio_resampler_copy(const rtpaudio_resampler* resampler) {
    if (resampler == nullptr) return nullptr;
    return detail::made_or_null([&] { return new rtpaudio_resampler(*resampler); });
}

void rtpaudio_resampler_dtor(rtpaudio_resampler* resampler) { delete resampler; }

size_t rtpaudio_resampler_output_size(const rtpaudio_resampler* resampler, size_t n) {
    return resampler != nullptr ? resampler->output_size(n) : 0;
}

long rtpaudio_resampler_process(rtpaudio_resampler* resampler, const int16_t* in, size_t n,
                                int16_t* out, size_t room) {
    if (resampler == nullptr || !detail::is_array(in, n) || !detail::is_array(out, room))
        return RTPAUDIO_EINVAL;
    return detail::size_or_code(resampler->process({in, n}, detail::storage(out, room)));
}

long rtpaudio_resampler_flush(rtpaudio_resampler* resampler, int16_t* out, size_t room) {
    if (resampler == nullptr || !detail::is_array(out, room)) return RTPAUDIO_EINVAL;
    return detail::size_or_code(resampler->flush(detail::storage(out, room)));
}

void rtpaudio_resampler_reset(rtpaudio_resampler* resampler) {
    if (resampler != nullptr) resampler->reset();
}

size_t rtpaudio_resampler_delay(const rtpaudio_resampler* resampler) {
    return resampler != nullptr ? resampler->delay_samples() : 0;
}

rtpaudio_concealer* rtpaudio_concealer_ctor(uint32_t rate) {
    return detail::made_or_null([&] { return new rtpaudio_concealer(rate); });
}

void rtpaudio_concealer_dtor(rtpaudio_concealer* concealer) { delete concealer; }

void rtpaudio_concealer_receive(rtpaudio_concealer* concealer, int16_t* pcm, size_t n) {
    if (concealer != nullptr && pcm != nullptr) concealer->receive({pcm, n});
}

void rtpaudio_concealer_conceal(rtpaudio_concealer* concealer, int16_t* pcm, size_t n,
                                const int16_t* next, size_t next_n) {
    if (concealer == nullptr)
        detail::silence(pcm, n);
    else if (pcm != nullptr && next != nullptr)
        concealer->conceal({pcm, n}, {next, next_n});
    else if (pcm != nullptr)
        concealer->conceal({pcm, n});
}

void rtpaudio_concealer_interrupt(rtpaudio_concealer* concealer) {
    if (concealer != nullptr) concealer->interrupt();
}

void rtpaudio_concealer_reset(rtpaudio_concealer* concealer) {
    if (concealer != nullptr) concealer->reset();
}

int rtpaudio_noise_parse(const unsigned char* payload, size_t size, rtpaudio_noise* noise) {
    if (noise == nullptr || !detail::is_array(payload, size)) return RTPAUDIO_EINVAL;
    const auto parsed = comfort_noise::parse({payload, size});
    if (!parsed) return RTPAUDIO_EPAYLOAD;
    *noise = {.level = parsed->level, .order = parsed->order, .coefficients = {}};
    std::copy(parsed->coefficients.begin(), parsed->coefficients.end(), noise->coefficients);
    return RTPAUDIO_OK;
}

int rtpaudio_noise_store(const rtpaudio_noise* noise, unsigned char* payload, size_t room) {
    if (noise == nullptr || !detail::is_array(payload, room)) return RTPAUDIO_EINVAL;
    return static_cast<int>(
        detail::size_or_code(noise_of(*noise).store(detail::storage(payload, room))));
}

uint8_t rtpaudio_noise_level(const int16_t* pcm, size_t n) {
    return noise_level({pcm, pcm != nullptr ? n : 0});
}

rtpaudio_noise_generator* rtpaudio_noise_generator_ctor(uint64_t seed) {
    return detail::made_or_null([&] { return new rtpaudio_noise_generator(seed); });
}

void rtpaudio_noise_generator_dtor(rtpaudio_noise_generator* generator) { delete generator; }

void rtpaudio_noise_generator_set(rtpaudio_noise_generator* generator,
                                  const rtpaudio_noise* noise) {
    if (generator != nullptr && noise != nullptr) generator->set(noise_of(*noise));
}

void rtpaudio_noise_generator_generate(rtpaudio_noise_generator* generator, int16_t* pcm,
                                       size_t n) {
    if (generator == nullptr)
        detail::silence(pcm, n);
    else if (pcm != nullptr)
        generator->generate({pcm, n});
}
