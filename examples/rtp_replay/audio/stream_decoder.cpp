#include "audio/stream_decoder.hpp"

#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/audio/packet_loss_concealer.hpp>
#ifdef RTPSYNTH_HAS_OPUS
#    include <rtpsynth/audio/opus.hpp>
#endif

#include <stdexcept>
#include <string>
#include <utility>

namespace replay {
namespace {

const rtpsynth::codec_set& codecs() {
    static const rtpsynth::codec_set all = [] {
        rtpsynth::codec_set set;
#ifdef RTPSYNTH_HAS_OPUS
        set.add(rtpsynth::opus_codec());
#endif
        return set;
    }();
    return all;
}

} // namespace

std::unique_ptr<rtpsynth::audio_decoder> decoder_of(const payload_use& use) {
    const std::string name = use.name();
    if (use.is_event() || use.format.clock_rate == 0 || !codecs().find(name)) return nullptr;
    std::string encoding = name + '/' + std::to_string(use.format.clock_rate);
    if (use.channels != 1) encoding += '/' + std::to_string(use.channels);
    try {
        auto decoder = codecs().make_decoder(encoding);
        const std::uint32_t rate = decoder->rates().audio;
        using rtpsynth::packet_loss_concealer;
        const bool is_played =
            rate >= packet_loss_concealer::min_rate && rate <= packet_loss_concealer::max_rate;
        return is_played ? std::move(decoder) : nullptr;
    } catch (const std::invalid_argument&) {
        return nullptr; // a rate or a number of channels that the codec does not have
    }
}

std::uint32_t audio_rate_of(const payload_use& use) {
    const auto decoder = decoder_of(use);
    return decoder ? decoder->rates().audio : 0;
}

} // namespace replay
