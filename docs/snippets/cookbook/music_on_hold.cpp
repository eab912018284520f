/// \file
/// Cookbook: music on hold. The far phone hears one stream, whoever it comes from.

#include <rtpsynth/audio.hpp>
#include <rtpsynth/base.hpp>
#include <rtpsynth/jitter.hpp>
#include <rtpsynth/rtp.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <iostream>

using namespace rtpsynth;
using namespace std::chrono_literals;

int main() {
    stream_rewriter_options options;
    options.payload_types.set(96, 101); // the phone's number for telephone events
    options.formats.set(96, {8000, payload_kind::event});
    stream_rewriter out(8000, stream_origin::draw(system_random32), options);

    playout phone; // what the far phone does with it
    phone.add_decoder(0, codec_set().make_decoder("PCMU/8000"));
    phone.add_event(101);

    packet_synth agent(8000, 20ms, stream_origin::draw(system_random32));
    packet_synth music(8000, 20ms, stream_origin::draw(system_random32));
    const std::array<std::uint8_t, 160> audio{};
    std::array<std::uint8_t, 172> packet;
    std::array<std::int16_t, 160> heard;
    for (int tick = 0; tick < 900; ++tick) { // 18 s: agent, music, agent
        const time_point now{tick * 20ms};
        if (tick % 300 == 0) out.switch_source();
        packet_synth& source = tick / 300 == 1 ? music : agent;
        if (!source.write(now, {.payload_size = 160, .payload_type = 0}, packet, audio)) return 1;
        const auto outcome = out.rewrite(packet, now);
        if (outcome == stream_rewriter::outcome::switched)
            std::cout << "a new source after " << tick * 20 / 1000 << " s\n";
        if (is_forwarded(outcome) && !phone.insert(packet, now)) return 1; // socket.send(packet)
        phone.pull(now + 5ms, heard);
    }

    const playout_stats s = phone.stats();
    std::cout << s.received << " packets, " << s.ticks_of(playout_kind::concealed)
              << " ticks concealed, " << s.restarts << " restarts\n";
}
