/// \file
/// Cookbook: from packets, as a network brings them, to gapless audio.

#include <rtpsynth/audio.hpp>
#include <rtpsynth/jitter.hpp>
#include <rtpsynth/rtp.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iostream>

using namespace rtpsynth;
using namespace std::chrono_literals;

int main() {
    const codec_set codecs;
    playout call({.rate = 24000}); // of the audio, whatever the codecs have
    call.add_decoder(0, codecs.make_decoder("PCMU/8000"));
    call.add_decoder(9, codecs.make_decoder("G722/8000"));
    call.add_comfort_noise(13);
    call.add_event(101);

    const auto encoder = codecs.make_encoder("PCMU/8000");
    packet_synth sender(8000, 20ms, {.ssrc = 1});
    std::array<std::int16_t, 160> said;
    std::array<std::uint8_t, 160> payload;
    std::array<std::uint8_t, 172> packet;
    std::array<std::int16_t, 480> heard; // 20 ms
    for (int tick = 0; tick < 100; ++tick) {
        for (int i = 0; i < 160; ++i)
            said[static_cast<std::size_t>(i)] =
                static_cast<std::int16_t>(8000 * std::sin(0.2 * (tick * 160 + i)));
        const time_point now{tick * 20ms};
        if (!encoder->encode(said, payload) ||
            !sender.write(now, {.payload_size = 160, .payload_type = 0}, packet, payload))
            return 1;
        if (tick % 20 != 7) // every twentieth packet is lost
            if (const auto done = call.insert(packet, now); !done)
                std::cout << "no RTP: " << make_error_code(done.error()).message() << '\n';
        call.pull(now + 5ms, heard); // and to the loudspeaker, or to a recogniser
    }

    const playout_stats s = call.stats();
    std::cout << s.played << " packets played, " << s.ticks_of(playout_kind::concealed)
              << " ticks with concealment\n";
}
