// Relays between pairs of ports, for relay_cost.py:
//   relay_server relay COUNT FIRST_PORT   rtp_relay, with latching, rewriting and RTCP
//   relay_server srtp COUNT FIRST_PORT    the same, the second side encrypted, if there is SRTP
//   relay_server pcma|g722 COUNT FIRST_PORT   the same as relay, PCMU made PCMA or G.722
//   relay_server bare COUNT FIRST_PORT    epoll_wait, recvfrom and sendto, and nothing else: the
//                                         least that a relay of separate sockets takes (Linux)
// Call i has the ports FIRST_PORT + 2i and the one after it. One thread. It ends with SIGTERM.
#include <rtpsynth/asio_server.hpp>
#ifdef RTPSYNTH_BENCH_SRTP
#    include <rtpsynth/asio_server/call/srtp_protection.hpp>
#endif

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string_view>
#include <vector>

namespace {

using namespace rtpsynth;
using namespace rtpsynth::asio_server;

#ifdef RTPSYNTH_BENCH_SRTP
srtp_key fixed_key() {
    const std::array<std::uint8_t, 30> bytes{};
    return srtp_key::from_bytes(srtp_suite::aes_cm_128_hmac_sha1_80, bytes).value();
}
#endif

int run_relays(std::string_view way, std::size_t count, std::uint16_t first) {
    const bool srtp = way == "srtp";
    rtp_server server{caller_runs, {.tick = std::nullopt}};
    std::vector<std::unique_ptr<rtp_relay>> relays;
    for (std::size_t i = 0; i != count; ++i) {
        const auto port = static_cast<std::uint16_t>(first + 2 * i);
        rtp_relay_options o;
        o.a.channel.bind = resolve("127.0.0.1", port);
        o.b.channel.bind = resolve("127.0.0.1", static_cast<std::uint16_t>(port + 1));
        o.media_timeout = std::chrono::seconds{60};
        if (way == "pcma" || way == "g722")
            o.a.transcode = o.b.transcode = {
                {{"PCMU/8000", {}, {}}, {way == "pcma" ? "PCMA/8000" : "G722/8000", {}, {}}}};
        if (srtp) {
#ifdef RTPSYNTH_BENCH_SRTP
            o.b.protection = std::make_shared<srtp_protection>(fixed_key(), fixed_key());
#else
            std::cerr << "without SRTP\n";
            return 2;
#endif
        }
        relays.push_back(std::make_unique<rtp_relay>(server, o));
    }
    for (;;) server.run_one();
}

int run_bare(std::size_t count, std::uint16_t first) {
    struct side {
        int fd = -1;
        std::size_t other = 0;
        sockaddr_in peer{};
    };
    std::vector<side> sides(2 * count);
    const int set = ::epoll_create1(0);
    for (std::size_t i = 0; i != sides.size(); ++i) {
        sides[i].fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        sides[i].other = i ^ 1U;
        sockaddr_in local{};
        local.sin_family = AF_INET;
        local.sin_port = htons(static_cast<std::uint16_t>(first + i));
        local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::bind(sides[i].fd, reinterpret_cast<sockaddr*>(&local), sizeof local) != 0) return 1;
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = i;
        ::epoll_ctl(set, EPOLL_CTL_ADD, sides[i].fd, &event);
    }
    std::array<epoll_event, 256> events;
    std::array<char, 2048> bytes;
    for (;;) {
        const int ready = ::epoll_wait(set, events.data(), static_cast<int>(events.size()), -1);
        for (int e = 0; e < ready; ++e) {
            side& from = sides[events[static_cast<std::size_t>(e)].data.u64];
            socklen_t size = sizeof from.peer;
            const ssize_t got = ::recvfrom(from.fd, bytes.data(), bytes.size(), 0,
                                           reinterpret_cast<sockaddr*>(&from.peer), &size);
            const side& to = sides[from.other];
            if (got < 0 || to.peer.sin_port == 0) continue;
            ::sendto(to.fd, bytes.data(), static_cast<std::size_t>(got), 0,
                     reinterpret_cast<const sockaddr*>(&to.peer), sizeof to.peer);
        }
    }
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view way = argc == 4 ? argv[1] : "";
    if (way != "relay" && way != "srtp" && way != "pcma" && way != "g722" && way != "bare") {
        std::cerr << "usage: relay_server relay|srtp|pcma|g722|bare COUNT FIRST_PORT\n";
        return 2;
    }
    const auto count = static_cast<std::size_t>(std::atoi(argv[2]));
    const auto first = static_cast<std::uint16_t>(std::atoi(argv[3]));
    return way == "bare" ? run_bare(count, first) : run_relays(way, count, first);
}
