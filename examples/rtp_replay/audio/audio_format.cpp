#include "audio/audio_format.hpp"

#include <boost/algorithm/string/predicate.hpp>

#include <sndfile.h>

#include <filesystem>
#include <stdexcept>

namespace replay {
namespace {

/// Sizes are 32-bit numbers, and include headers and padding.
constexpr std::uint64_t four_gib = (std::uint64_t{0xffff'ffff} - 4096) / 2;

constexpr audio_format wav{SF_FORMAT_WAV | SF_FORMAT_PCM_16, "WAV", four_gib};
constexpr audio_format flac{SF_FORMAT_FLAC | SF_FORMAT_PCM_16, "FLAC", (1ULL << 36) - 1};
constexpr audio_format au{SF_FORMAT_AU | SF_FORMAT_PCM_16, "AU", four_gib};
constexpr audio_format aiff{SF_FORMAT_AIFF | SF_FORMAT_PCM_16, "AIFF", four_gib};

constexpr struct {
    const char* extension;
    const audio_format& format;
} extensions[] = {{"", wav},    {".wav", wav},  {".flac", flac}, {".au", au},
                  {".snd", au}, {".aif", aiff}, {".aiff", aiff}};

} // namespace

const audio_format& format_named(const std::string& path) {
    const std::string asked = std::filesystem::path(path).extension().string();
    std::string known;
    for (const auto& [extension, format] : extensions) {
        if (boost::algorithm::iequals(asked, extension)) return format;
        if (*extension != '\0') known += (known.empty() ? "" : ", ") + std::string(extension);
    }
    throw std::invalid_argument("'" + path + "' has an unknown extension; known are " + known);
}

} // namespace replay
