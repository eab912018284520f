#include "audio/recording.hpp"

#include "audio/audio_player.hpp"
#include "audio/heard_audio.hpp"
#include "audio/stream_decoder.hpp"
#include "capture/capture.hpp"
#include "stream/read_streams.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <utility>

namespace replay {
namespace {

bool is_g711(std::uint8_t payload_type) { return payload_type == 0 || payload_type == 8; }

/// What can be written of a stream: its packets with audio that there is a decoder for, as heard;
/// of G.711, as sent.
std::uint64_t audible_packets(const stream_summary& s, bool as_sent) {
    std::uint64_t n = 0;
    for (const payload_use& use : s.payloads)
        if (as_sent ? is_g711(use.type) : audio_rate_of(use) != 0) n += use.packets;
    return n;
}

/// The stream to write: the one with \p ssrc if given, otherwise the one with most packets.
const stream_summary* choose(const std::vector<stream_summary>& streams,
                             const program_options& options) {
    const stream_summary* best = nullptr;
    std::uint64_t most = 0;
    for (const stream_summary& s : streams) {
        if ((options.ssrc && s.key.ssrc != *options.ssrc) || s.encrypted) continue;
        const std::uint64_t packets = audible_packets(s, options.as_sent);
        if (packets > most) {
            best = &s;
            most = packets;
        }
    }
    return best;
}

bool is_same_path(const stream_key& a, const stream_key& b) {
    return a.source == b.source && a.destination == b.destination;
}
bool is_reverse_path(const stream_key& a, const stream_key& b) {
    return a.source == b.destination && a.destination == b.source;
}

/// The streams that are not encrypted.
std::set<stream_key> clear_streams(const report& r) {
    std::set<stream_key> clear;
    for (const stream_summary& s : r.streams)
        if (!s.encrypted) clear.insert(s.key);
    return clear;
}

/// Reads the capture again and plays streams of it. The finder decides as in the first pass, so
/// that the audio has the packets that the table counts.
/// \throws common::audio_error, capture_error
void read_again(const program_options& options, const media_directory& directory,
                std::uint64_t frames_before,
                std::function<playout_listener*(const stream_key&, std::uint8_t)> listener_of) {
    capture file(options.file);
    finder_options finding = options.finder;
    finding.resolver.directory = directory;
    finding.listener_of = std::move(listener_of);
    stream_finder finder(finding);
    frame_report again;
    read_streams(file, finder, again); // errors were reported by the first pass
    if (again.counts.frames != frames_before)
        throw common::audio_error("the capture has changed in the meantime");
}

audio_summary write_as_sent(const program_options& options, const stream_key& key,
                            const media_directory& directory, const report& r) {
    audio_player player(options.wav);
    const std::set<stream_key> clear = clear_streams(r);
    read_again(options, directory, r.frames.counts.frames,
               [&](const stream_key& other, std::uint8_t type) -> playout_listener* {
                   const bool is_wanted =
                       options.all_ssrcs ? is_same_path(other, key) && is_g711(type) : other == key;
                   return is_wanted && clear.contains(other) ? &player : nullptr;
               });
    player.finish();
    constexpr double rate = audio_player::sample_rate;
    audio_summary s;
    s.as_sent = true;
    s.rate = audio_player::sample_rate;
    s.streams = player.streams();
    s.duration_s = static_cast<double>(player.samples()) / rate;
    s.silence_s = static_cast<double>(player.silent_samples()) / rate;
    s.shortened = player.shortened();
    return s;
}

audio_summary write_as_heard(const program_options& options, const stream_summary& chosen,
                             const media_directory& directory, const report& r) {
    const std::set<stream_key> clear = clear_streams(r);
    // Who is written to which channel.
    const auto channel_of = [&](const stream_key& key) -> std::optional<unsigned> {
        if (!clear.contains(key)) return std::nullopt;
        if (key == chosen.key || (options.all_ssrcs && is_same_path(key, chosen.key))) return 0;
        if (options.stereo && is_reverse_path(key, chosen.key)) return 1;
        return std::nullopt;
    };
    audio_summary s;
    for (const stream_summary& other : r.streams) {
        if (!channel_of(other.key)) continue;
        for (const payload_use& use : other.payloads) s.rate = std::max(s.rate, audio_rate_of(use));
    }
    heard_audio audio(options.wav, s.rate, options.stereo ? 2 : 1);
    read_again(options, directory, r.frames.counts.frames,
               [&](const stream_key& key, std::uint8_t) -> playout_listener* {
                   const auto channel = channel_of(key);
                   return channel ? &audio.channel(*channel) : nullptr;
               });
    audio.finish();
    s.channels = options.stereo ? 2 : 1;
    s.streams = audio.streams();
    s.duration_s = audio.duration_s();
    s.concealed_s = audio.concealed_s();
    s.silence_s = audio.silence_s();
    s.shortened = audio.shortened();
    return s;
}

} // namespace

std::string record_stream(const program_options& options, const media_directory& directory,
                          report& r) {
    const stream_summary* stream = choose(r.streams, options);
    const bool encrypted = std::ranges::any_of(r.streams, [&](const auto& s) {
        return s.encrypted && audible_packets(s, options.as_sent) != 0;
    });
    const std::string what = std::string(encrypted ? "unencrypted " : "") + "stream of " +
                             (options.as_sent ? "G.711" : "PCMU, PCMA, G722, L16 or opus");
    if (!stream && options.ssrc) return "no " + what + " has SSRC " + ssrc_text(*options.ssrc);
    if (!stream) return "holds no " + what + " to write";
    try {
        std::error_code ignored;
        for (const std::string& path : {options.wav, audio_writer::part_of(options.wav)})
            if (std::filesystem::equivalent(options.file, path, ignored))
                throw common::audio_error(path + " is the capture itself");
        audio_summary written = options.as_sent ? write_as_sent(options, stream->key, directory, r)
                                                : write_as_heard(options, *stream, directory, r);
        written.file = options.wav;
        written.key = stream->key;
        r.wav = written;
        return {};
    } catch (const std::exception& e) {
        return "cannot write " + options.wav + ": " + e.what();
    }
}

} // namespace replay
