// Two-way calls through a relay on this machine, for relay_cost.py: on each side of a call 50
// packets/s of 172 bytes, and a receiver report every 5 s.
//   relay_load together|singly SECONDS FIRST_LOCAL_PORT < PORTS
// PORTS are two ports of the relay a line, those of a call. Call i has the local ports
// FIRST_LOCAL_PORT + 2i and the one after it. "together" sends all packets in one go each 20 ms.
// Prints packets sent and received, and the median, 99th percentile and largest delay in µs, from a
// packet's sending to when it is read here.
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <iostream>
#include <string_view>
#include <vector>

namespace {

using boost::asio::ip::udp;
using boost::system::error_code;
using clock_type = std::chrono::steady_clock;

constexpr std::chrono::nanoseconds period = std::chrono::milliseconds{20};

std::int64_t now_ns() {
    return std::chrono::nanoseconds{clock_type::now().time_since_epoch()}.count();
}

struct load {
    boost::asio::io_context context;
    std::deque<udp::socket> sockets;
    int set = ::epoll_create1(0);
    std::vector<std::int64_t> delays;
    std::size_t sent = 0;
    std::size_t transcoded = 0; // received, with other payloads, since the first one was measured

    void add(unsigned short local, unsigned short relay) {
        const auto loopback = boost::asio::ip::address_v4::loopback();
        sockets.emplace_back(context, udp::endpoint{loopback, local});
        sockets.back().non_blocking(true);
        sockets.back().connect({loopback, relay});
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = sockets.size() - 1;
        ::epoll_ctl(set, EPOLL_CTL_ADD, sockets.back().native_handle(), &event);
    }
    void send(std::size_t i, unsigned round, bool measured) {
        std::array<unsigned char, 172> p{0x80};
        const auto put32 = [&](std::size_t at, std::uint64_t v) {
            for (int n = 0; n != 4; ++n) p[at + 3 - n] = static_cast<unsigned char>(v >> 8 * n);
        };
        put32(4, 160 * round);
        put32(8, 0x10000 + i);
        p[2] = static_cast<unsigned char>(round >> 8);
        p[3] = static_cast<unsigned char>(round);
        const std::int64_t t = measured ? now_ns() : 0;
        std::memcpy(&p[12], &t, sizeof t);
        error_code ec;
        sockets[i].send(boost::asio::buffer(p), 0, ec);
        if (!ec) sent += measured;
    }
    void report(std::size_t i) {
        std::array<unsigned char, 8> p{0x80, 201, 0, 1};
        for (int n = 0; n != 4; ++n)
            p[7 - static_cast<std::size_t>(n)] = static_cast<unsigned char>((0x10000 + i) >> 8 * n);
        error_code ec;
        sockets[i].send(boost::asio::buffer(p), 0, ec);
    }
    void drain_until(clock_type::time_point until) {
        std::array<epoll_event, 256> events;
        std::array<char, 2048> bytes;
        for (;;) {
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(until - clock_type::now());
            const int ready =
                ::epoll_wait(set, events.data(), static_cast<int>(events.size()),
                             static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
            for (int e = 0; e < ready; ++e) {
                error_code ec;
                udp::socket& s = sockets[events[static_cast<std::size_t>(e)].data.u64];
                const auto size = s.receive(boost::asio::buffer(bytes), 0, ec);
                std::int64_t t = 0;
                if (ec || size != 172) continue;
                if ((bytes[1] & 0x7f) != 0) {
                    transcoded += sent != 0;
                    continue;
                }
                std::memcpy(&t, &bytes[12], sizeof t);
                if (t != 0) delays.push_back(now_ns() - t);
            }
            if (ready <= 0 && clock_type::now() >= until) return;
        }
    }
};

} // namespace

int main(int argc, char** argv) {
    const std::string_view way = argc == 4 ? argv[1] : "";
    if (way != "together" && way != "singly") {
        std::cerr << "usage: relay_load together|singly SECONDS FIRST_LOCAL_PORT < PORTS\n";
        return 2;
    }
    load l;
    auto local = static_cast<unsigned short>(std::atoi(argv[3]));
    for (unsigned short port = 0; std::cin >> port;) l.add(local++, port);
    const std::size_t count = l.sockets.size();
    const unsigned warm_up = 50, rounds = warm_up + 50 * static_cast<unsigned>(std::atoi(argv[2]));
    const auto begin = clock_type::now();
    const std::size_t steps = way == "singly" ? 20 : 1; // one a millisecond
    for (unsigned round = 0; round != rounds; ++round) {
        if (round == warm_up) std::cout << "begin" << std::endl; // who measures looks at its clock
        for (std::size_t step = 0; step != steps; ++step) {
            for (std::size_t i = step; i < count; i += steps) {
                l.send(i, round, round >= warm_up);
                if ((round + i) % 250 == 0) l.report(i);
            }
            l.drain_until(begin + round * period + (step + 1) * period / steps);
        }
    }
    l.drain_until(clock_type::now() + std::chrono::milliseconds{300});
    std::sort(l.delays.begin(), l.delays.end());
    const auto quantile = [&](double q) {
        if (l.delays.empty()) return 0.0;
        const double at = q * static_cast<double>(l.delays.size() - 1);
        return static_cast<double>(l.delays[static_cast<std::size_t>(at)]) / 1000;
    };
    std::cout << l.sent << ' ' << l.delays.size() + l.transcoded << ' ' << quantile(0.5) << ' '
              << quantile(0.99) << ' ' << quantile(1) << std::endl;
}
