/// \file
/// rtp_replay: the RTP streams of a capture, through receiver statistics and a jitter buffer.

#include "audio/wav_player.hpp"
#include "capture/capture.hpp"
#include "common/command_line.hpp"
#include "common/progress_bar.hpp"
#include "network/dissector.hpp"
#include "options.hpp"
#include "report/report.hpp"
#include "report/report_json.hpp"
#include "report/report_table.hpp"
#include "stream/stream_finder.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string_view>

namespace {

constexpr std::string_view program = "rtp_replay";

using namespace replay;

constexpr std::uint64_t many_bytes = 16 * 1024 * 1024; // less is read before the eye sees a bar

/// Takes what a capture holds to where RTP is looked for.
class finder_feed final : public packet_listener {
public:
    explicit finder_feed(stream_finder& finder) : finder_(finder) {}

    void packet(const udp_packet& packet, rtpsynth::time_point arrival) override {
        finder_.add(packet, arrival);
    }
    void sip_bytes(const endpoint& source, const endpoint& destination, byte_span bytes,
                   rtpsynth::time_point arrival) override {
        finder_.add_tcp(source, destination, bytes, arrival);
    }

private:
    stream_finder& finder_;
};

/// Feeds every frame of \p file to \p frames. Throws capture_error where the file ends early.
void read_all(capture& file, dissector& frames) {
    common::progress_bar progress(file.size() >= many_bytes);
    while (const auto frame = file.next()) {
        if (progress.shown() && frames.counts().frames % 1024 == 0)
            progress.update(static_cast<double>(file.position()) /
                            static_cast<double>(file.size()));
        frames.add(*frame);
    }
}

/// The same to the end of what can be read, and a word on what cannot.
std::string read_what_is_there(capture& file, stream_finder& finder, frame_report& told) {
    finder_feed feed(finder);
    dissector frames(feed);
    std::string error;
    try {
        read_all(file, frames);
    } catch (const capture_error& e) {
        error =
            "ends early, after " + std::to_string(frames.counts().frames) + " frames: " + e.what();
    }
    frames.finish();
    finder.finish();
    told = {frames.counts(), frames.unknown_link_types()};
    return error;
}

bool is_g711(std::uint8_t payload_type) { return payload_type == 0 || payload_type == 8; }

std::uint64_t g711_packets(const stream_summary& s) {
    std::uint64_t n = 0;
    for (const payload_use& use : s.payloads)
        if (is_g711(use.type)) n += use.packets;
    return n;
}

/// The stream to write: the one asked for, or the one with most G.711 packets.
const stream_summary* choose(const std::vector<stream_summary>& streams,
                             std::optional<std::uint32_t> ssrc) {
    const stream_summary* best = nullptr;
    for (const stream_summary& s : streams) {
        if ((ssrc && s.key.ssrc != *ssrc) || g711_packets(s) == 0 || s.encrypted) continue;
        if (!best || g711_packets(s) > g711_packets(*best)) best = &s;
    }
    return best;
}

/// Reads the capture once more, to play one stream. The finder decides as it did the first time, so
/// what is heard is what the table counts. Throws wav_error, capture_error.
wav_summary write_wav(const program_options& options, const stream_key& key,
                      const media_directory& directory, std::uint64_t frames_before) {
    std::error_code ignored;
    for (const std::string& path : {options.wav, wav_writer::part_of(options.wav)})
        if (std::filesystem::equivalent(options.file, path, ignored))
            throw wav_error(path + " is the capture itself");
    capture file(options.file);
    wav_player player(options.wav);
    finder_options finding = options.finder;
    finding.resolver.directory = directory;
    finding.heard = [&](const stream_key& other, std::uint8_t type) {
        if (!options.all_ssrcs) return other == key;
        return other.source == key.source && other.destination == key.destination && is_g711(type);
    };
    stream_finder finder(finding, &player);
    frame_report again;
    read_what_is_there(file, finder, again); // what is wrong with it has been said before
    if (again.counts.frames != frames_before) throw wav_error("the capture has changed meanwhile");
    player.finish();
    constexpr double rate = wav_writer::sample_rate;
    return {options.wav,
            key,
            player.streams(),
            static_cast<double>(player.samples()) / rate,
            static_cast<double>(player.silent_samples()) / rate,
            player.shortened()};
}

/// Returns what went wrong, which leaves the report as good as it is.
std::string try_wav(const program_options& options, const media_directory& directory, report& r) {
    const stream_summary* stream = choose(r.streams, options.ssrc);
    const bool encrypted = std::ranges::any_of(
        r.streams, [](const auto& s) { return s.encrypted && g711_packets(s) != 0; });
    const char* clear = encrypted ? " that is not encrypted" : "";
    if (!stream && options.ssrc)
        return std::string("no G.711 stream") + clear + " has SSRC " + ssrc_text(*options.ssrc);
    if (!stream) return std::string("holds no G.711 stream") + clear + " to write as WAV";
    try {
        r.wav = write_wav(options, stream->key, directory, r.frames.counts.frames);
        return {};
    } catch (const std::exception& e) {
        return "cannot write " + options.wav + ": " + e.what();
    }
}

/// Reads the capture once more if SDP came after the packets it is about, which the first reading
/// could not know. Returns what is known of media addresses.
media_directory tell_streams(const program_options& options, const stream_finder& first,
                             report& r) {
    tell(first, r);
    media_directory directory = first.directory();
    std::error_code ignored;
    if (!first.learnt_late() || options.file == "-" ||
        !std::filesystem::is_regular_file(options.file, ignored))
        return directory;
    finder_options finding = options.finder;
    finding.resolver.directory = directory;
    stream_finder again(finding);
    capture file(options.file);
    frame_report told;
    read_what_is_there(file, again, told); // what is wrong with it has been said before
    if (told.counts.frames == r.frames.counts.frames) tell(again, r);
    return directory;
}

/// Throws capture_error if the capture cannot be opened.
void examine(const program_options& options, report& r) {
    capture file(options.file);
    stream_finder finder(options.finder);
    r.error = read_what_is_there(file, finder, r.frames);
    const media_directory directory = tell_streams(options, finder, r);

    if (r.streams.empty() && r.error.empty())
        r.error =
            options.finder.ports.empty()
                ? "holds no RTP that proves itself by three packets that fit together; --port PORT "
                  "takes what is there"
                : "holds no RTP on the ports given";
    if (!options.wav.empty() && !r.streams.empty()) {
        const std::string error = try_wav(options, directory, r);
        if (!error.empty()) r.error += (r.error.empty() ? "" : "; ") + error;
    }
}

/// Returns the exit status.
int run(const program_options& options) {
    report r;
    r.file = options.file;
    bool examined = false;
    try {
        examine(options, r);
        examined = true;
    } catch (const std::exception& e) {
        r.error = e.what();
    }
    if (options.json)
        print_json(std::cout, r);
    else if (examined)
        print_table(std::cout, r, isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR"));
    const bool complete = common::output_complete(program);
    if (!r.error.empty()) std::cerr << "rtp_replay: " << options.file << ": " << r.error << '\n';
    return r.error.empty() && complete ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    return common::run_program(program, argc, argv, parse_options, run);
}
