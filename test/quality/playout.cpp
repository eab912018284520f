// Plays a call through a playout buffer, in virtual time.
//
//     quality_playout BUFFER SETTING TICK speech.raw trace out.raw heard
//
// speech.raw is 16-bit PCM of 8 kHz, sent as PCMU in packets of 20 ms with sequence numbers from 0.
// `trace` has a line for each: when it arrived, in microseconds after the call began, or "-". Audio
// is pulled every TICK ms, into out.raw. `heard` has a line for each packet that was heard: its
// number, and when its first sample was pulled.
#include "playout.hpp"

#include "files.hpp"

#include <rtpsynth/audio/g711.hpp>
#include <rtpsynth/rtp/builder.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

struct arrival {
    std::int64_t at; // us
    std::uint16_t seq;
};

std::vector<arrival> read_trace(const char* name) {
    std::istringstream lines(quality::read_text(name));
    std::vector<arrival> arrivals;
    std::uint16_t seq = 0;
    for (std::string line; std::getline(lines, line); ++seq)
        if (line != "-") arrivals.push_back({std::stoll(line), seq});
    std::stable_sort(arrivals.begin(), arrivals.end(),
                     [](const arrival& a, const arrival& b) { return a.at < b.at; });
    return arrivals;
}

std::vector<std::uint8_t> packet(std::span<const std::int16_t> speech, std::uint16_t seq) {
    const std::uint32_t timestamp = seq * quality::packet_samples;
    std::vector<std::uint8_t> bytes{0x80, static_cast<std::uint8_t>(seq == 0 ? 0x80 : 0),
                                    static_cast<std::uint8_t>(seq >> 8),
                                    static_cast<std::uint8_t>(seq)};
    for (const std::uint32_t word : {timestamp, 0x5eed0001U})
        for (int shift = 24; shift >= 0; shift -= 8)
            bytes.push_back(static_cast<std::uint8_t>(word >> shift));
    for (const std::int16_t x : speech.subspan(timestamp, quality::packet_samples))
        bytes.push_back(rtpsynth::ulaw_encode(x));
    return bytes;
}

std::unique_ptr<quality::buffer> make(std::string_view name, double setting) {
    if (name == "adaptive") return quality::make_own_adaptive(setting);
    if (name == "fixed") return quality::make_own_fixed(setting);
#if QUALITY_HAS_SPANDSP
    if (name == "spandsp") return quality::make_spandsp(setting);
#endif
#if QUALITY_HAS_NETEQ
    if (name == "neteq") return quality::make_neteq(setting);
#endif
#if QUALITY_HAS_GSTREAMER
    if (name == "gstreamer") return quality::make_gstreamer(setting);
#endif
    throw std::invalid_argument("no such buffer: " + std::string(name));
}

void run(char** argv) {
    const auto buffer = make(argv[1], std::stod(argv[2]));
    const int tick_ms = std::stoi(argv[3]);
    const auto speech = quality::read_samples(argv[4]);
    const auto arrivals = read_trace(argv[5]);
    if (arrivals.empty() || tick_ms < 1 || tick_ms > 120)
        throw std::invalid_argument("no packets, or no such tick");
    const std::int64_t tick = std::int64_t{1000} * tick_ms;
    const std::int64_t end = arrivals.back().at + 2'000'000;
    std::vector<std::int16_t> played, pcm(static_cast<std::size_t>(tick_ms) * 8);
    auto next = arrivals.begin();
    for (std::int64_t now = 0; now < end; now += tick) {
        for (; next != arrivals.end() && next->at <= now; ++next) {
            const auto bytes = packet(speech, next->seq);
            buffer->insert(rtpsynth::rtp_packet_view::parse(bytes).value(), next->at);
        }
        buffer->pull(now, pcm);
        played.insert(played.end(), pcm.begin(), pcm.end());
    }
    quality::write_samples(argv[6], played);
    std::ofstream heard(argv[7]);
    for (const auto& h : buffer->heard) heard << h.seq << ' ' << h.pulled << '\n';
    if (!heard.flush()) throw std::runtime_error(std::string("cannot write ") + argv[7]);
}

} // namespace

int main(int argc, char** argv) try {
    if (argc != 8) {
        std::fputs("usage: quality_playout BUFFER SETTING TICK speech.raw trace out.raw heard\n",
                   stderr);
        return 2;
    }
    run(argv);
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "quality_playout: %s\n", e.what());
    return 1;
}
