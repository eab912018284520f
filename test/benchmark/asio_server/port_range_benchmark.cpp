// What it takes to open and close a pair of ports: with port_range when none, and when all but one
// of 5,000 pairs are in use, and the same two channels without it.
#include <rtpsynth/asio_server/channel/port_range.hpp>
#include <rtpsynth/asio_server/server/rtp_server.hpp>

#include <boost/asio/ip/address_v4.hpp>

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <vector>

namespace {

using namespace rtpsynth::asio_server;

double cpu_us() {
    timespec t;
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) * 1e-3;
}

template <class Once>
void measure(const char* what, Once once) {
    constexpr int rounds = 4000;
    const double before = cpu_us();
    for (int i = 0; i != rounds; ++i) once();
    std::printf("%-44s %8.2f us\n", what, (cpu_us() - before) / rounds);
}

} // namespace

int main() {
    const rlimit files{20000, 20000};
    if (::setrlimit(RLIMIT_NOFILE, &files) != 0) std::puts("cannot open 10,000 sockets");
    const auto host = boost::asio::ip::address_v4{0x7f0b0c0d};
    rtp_server server;
    port_range ports{{.address = host, .first = 20000, .last = 29999}};
    const auto pair = [&] { ports.create_pair(server); };
    std::uint16_t port = 19000;
    const auto plain = [&] {
        port = static_cast<std::uint16_t>(port == 19998 ? 19000 : port + 2);
        const auto rtp = server.create_channel({.bind = {host, port}});
        const auto rtcp =
            server.create_channel({.bind = {host, static_cast<std::uint16_t>(port + 1)}});
    };
    for (int round = 0; round != 3; ++round) {
        measure("two channels by themselves", plain);
        measure("a pair, none in use", pair);
        {
            std::vector<channel_pair> calls;
            while (calls.size() != 4999) calls.push_back(ports.create_pair(server));
            measure("a pair, 4,999 of 5,000 in use", pair);
            measure("two channels, 4,999 pairs open", plain);
            calls.push_back(ports.create_pair(server));
            measure("no pair, all in use", [&] {
                try {
                    pair();
                } catch (const boost::system::system_error&) {
                }
            });
        }
        {
            rtp_server other;
            std::vector<std::shared_ptr<rtp_channel>> squatters;
            for (std::uint16_t p = 20000; p < 29998; p = static_cast<std::uint16_t>(p + 2))
                squatters.push_back(other.create_channel({.bind = {host, p}}));
            const double before = cpu_us();
            pair();
            std::printf("%-44s %8.2f us\n", "a pair, the first beside 4,999 of others",
                        cpu_us() - before);
            measure("a pair, 4,999 taken by others", pair);
        }
    }
}
