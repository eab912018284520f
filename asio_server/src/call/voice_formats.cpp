#include "call/voice_stream_impl.hpp"

#include <rtpsynth/rtp/rtpmap.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace rtpsynth::asio_server::detail {

std::uint8_t voice_formats::type_of(const voice_codec& codec) {
    if (codec.payload_type) {
        if (*codec.payload_type > 127)
            throw std::invalid_argument("voice_stream: payload_type of " + codec.encoding +
                                        " must be 0..127");
        return *codec.payload_type;
    }
    if (const auto map = parse_rtpmap(codec.encoding))
        if (const auto type = static_payload_type(*map)) return *type;
    throw std::invalid_argument("voice_stream: payload_type of " + codec.encoding +
                                " must be given, since it has no static one");
}

voice_formats::voice_formats(const voice_stream_options& options, codec_rates rates)
    : event_type{options.event_type}, noise_type{options.noise_type} {
    const auto add = [this](std::uint8_t type, payload_format format) {
        if (of(type, format.clock_rate).clock_rate != 0)
            throw std::invalid_argument("voice_stream: payload type " + std::to_string(type) +
                                        " is given twice");
        set(type, format);
    };
    for (const voice_codec& codec : options.codecs) {
        const auto map = parse_rtpmap(codec.encoding);
        if (!map)
            throw std::invalid_argument("voice_stream: encoding '" + codec.encoding +
                                        "' is no rtpmap");
        add(type_of(codec), {map->clock_rate, payload_kind::media});
    }
    for (const auto& [type, name] :
         {std::pair{event_type, "event_type"}, std::pair{noise_type, "noise_type"}})
        if (type && *type > 127)
            throw std::invalid_argument(std::string{"voice_stream: "} + name + " must be 0..127");
    if (event_type) add(*event_type, {rates.clock, payload_kind::event});
    if (noise_type) add(*noise_type, {rates.clock, payload_kind::comfort_noise});
}

payload_format voice_formats::of(std::uint8_t payload_type,
                                 std::uint32_t clock_of_audio) const noexcept {
    for (const auto& [type, format] : all)
        if (type == payload_type)
            return format.kind == payload_kind::media ? format
                                                      : payload_format{clock_of_audio, format.kind};
    return {};
}

codec_impairment voice_formats::impairment(const voice_codec& codec) {
    const auto map = parse_rtpmap(codec.encoding);
    return map ? impairment_of(map->name).value_or(codec_impairment{}) : codec_impairment{};
}

void voice_formats::set(std::uint8_t payload_type, payload_format format) {
    const auto same = [=](const auto& known) { return known.first == payload_type; };
    if (const auto known = std::find_if(all.begin(), all.end(), same); known != all.end())
        known->second = format;
    else
        all.emplace_back(payload_type, format);
}

} // namespace rtpsynth::asio_server::detail
