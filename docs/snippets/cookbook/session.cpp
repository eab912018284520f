/// \file
/// Cookbook: two participants of a call, who send RTP and tell each other by RTCP what they hear.

#include <rtpsynth/asio_server.hpp>
#include <rtpsynth/base/random.hpp>
#include <rtpsynth/rtcp.hpp>
#include <rtpsynth/rtp.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

namespace asio = boost::asio;
namespace asio_server = rtpsynth::asio_server;
using namespace std::chrono_literals;
using steady_clock = std::chrono::steady_clock;

/// 64 random bits.
std::uint64_t draw_seed() {
    return std::uint64_t{rtpsynth::system_random32()} << 32 | rtpsynth::system_random32();
}

/// The wall clock, for sender reports.
rtpsynth::ntp_time wall_clock() {
    return rtpsynth::ntp_time::from_unix(std::chrono::system_clock::now().time_since_epoch());
}

/// One end of a call: a socket for RTP and RTCP (RFC 5761), a session, and two timers.
class participant {
public:
    participant(asio_server::rtp_server& server, asio::io_context& context, const char* cname)
        // So much bandwidth and so short a minimum that this program soon ends.
        : session_({.cname = cname, .bandwidth = 3'600'000, .reduced_minimum = true}, draw_seed()),
          stream_(8000, 20ms, {.ssrc = session_.ssrc()}),
          packet_timer_(context, steady_clock::now()),
          rtcp_timer_(context),
          channel_(server.create_channel(
              {.bind = asio_server::resolve("127.0.0.1", 0)},
              [this](asio_server::rtp_channel&, const asio_server::datagram_view& datagram) {
                  receive(datagram);
              })) {}

    void call(const participant& other) {
        if (channel_->set_target(other.channel_->local_endpoint())) std::abort();
        send_packet();
    }
    /// The BYE is due at once.
    void hang_up() {
        packet_timer_.cancel();
        left_ = true;
        session_.leave(steady_clock::now(), "end of the example");
        set_rtcp_timer();
    }

    std::function<void(const rtpsynth::rtp_source&)> on_report, on_bye;

private:
    void receive(const asio_server::datagram_view& datagram) {
        const std::uint64_t address = std::uint64_t{datagram.source.address().to_v4().to_uint()}
                                          << 16 |
                                      datagram.source.port();
        if (rtpsynth::classify(datagram.data) == rtpsynth::datagram_kind::rtcp) {
            const auto what = session_.receive_rtcp(datagram.data, datagram.received_at, address);
            if (what.reported) on_report(*what.source);
            if (what.source != nullptr && what.source->left()) on_bye(*what.source);
        } else if (const auto packet = rtpsynth::rtp_packet_view::parse(datagram.data)) {
            session_.receive_rtp(*packet, datagram.received_at, address); // and play it
        }
        set_rtcp_timer(); // every call may have moved it
    }

    void send_packet() {
        std::array<std::uint8_t, rtpsynth::rtp_header_size + 160> bytes;
        if (stream_.write({}, {.payload_size = 160}, bytes)) {
            session_.sent(rtpsynth::rtp_packet_view::parse(bytes).value(), steady_clock::now());
            static_cast<void>(channel_->try_send(bytes)); // what is not sent is lost
        }
        set_rtcp_timer();
        packet_timer_.expires_at(packet_timer_.expiry() + 20ms);
        packet_timer_.async_wait([this](boost::system::error_code e) {
            if (!e && !left_) send_packet();
        });
    }

    void set_rtcp_timer() {
        if (rtcp_timer_.expiry() == session_.next_rtcp()) return;
        rtcp_timer_.expires_at(session_.next_rtcp());
        if (session_.next_rtcp() == rtpsynth::time_point::max()) return;
        rtcp_timer_.async_wait([this](boost::system::error_code e) {
            if (e) return; // it was moved
            std::array<std::uint8_t, 1400> storage;
            const auto report = session_.make_rtcp(steady_clock::now(), wall_clock(), storage);
            if (report && !report->empty()) static_cast<void>(channel_->try_send(*report));
            set_rtcp_timer();
        });
    }

    rtpsynth::rtp_session session_;
    rtpsynth::packet_synth stream_;
    asio::steady_timer packet_timer_;
    asio::steady_timer rtcp_timer_;
    bool left_ = false;
    std::shared_ptr<asio_server::rtp_channel> channel_;
};

int main() {
    asio::io_context context;
    asio_server::rtp_server server(context.get_executor(), {.tick = std::nullopt}); // send at once
    participant alice(server, context, "alice@example.net"),
        bob(server, context, "bob@example.net");

    // Bob's report on a sender report of Alice's has the round trip time.
    bool told = false;
    alice.on_report = [&](const rtpsynth::rtp_source& source) {
        const auto round_trip = source.report()->round_trip_time;
        if (!round_trip || told) return;
        told = true;
        std::cout << source.cname() << " has lost " << source.report()->block.cumulative_lost
                  << " packets\nround trip: " << *round_trip / 1us << " us\n";
        alice.hang_up();
    };
    bob.on_report = [](const rtpsynth::rtp_source&) {};
    alice.on_bye = [](const rtpsynth::rtp_source&) {};
    bob.on_bye = [&](const rtpsynth::rtp_source& source) {
        std::cout << source.cname() << " has left: " << source.reason() << '\n';
        bob.hang_up();
        server.shutdown();
        context.stop();
    };
    alice.call(bob);
    bob.call(alice);
    context.run();
}
