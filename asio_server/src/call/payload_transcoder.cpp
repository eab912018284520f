#include "call/payload_transcoder.hpp"

#include <algorithm>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

constexpr int most_concealed = 5; // packets; afterwards a decoder has faded to silence

} // namespace

payload_transcoder::payload_transcoder(std::unique_ptr<audio_decoder> decoder,
                                       std::shared_ptr<audio_encoder> encoder, bool has_memory)
    : decoder_{std::move(decoder)}, encoder_{std::move(encoder)}, has_memory_{has_memory} {
    if (decoder_->rates().audio == encoder_->rates().audio) return;
    resampler_.emplace(decoder_->rates().audio, encoder_->rates().audio);
    has_memory_ = true;
}

result<payload_transcoder::output> payload_transcoder::convert(
    std::span<const std::uint8_t> payload, std::span<std::uint8_t> storage,
    workspace& work) noexcept {
    // All that can be known is checked before anything changes.
    const auto samples = decoder_->samples(payload);
    if (!samples) return samples.error();
    if (*samples > work.decoded.size()) return errc::buffer_too_small;
    const std::size_t made = resampler_ ? resampler_->output_size(*samples) : *samples;
    if (made > work.resampled.size() || encoder_->max_payload(made) > storage.size())
        return errc::buffer_too_small;

    const auto decoded = decoder_->decode(payload, work.decoded);
    if (!decoded) return decoded.error();
    latest_ = *decoded;
    auto audio = std::span<const std::int16_t>{work.decoded}.first(*decoded);
    if (resampler_) {
        const auto resampled = resampler_->process(audio, work.resampled);
        if (!resampled) return resampled.error();
        audio = std::span<const std::int16_t>{work.resampled}.first(*resampled);
    }
    const auto encoded = encoder_->encode(audio, storage);
    if (!encoded) return encoded.error();
    if (*encoded == 0) return errc::bad_frame_size;
    return output{*encoded, encoder_->rates().to_clock(audio.size())};
}

/// The gap stays a gap: the encoder does not go on, and so its state remains that of a listener who
/// lacks the same packets. Only the decoder may be told.
void payload_transcoder::miss(int packets, workspace& work) noexcept {
    decoder_->interrupt();
    if (!decoder_->conceals()) return;
    for (int i = 0; i != std::min(packets, most_concealed); ++i)
        static_cast<void>(decoder_->conceal(std::span{work.decoded}.first(latest_)));
}

void payload_transcoder::restart() noexcept {
    decoder_->reset();
    if (resampler_) resampler_->reset();
    latest_ = 0;
}

} // namespace rtpsynth::asio_server::detail
