/// \file
/// The set of available codecs: the library's own, and those that a component or an application
/// adds.
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

/// Parameters of a codec in addition to its rtpmap.
struct codec_parameters {
    /// The text of `a=fmtp`. An encoder takes that of the receiver's SDP, which states what the
    /// receiver wants. Codecs ignore unknown parameters.
    std::string_view fmtp = {};
    /// Hz; 0: the codec's usual rate. Opus uses 48000 Hz, and also supports 8000, 12000, 16000 and
    /// 24000, which saves a resampler. Other codecs accept 0 or their only rate.
    std::uint32_t audio_rate = 0;
};

/// One codec: the functions that construct its encoder and decoder. They throw
/// std::invalid_argument, whose message names the argument, if the codec does not support the clock
/// rate, the channels or the audio rate.
struct audio_codec {
    std::string_view name; ///< the encoding name, as registered; must outlive the set
    std::unique_ptr<audio_encoder> (*make_encoder)(const rtpmap&, const codec_parameters&);
    std::unique_ptr<audio_decoder> (*make_decoder)(const rtpmap&, const codec_parameters&);
};

/// A set of codecs. It makes encoders and decoders by name.
///
/// \code
/// rtpsynth::codec_set codecs;         // PCMU, PCMA, G722, L16
/// codecs.add(rtpsynth::opus_codec()); // with the component rtpsynth::opus
/// auto decoder = codecs.make_decoder("opus/48000/2");
/// \endcode
///
/// PCMU, PCMA and L16 support any clock rate, which is also their audio rate; G722 supports 8000
/// Hz. L16 supports one or two channels. With two channels, the encoder sends the same audio in
/// both, and the decoder returns their mean.
///
/// Threads: a value type. Any number of threads may use a set at once while none changes it.
class RTPSYNTH_API codec_set {
public:
    /// Contains the codecs of the core: PCMU, PCMA, G722, L16.
    codec_set();

    /// Adds \p codec, or replaces the one of the same name. Throws std::invalid_argument if its
    /// name is empty or a function is null.
    void add(const audio_codec& codec);

    /// The codec with this encoding name, or nullptr.
    const audio_codec* find(std::string_view name) const noexcept;

    /// Makes an encoder of the codec that \p encoding names, such as "PCMU/8000". Throws
    /// std::invalid_argument, which quotes \p encoding, if it is malformed, the codec is not in the
    /// set, or the codec does not support the rate.
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
