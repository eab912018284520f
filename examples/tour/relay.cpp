/// \file
/// A relay between two telephones, which are channels here: each receives one stream, whose SSRC is
/// the relay's, and the payload type of telephone events is changed on the way.

#include <rtpsynth/asio_server.hpp>
#include <rtpsynth/base/random.hpp>
#include <rtpsynth/rtp/packet_synth.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
using namespace std::chrono_literals;

/// Sends packets of 20 ms, and keeps the payload type of the packet that it received last.
class telephone {
public:
    explicit telephone(rtp_server& server)
        : synth_{8000, 20ms, stream_origin::draw(system_random32)},
          channel_{
              server.create_channel({.bind = resolve("127.0.0.1", 0)},
                                    [this](rtp_channel&, const datagram_view& d) { hear(d); })} {}

    bool call(const rtp_channel::endpoint& relay) { return !channel_->set_target(relay); }
    void say(std::uint8_t payload_type) {
        std::array<std::uint8_t, 172> packet;
        const packet_format format{.payload_size = 160, .payload_type = payload_type};
        if (synth_.write(std::chrono::steady_clock::now(), format, packet))
            static_cast<void>(channel_->try_send(packet));
    }
    int heard() const { return heard_; }

private:
    void hear(const datagram_view& d) {
        rtp_packet_view packet;
        if (packet.assign(d.data.data(), d.data.size()) == errc{}) heard_ = packet.payload_type();
    }

    std::atomic<int> heard_{-1};
    packet_synth synth_;
    std::shared_ptr<rtp_channel> channel_;
};

int main() {
    rtp_server server({.tick = std::nullopt}); // forwards at once
    port_range ports({.address = boost::asio::ip::make_address("127.0.0.1")});
    rtp_relay_options options;
    options.a.rtcp_mux = options.b.rtcp_mux = false; // RTP on an even port, RTCP on the next
    options.a.stream.payload_types.set(101, 96);     // telephone events: Bob's payload type is 96
    options.a.stream.formats.set(101, {8000, payload_kind::event});
    options.media_timeout = 30s;
    options.on_media_timeout = [](rtp_relay& relay, relay_leg) { relay.close(); };
    rtp_relay relay(server, ports, options);

    telephone alice(server), bob(server);
    if (!alice.call(relay.local_endpoint(relay_leg::a))) return 1;
    if (!bob.call(relay.local_endpoint(relay_leg::b))) return 1;
    const auto talk = [&](std::uint8_t alices, int bob_hears) {
        for (int i = 0; i != 1000 && (bob.heard() != bob_hears || alice.heard() != 0); ++i) {
            alice.say(alices);
            bob.say(0);
            std::this_thread::sleep_for(5ms);
        }
        std::cout << "Alice sends payload type " << int{alices} << ", Bob hears " << bob.heard()
                  << ", and she hears " << alice.heard() << '\n';
    };
    talk(0, 0);
    talk(101, 96);
    return bob.heard() == 96 ? 0 : 1;
}
