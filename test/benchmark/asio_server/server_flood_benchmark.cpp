// A channel is flooded while its neighbour on the same server gets a packet now and then: how long
// that one waits, and whether each packet of the flood is accounted for.
#include "server_bench.hpp"

#include <rtpsynth/base/duration_histogram.hpp>

#include <atomic>
#include <optional>
#include <thread>

namespace {

using namespace server_bench;

enum class flood { none, each, segments };

// Sends until told to stop. \return how many left
std::uint64_t send_flood(flood kind, const udp::endpoint& to, const std::atomic<bool>& stop) {
    constexpr std::size_t run = 64;
    boost::asio::io_context context;
    plain_socket from{context};
    const packet p;
    const std::vector<std::uint8_t> bytes(run * p.bytes.size());
    std::uint64_t sent = 0;
    while (!stop.load(std::memory_order_relaxed))
        if (kind == flood::each)
            sent += from.send(p.bytes, to);
        else
            sent += from.send_segments(bytes, p.bytes.size(), to) ? run : 0;
    return sent;
}

void measure(const char* name, flood kind, duration length, double probes) {
    std::atomic<std::uint64_t> flooded{0}, heard{0};
    duration_histogram latency; // of the server's thread until the end
    rtp_server server{{.tick = std::nullopt}};
    const auto victim =
        server.create_channel(on_loopback(), [&](rtp_channel&, std::span<const datagram_view> d) {
            flooded += d.size();
        });
    const auto neighbour =
        server.create_channel(on_loopback(), [&](rtp_channel&, const datagram_view& d) {
            latency.record(steady::now() - packet::stamp_of(d.data));
            ++heard;
        });

    const std::uint64_t backlog = backlog_drops();
    std::atomic<bool> stop{false};
    std::uint64_t sent = 0;
    std::thread flooder;
    const auto begin = steady::now();
    if (kind != flood::none)
        flooder = std::thread{[&] { sent = send_flood(kind, victim->local_endpoint(), stop); }};
    boost::asio::io_context context;
    plain_socket from{context};
    std::uint64_t asked = 0;
    packet p;
    for (auto next = begin; next < begin + length; next += from_seconds(1 / probes)) {
        std::this_thread::sleep_until(next);
        p.stamp(steady::now());
        asked += from.send(p.bytes, neighbour->local_endpoint());
    }
    stop = true;
    if (flooder.joinable()) flooder.join();
    const double took = to_seconds(steady::now() - begin);

    const auto accounted = [&] { return flooded + victim->stats().overflow; };
    wait_for([&] { return accounted() == sent && heard == asked; }, 1s);
    const std::uint64_t dropped = victim->stats().overflow;
    const auto missing = static_cast<long long>(sent - accounted());
    const duration_histogram l = on_executor(server, [&] { return latency; });
    std::printf("  %-13s %9.0f %9llu %9llu %9llu %8lld %8llu %6.0f %5llu %8.3f %8.3f %8.3f\n", name,
                static_cast<double>(sent) / took, static_cast<unsigned long long>(sent),
                static_cast<unsigned long long>(flooded.load()),
                static_cast<unsigned long long>(dropped), missing,
                static_cast<unsigned long long>(backlog_drops() - backlog),
                static_cast<double>(asked) / took, static_cast<unsigned long long>(asked - heard),
                to_ms(l.quantile(0.5)), to_ms(l.quantile(0.99)), to_ms(l.max()));
    std::fflush(stdout);
    server.shutdown();
}

} // namespace

int main(int argc, char** argv) {
    arguments options{argc,
                      argv,
                      {{"seconds", 2, "length of each row"},
                       {"slow", 50, "packets/s to the neighbour in one half of the rows"},
                       {"quick", 1000, "and in the other"}}};
    const duration length = options.seconds("seconds");
    std::printf("                the flood, packets                                           "
                "the neighbour           latency, ms\n"
                "  sender         a second      sent  received  overflow  missing  backlog"
                "    1/s  lost      p50      p99      max\n");
    for (const double probes : {options["slow"], options["quick"]}) {
        if (probes <= 0) continue;
        measure("none", flood::none, length, probes);
        measure("sendto", flood::each, length, probes);
        measure("UDP_SEGMENT", flood::segments, length, probes);
    }
    std::printf("missing = sent - received - overflow; backlog: dropped in this machine before any "
                "socket\n");
}
