/// \file
/// Which codecs there are: the library's own, and those that a component or an application adds.
#pragma once

#include <rtpsynth/audio/codec.hpp>
#include <rtpsynth/rtp/rtpmap.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// What a codec is made with beside its rtpmap.
struct codec_parameters {
    /// The text of `a=fmtp`: for an encoder the receiver's, who wrote down what it wants. A codec
    /// ignores what it does not know.
    std::string_view fmtp = {};
    /// Hz; 0: the codec's usual rate. Opus has audio of 48000 Hz and can do 8000, 12000, 16000 and
    /// 24000, which saves a resampler. For other codecs, 0 or the rate that they have.
    std::uint32_t audio_rate = 0;
};

/// One codec, as functions that make its objects. Both throw std::invalid_argument, whose message
/// names what is wrong, if the codec does not have the clock rate, the channels or the audio rate.
struct audio_codec {
    std::string_view name; ///< the encoding name, as registered; must outlive the set
    std::unique_ptr<audio_encoder> (*make_encoder)(const rtpmap&, const codec_parameters&);
    std::unique_ptr<audio_decoder> (*make_decoder)(const rtpmap&, const codec_parameters&);
};

/// A set of codecs, which makes encoders and decoders by name.
///
/// \code
/// rtpsynth::codec_set codecs;         // PCMU, PCMA, G722, L16
/// codecs.add(rtpsynth::opus_codec()); // with the component rtpsynth::opus
/// auto decoder = codecs.make_decoder("opus/48000/2");
/// \endcode
///
/// PCMU, PCMA and L16 have any clock rate, which is their audio rate, and L16 one or two channels;
/// G722 has 8000 Hz. Where there are two channels, both are sent the same audio, and what is
/// received is the mean of both.
///
/// Threads: a value type. Any number of threads may use a set that none changes.
class RTPSYNTH_API codec_set {
public:
    /// The codecs of the core.
    codec_set();

    /// Adds \p codec, or replaces the one of the same name. Throws std::invalid_argument if its
    /// name is empty or a function is null.
    void add(const audio_codec& codec);

    /// The codec with this encoding name, or nullptr.
    const audio_codec* find(std::string_view name) const noexcept;

    /// Makes an encoder of the codec that \p encoding names, such as "PCMU/8000". Throws
    /// std::invalid_argument, which quotes \p encoding, if it is none, the set does not have the
    /// codec, or the codec not such a rate.
    std::unique_ptr<audio_encoder> make_encoder(std::string_view encoding,
                                                const codec_parameters& parameters = {}) const;
    /// Makes a decoder; see make_encoder().
    std::unique_ptr<audio_decoder> make_decoder(std::string_view encoding,
                                                const codec_parameters& parameters = {}) const;

private:
    std::vector<audio_codec> codecs_;
};

/// \}

} // namespace rtpsynth
