#include "audio/recording.hpp"

#include "audio/audio_player.hpp"
#include "capture/capture.hpp"
#include "stream/read_streams.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <filesystem>

namespace replay {
namespace {

bool is_g711(std::uint8_t payload_type) { return payload_type == 0 || payload_type == 8; }

std::uint64_t g711_packets(const stream_summary& s) {
    std::uint64_t n = 0;
    for (const payload_use& use : s.payloads)
        if (is_g711(use.type)) n += use.packets;
    return n;
}

/// The stream to write: the one with \p ssrc if given, otherwise the one with most G.711 packets.
const stream_summary* choose(const std::vector<stream_summary>& streams,
                             std::optional<std::uint32_t> ssrc) {
    const stream_summary* best = nullptr;
    for (const stream_summary& s : streams) {
        if ((ssrc && s.key.ssrc != *ssrc) || g711_packets(s) == 0 || s.encrypted) continue;
        if (!best || g711_packets(s) > g711_packets(*best)) best = &s;
    }
    return best;
}

/// Reads the capture again and plays one stream. The finder decides as in the first pass, so that
/// the audio has the packets that the table counts.
/// \throws common::audio_error, capture_error
audio_summary write_audio(const program_options& options, const stream_key& key,
                          const media_directory& directory, std::uint64_t frames_before) {
    std::error_code ignored;
    for (const std::string& path : {options.wav, audio_writer::part_of(options.wav)})
        if (std::filesystem::equivalent(options.file, path, ignored))
            throw common::audio_error(path + " is the capture itself");
    capture file(options.file);
    audio_player player(options.wav);
    finder_options finding = options.finder;
    finding.resolver.directory = directory;
    finding.heard = [&](const stream_key& other, std::uint8_t type) {
        if (!options.all_ssrcs) return other == key;
        return other.source == key.source && other.destination == key.destination && is_g711(type);
    };
    stream_finder finder(finding, &player);
    frame_report again;
    read_streams(file, finder, again); // errors were reported by the first pass
    if (again.counts.frames != frames_before)
        throw common::audio_error("the capture has changed in the meantime");
    player.finish();
    constexpr double rate = audio_writer::sample_rate;
    return {options.wav,
            key,
            player.streams(),
            static_cast<double>(player.samples()) / rate,
            static_cast<double>(player.silent_samples()) / rate,
            player.shortened()};
}

} // namespace

std::string record_stream(const program_options& options, const media_directory& directory,
                          report& r) {
    const stream_summary* stream = choose(r.streams, options.ssrc);
    const bool encrypted = std::ranges::any_of(
        r.streams, [](const auto& s) { return s.encrypted && g711_packets(s) != 0; });
    const char* clear = encrypted ? " that is not encrypted" : "";
    if (!stream && options.ssrc)
        return std::string("no G.711 stream") + clear + " has SSRC " + ssrc_text(*options.ssrc);
    if (!stream) return std::string("holds no G.711 stream") + clear + " to write";
    try {
        r.wav = write_audio(options, stream->key, directory, r.frames.counts.frames);
        return {};
    } catch (const std::exception& e) {
        return "cannot write " + options.wav + ": " + e.what();
    }
}

} // namespace replay
