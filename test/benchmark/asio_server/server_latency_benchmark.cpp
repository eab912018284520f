// From just before a datagram is sent to the entry of the handler, idle and beside 500 streams of
// 50 packets/s that are echoed. A thread that waits in recv() is the yardstick: what the kernel and
// the machine need by themselves.
#include "server_load.hpp"

#include <algorithm>
#include <random>
#include <tuple>

namespace {

using namespace server_bench;

// Sends \p count packets, 0.5 to 1.5 ms apart.
template <class Send>
void probe(std::size_t count, Send send) {
    std::mt19937 random{1};
    std::uniform_int_distribution<duration::rep> pause{500'000, 1'500'000};
    packet p;
    for (std::size_t i = 0; i != count; ++i) {
        std::this_thread::sleep_for(duration{pause(random)});
        p.stamp(steady::now());
        send(p);
    }
}

// Written by one thread; read by another once all are in.
struct collector {
    duration_histogram latency;
    std::atomic<std::size_t> count{0};

    void take(std::span<const std::uint8_t> d, time_point now) {
        latency.record(now - packet::stamp_of(d));
        ++count;
    }
};

void report(const char* what, const char* load, collector& c, std::size_t sent) {
    wait_for([&] { return c.count == sent; }, 1s);
    std::printf("  %-34s %-9s %7zu %6zu %8.1f %8.1f %8.1f %9.1f\n", what, load, sent,
                sent - c.count, to_ms(c.latency.quantile(0.5)) * 1e3,
                to_ms(c.latency.quantile(0.9)) * 1e3, to_ms(c.latency.quantile(0.99)) * 1e3,
                to_ms(c.latency.max()) * 1e3);
    std::fflush(stdout);
}

void yardstick(const char* load, std::size_t count) {
    boost::asio::io_context context;
    plain_socket from{context}, to{context};
    collector c;
    std::thread receiver{[&] {
        std::array<std::uint8_t, 2048> bytes;
        for (;;) {
            const auto n = ::recv(to.get().native_handle(), bytes.data(), bytes.size(), 0);
            const time_point now = steady::now();
            if (n <= 0) return;
            c.take(std::span{bytes}.first(static_cast<std::size_t>(n)), now);
        }
    }};
    probe(count, [&](const packet& p) { from.send(p.bytes, to.endpoint()); });
    report("sendto -> recv() (yardstick)", load, c, count);
    from.send({}, to.endpoint());
    receiver.join();
}

std::shared_ptr<rtp_channel> add_collector(rtp_server& server, collector& c) {
    return server.create_channel(on_loopback(), [&c](rtp_channel&, const datagram_view& d) {
        c.take(d.data, steady::now());
    });
}

void measure(const char* load, std::size_t streams, std::size_t count) {
    rtp_server server{{.tick = std::nullopt}};
    channels all;
    std::unique_ptr<stream_load> beside;
    if (streams != 0) {
        constexpr std::uint64_t without_end = std::uint64_t{1} << 40;
        beside = std::make_unique<stream_load>(add_echoes(server, streams, all), without_end);
        beside->start();
        std::this_thread::sleep_for(100ms);
    }
    yardstick(load, count);
    {
        collector c;
        boost::asio::io_context context;
        plain_socket from{context};
        const auto to = add_collector(server, c);
        probe(count, [&](const packet& p) { from.send(p.bytes, to->local_endpoint()); });
        report("sendto -> handler", load, c, count);
        on_executor(server, [&] { to->close(); }); // where no handler runs
    }
    {
        rtp_server sender{{.tick = std::nullopt}};
        const auto from = sender.create_channel(on_loopback());
        collector c;
        const auto to = add_collector(server, c);
        std::ignore = from->set_target(to->local_endpoint());
        probe(count, [&](const packet& p) { std::ignore = from->try_send(p.bytes); });
        report("try_send -> handler", load, c, count);
        on_executor(server, [&] { to->close(); }); // where no handler runs
    }
}

} // namespace

int main(int argc, char** argv) {
    arguments options{
        argc,
        argv,
        {{"packets", 1500, "to send for each row"}, {"streams", 500, "beside which to measure"}}};
    allow_sockets();
    const std::size_t streams = options.count("streams");
    const std::string load = std::to_string(streams) + " x 50";
    std::printf("  latency, us                        beside       sent   lost      p50      p90"
                "      p99       max\n");
    measure("nothing", 0, options.count("packets"));
    measure(load.c_str(), streams, options.count("packets"));
}
