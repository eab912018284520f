/// \file
/// Cookbook: loss, jitter and counters of a stream, as Prometheus reads them, and as RTCP.

#include <rtpsynth/asio_server.hpp>
#include <rtpsynth/base/random.hpp>
#include <rtpsynth/metrics.hpp>
#include <rtpsynth/rtcp.hpp>
#include <rtpsynth/rtp.hpp>

#include <boost/asio/io_context.hpp>

#include <array>
#include <chrono>
#include <iostream>
#include <sstream>
#include <string>

namespace asio = boost::asio;
namespace asio_server = rtpsynth::asio_server;
using namespace std::chrono_literals;
using packet_bytes = std::array<std::uint8_t, rtpsynth::rtp_header_size + 160>;

/// What is known of the one stream that a channel receives.
class stream_monitor {
public:
    void operator()(asio_server::rtp_channel&, const asio_server::datagram_view& datagram) {
        if (rtpsynth::classify(datagram.data) != rtpsynth::datagram_kind::rtp) return;
        const auto packet = rtpsynth::rtp_packet_view::parse(datagram.data);
        if (!packet) return; // any bytes may come: packet.error() says what was wrong
        ssrc_ = packet->ssrc();
        stats_.update(*packet, datagram.received_at);
    }

    const rtpsynth::receiver_stats& stats() const { return stats_; }

    /// The receiver report that RFC 3550 wants every five seconds or so.
    rtpsynth::report_block report() {
        return stats_.make_report(ssrc_, std::chrono::steady_clock::now());
    }

private:
    rtpsynth::receiver_stats stats_{8000}; // the clock rate of payload types that are not static
    std::uint32_t ssrc_ = 0;
};

int main() {
    asio::io_context context;
    asio_server::rtp_server server(context.get_executor(), {.tick = std::nullopt}); // send at once

    stream_monitor monitor;
    const auto receiver = server.create_channel(
        {.bind = asio_server::resolve("127.0.0.1", 0)},
        [&](asio_server::rtp_channel& channel, const asio_server::datagram_view& datagram) {
            monitor(channel, datagram);
            // A first packet proves no source yet.
            if (monitor.stats().received() == 8) server.shutdown();
        });

    const auto sender = server.create_channel();
    if (sender->set_target(receiver->local_endpoint())) return 1;
    rtpsynth::packet_synth stream(8000, 20ms,
                                  rtpsynth::stream_origin::draw(rtpsynth::system_random32));
    for (int i = 0; i < 10; ++i) {
        packet_bytes bytes;
        if (!stream.write({}, {.payload_size = 160}, bytes)) return 1;
        if (i != 4 && sender->try_send(bytes)) return 1; // the fifth is lost
    }
    context.run();

    rtpsynth::metrics_page page; // what an HTTP server answers a GET /metrics with
    const rtpsynth::metric_labels labels{{"trunk", "carrier-1"}};
    add_metrics(page, monitor.stats(), labels);
    add_metrics(page, receiver->stats(), labels);
    page.gauge("myapp_calls", "Calls that are up", 1);
    std::istringstream text(page.text());
    for (std::string line; std::getline(text, line);)
        if (!line.starts_with('#')) std::cout << line << '\n'; // HELP and TYPE of each

    const rtpsynth::report_block report = monitor.report();
    std::cout << "RTCP: fraction lost " << int{report.fraction_lost} << "/256, cumulative "
              << report.cumulative_lost << '\n';
}
