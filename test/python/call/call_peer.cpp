// call_peer stream PORT PEER_PORT PLAY RECORD: a voice_stream of PCMU, RTP on PORT and RTCP on the
// next, as is its peer's. PLAY and RECORD are files of raw PCM at 8 kHz, or -.
// call_peer relay PORT_A PEER_A PORT_B PEER_B: an rtp_relay between two peers.
//
// Each says "ready", then reads lines: "play" begins to play PLAY and is answered "played" when all
// of it was sent. At the end of its input it closes with a BYE and writes its counters as JSON.
#include <rtpsynth/asio_server.hpp>

#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

voice_stream::endpoint at(const char* port) {
    return {asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(std::atoi(port))};
}

std::vector<std::int16_t> read_pcm(const std::string& path) {
    std::vector<std::int16_t> pcm;
    std::ifstream in(path, std::ios::binary);
    std::int16_t sample;
    while (in.read(reinterpret_cast<char*>(&sample), sizeof sample)) pcm.push_back(sample);
    return pcm;
}

void counter(const char* name, std::uint64_t value, const char* after = ", ") {
    std::cout << '"' << name << "\": " << value << after;
}

void stream(rtp_server& server, char** argument) {
    std::vector<std::int16_t> recording;
    voice_stream_options options;
    options.channel.bind = at(argument[0]);
    options.channel.kernel_timestamps = true;
    options.peer = at(argument[1]);
    options.rtcp_mux = false;
    options.sender.idle = idle_policy::nothing;
    // A fixed delay, so that nothing is stretched or left out: what is heard is what was sent.
    options.playout.initial_delay = options.playout.min_delay = options.playout.max_delay = 1s;
    options.session.bandwidth = 720'000; // a report every half a second or so
    options.session.reduced_minimum = true;
    options.on_audio = [&](voice_stream&, const audio_tick& tick,
                           std::span<const std::int16_t> pcm) {
        recording.resize(recording.size() + tick.skipped * pcm.size());
        recording.insert(recording.end(), pcm.begin(), pcm.end());
    };
    voice_stream_stats stats;
    {
        voice_stream call(server, options);
        std::cout << "ready" << std::endl;
        const auto pcm = read_pcm(argument[2]);
        for (std::string line; std::getline(std::cin, line);) {
            if (line != "play") continue;
            call.async_play(pcm, 1, asio::use_future).get();
            call.async_drain(asio::use_future).get();
            std::cout << "played" << std::endl;
        }
        stats = call.stats();
        call.close("the end");
    }
    server.shutdown(); // no handler runs from here on
    if (std::string_view(argument[3]) != "-") {
        std::ofstream out(argument[3], std::ios::binary);
        out.write(reinterpret_cast<const char*>(recording.data()),
                  static_cast<std::streamsize>(recording.size() * sizeof recording[0]));
    }
    std::cout << '{';
    counter("sent", stats.rtp.sent);
    counter("received", stats.playout.received);
    counter("concealed", stats.playout.ticks_of(playout_kind::concealed));
    counter("changed", stats.playout.grown + stats.playout.shrunk); // by a pitch period or so
    counter("late", stats.playout.late);
    counter("discarded", stats.playout.discarded);
    counter("duplicate", stats.playout.duplicate);
    counter("overflow", stats.rtp.overflow);
    counter("malformed", stats.malformed);
    counter("rtcp_malformed", stats.session.rtcp_malformed);
    counter("rtcp", stats.session.rtcp_accepted);
    counter("unbelieved_reports", stats.session.unbelieved_reports);
    counter("sources_left", stats.session.sources_left);
    // -1: unknown
    std::cout << "\"round_trip_us\": " << stats.round_trip_time.value_or(-1us) / 1us << "}\n";
}

void relay(rtp_server& server, char** argument) {
    rtp_relay_options options;
    options.a.rtcp_mux = options.b.rtcp_mux = false;
    options.a.channel.bind = at(argument[0]);
    options.a.peer = at(argument[1]);
    options.b.channel.bind = at(argument[2]);
    options.b.peer = at(argument[3]);
    rtp_relay call(server, options);
    std::cout << "ready" << std::endl;
    for (std::string line; std::getline(std::cin, line);) continue;
    std::cout << '{';
    for (const auto leg : {relay_leg::a, relay_leg::b}) {
        const relay_leg_stats stats = call.stats(leg);
        std::cout << (leg == relay_leg::a ? "\"a\": {" : ", \"b\": {");
        counter("received", stats.received);
        counter("forwarded", stats.forwarded);
        counter("rtcp_received", stats.rtcp_received);
        counter("rtcp_forwarded", stats.rtcp_forwarded);
        counter("malformed", stats.malformed + stats.rtcp_malformed, "}");
    }
    std::cout << "}\n";
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 6) return 2;
    rtp_server server({.tick = std::nullopt});
    if (std::string_view(argv[1]) == "stream")
        stream(server, argv + 2);
    else
        relay(server, argv + 2);
    return 0;
}
