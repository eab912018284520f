/// \file
/// Cookbook: from audio, as a speech synthesiser makes it, to packets; a caller interrupts it.

#include <rtpsynth/audio.hpp>
#include <rtpsynth/base.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <vector>

using namespace rtpsynth;
using namespace std::chrono_literals;

int main() {
    const auto start = std::chrono::steady_clock::now();
    const codec_set codecs;
    voice_sender sender({.encoder = codecs.make_encoder("PCMU/8000"),
                         .payload_type = 0,
                         .event_type = 101,
                         .noise_type = 13},
                        stream_origin::draw(system_random32), start,
                        {.input_rate = 24000, .idle = idle_policy::comfort_noise});

    std::vector<std::int16_t> speech(24000); // a second, in one piece
    for (std::size_t i = 0; i < speech.size(); ++i)
        speech[i] = static_cast<std::int16_t>(8000 * std::sin(0.07 * static_cast<double>(i)));
    const auto say = [&](std::uint64_t item) {
        if (const auto taken = sender.push(speech, item); !taken || *taken != speech.size())
            std::cout << "no room\n"; // later: room() says how much there is
        sender.end_item();
    };

    say(1);
    say(2);
    std::vector<std::uint8_t> packet(sender.max_packet());
    for (int tick = 0; tick < 150; ++tick) {
        if (tick == 75) { // the caller begins to speak
            if (const auto item = sender.clear())
                std::cout << "item " << item->item << " was interrupted after "
                          << item->length() / 1ms << " ms\n";
            if (!sender.send_digits("1")) return 1;
        }
        const time_point now = start + tick * 20ms; // here you would wait until sender.due()
        while (sender.due() <= now) {
            const auto sent = sender.next(now, packet);
            if (!sent) return 1;
            for (const played_item& item : sent->ended)
                std::cout << "item " << item.item << " was sent, " << item.length() / 1ms
                          << " ms\n";
            // socket.send(packet, sent->size), if that is not 0
        }
    }

    const voice_sender_stats s = sender.stats();
    std::cout << "packets: " << s.ticks_of(sent_kind::audio) << " of audio, "
              << s.ticks_of(sent_kind::event) << " of events, "
              << s.ticks_of(sent_kind::comfort_noise) << " of comfort noise\n";
}
