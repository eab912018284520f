#include "media/prompts.hpp"

#include "common/audio_file.hpp"

#include <rtpsynth/audio/codec_set.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <span>
#include <system_error>

namespace relay {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t largest_file = 64 * 1024 * 1024;

struct prompt_codec {
    std::uint8_t payload_type;
    std::string_view name;
    std::uint8_t silence; // a byte of it
};

constexpr std::array<prompt_codec, 3> prompt_codecs{
    {{0, "PCMU/8000", 0xff}, {8, "PCMA/8000", 0xd5}, {9, "G722/8000", 0xfa}}};

const prompt_codec* codec_of(std::string_view payload_type) noexcept {
    unsigned number = 128;
    std::from_chars(payload_type.data(), payload_type.data() + payload_type.size(), number);
    for (const prompt_codec& codec : prompt_codecs)
        if (codec.payload_type == number) return &codec;
    return nullptr;
}

bool is_small_file(const fs::path& path) noexcept {
    std::error_code error;
    return fs::is_regular_file(path, error) && fs::file_size(path, error) <= largest_file && !error;
}

std::vector<std::uint8_t> encoded(const fs::path& path, const prompt_codec& codec) {
    const auto encoder = rtpsynth::codec_set().make_encoder(codec.name);
    const std::size_t samples = encoder->rates().audio / 50;
    auto audio = common::read_audio(path.string(), encoder->rates().audio);
    audio.resize((audio.size() + samples - 1) / samples * samples);
    std::vector<std::uint8_t> payloads(audio.size() / samples * prompt::payload_size);
    for (std::size_t i = 0; i * samples != audio.size(); ++i)
        encoder
            ->encode(std::span(audio).subspan(i * samples, samples),
                     std::span(payloads).subspan(i * prompt::payload_size, prompt::payload_size))
            .value();
    return payloads;
}

} // namespace

prompt_library::prompt_library(const std::optional<fs::path>& directory) {
    if (directory) directory_ = fs::canonical(*directory);
}

std::shared_ptr<const prompt> prompt_library::load(const fs::path& path, std::uint8_t type) {
    const prompt_codec& codec = *std::find_if(prompt_codecs.begin(), prompt_codecs.end(),
                                              [&](auto& c) { return c.payload_type == type; });
    auto made = std::make_shared<prompt>();
    made->payload_type = type;
    const fs::path raw(path.string() + '.' + std::to_string(type)), wav(path.string() + ".wav");
    if (is_small_file(raw)) {
        std::ifstream file(raw, std::ios::binary);
        made->payloads.assign(std::istreambuf_iterator<char>(file), {});
        const std::size_t packets =
            (made->payloads.size() + prompt::payload_size - 1) / prompt::payload_size;
        made->payloads.resize(packets * prompt::payload_size, codec.silence);
    } else if (is_small_file(path)) {
        made->payloads = encoded(path, codec);
    } else if (is_small_file(wav)) {
        made->payloads = encoded(wav, codec);
    }
    return made->payloads.empty() ? nullptr : made;
}

std::shared_ptr<const prompt> prompt_library::find(std::string_view name, std::string_view codecs) {
    if (!directory_) return nullptr;
    std::error_code error;
    const fs::path path = fs::weakly_canonical(*directory_ / fs::path(name), error);
    const fs::path inside = path.lexically_relative(*directory_);
    if (error || inside.empty() || *inside.begin() == ".." || inside == ".") return nullptr;
    if (codecs.empty()) codecs = "0";
    while (!codecs.empty()) {
        const std::size_t comma = codecs.find(',');
        const prompt_codec* codec = codec_of(codecs.substr(0, comma));
        codecs.remove_prefix(comma == codecs.npos ? codecs.size() : comma + 1);
        if (!codec) continue;
        const std::string key = path.string() + '.' + std::to_string(codec->payload_type);
        const auto played = played_.find(key);
        if (played != played_.end())
            if (auto kept = played->second.lock()) return kept;
        try {
            if (auto made = load(path, codec->payload_type)) {
                std::erase_if(played_, [](const auto& each) { return each.second.expired(); });
                played_[key] = made;
                return made;
            }
        } catch (const common::audio_error&) { // not audio: there may be another codec's file
        }
    }
    return nullptr;
}

} // namespace relay
