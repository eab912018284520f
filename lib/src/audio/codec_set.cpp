#include <rtpsynth/audio/codec_set.hpp>

#include "core_codecs.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace rtpsynth {
namespace {

// The text comes from SDP and is untrusted: a message quotes only its printable beginning.
std::string quoted(std::string_view text) {
    constexpr std::size_t most = max_encoding_name + 16;
    std::string message = "codec \"";
    for (const char c : text.substr(0, most)) message += c >= ' ' && c < 0x7f ? c : '?';
    return message + (text.size() > most ? "…\"" : "\"");
}

template <class Interface>
std::unique_ptr<Interface> make(
    const codec_set& set, std::string_view encoding, const codec_parameters& parameters,
    std::unique_ptr<Interface> (*audio_codec::*maker)(const rtpmap&, const codec_parameters&)) {
    const auto map = parse_rtpmap(encoding);
    if (!map)
        throw std::invalid_argument(quoted(encoding) +
                                    ": not name/clock-rate or name/clock-rate/channels");
    const audio_codec* codec = set.find(map->name);
    if (!codec) throw std::invalid_argument(quoted(encoding) + ": unknown name");
    try {
        return (codec->*maker)(*map, parameters);
    } catch (const std::invalid_argument& e) {
        throw std::invalid_argument(quoted(encoding) + ": " + e.what());
    }
}

} // namespace

codec_set::codec_set() {
    const auto core = detail::core_codecs();
    codecs_.assign(core.begin(), core.end());
}

void codec_set::add(const audio_codec& codec) {
    if (codec.name.empty() || !codec.make_encoder || !codec.make_decoder)
        throw std::invalid_argument(
            "codec_set: name must not be empty, and make_encoder and make_decoder not null");
    const auto same = [&](const audio_codec& other) {
        return same_encoding(other.name, codec.name);
    };
    const auto old = std::find_if(codecs_.begin(), codecs_.end(), same);
    if (old == codecs_.end())
        codecs_.push_back(codec);
    else
        *old = codec;
}

const audio_codec* codec_set::find(std::string_view name) const noexcept {
    const auto same = [&](const audio_codec& codec) { return same_encoding(codec.name, name); };
    const auto found = std::find_if(codecs_.begin(), codecs_.end(), same);
    return found == codecs_.end() ? nullptr : &*found;
}

std::unique_ptr<audio_encoder> codec_set::make_encoder(std::string_view encoding,
                                                       const codec_parameters& parameters) const {
    return make(*this, encoding, parameters, &audio_codec::make_encoder);
}

std::unique_ptr<audio_decoder> codec_set::make_decoder(std::string_view encoding,
                                                       const codec_parameters& parameters) const {
    return make(*this, encoding, parameters, &audio_codec::make_decoder);
}

} // namespace rtpsynth
