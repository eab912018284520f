/// \file
/// What the benchmarks of rtp_server have in common.
#pragma once

#include <rtpsynth/asio_server/server/rtp_server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>

#include <netinet/in.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace server_bench {

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
using namespace std::chrono_literals;
using boost::asio::ip::udp;
using steady = std::chrono::steady_clock;
using channels = std::vector<std::shared_ptr<rtp_channel>>;

constexpr duration ptime = 20ms;
constexpr double rate = 50; // packets/s of a stream

inline double to_seconds(duration d) { return std::chrono::duration<double>(d).count(); }
inline double to_ms(duration d) { return to_seconds(d) * 1e3; }
inline duration from_seconds(double s) {
    return std::chrono::duration_cast<duration>(std::chrono::duration<double>{s});
}

inline double read_clock(clockid_t clock) {
    timespec t{};
    clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}
inline double process_cpu() { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

/// Runs \p action on the server's executor and waits for it.
template <class Action>
auto on_executor(rtp_server& server, Action action) {
    std::packaged_task<decltype(action())()> task{std::move(action)};
    auto result = task.get_future();
    boost::asio::post(server.get_executor(), std::move(task));
    return result.get();
}
/// The processor time of the thread that serves it.
inline clockid_t cpu_clock(rtp_server& server) {
    return on_executor(server, [] {
        clockid_t clock{};
        pthread_getcpuclockid(pthread_self(), &clock);
        return clock;
    });
}

/// Waits for \p condition. False: it did not come within \p patience.
template <class Condition>
bool wait_for(Condition condition, duration patience) {
    for (const auto end = steady::now() + patience; !condition();) {
        if (steady::now() > end) return false;
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

/// Sockets that may be open, all that the system allows.
inline std::size_t allow_sockets() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<std::size_t>(limit.rlim_cur) - 64; // and the others
}

/// A packet of G.711: where the payload would be it carries the time and a number.
struct packet {
    std::array<std::uint8_t, 172> bytes{0x80};

    void stamp(time_point t) noexcept { put(12, t.time_since_epoch().count()); }
    void number(std::uint64_t n) noexcept { put(20, n); }
    static time_point stamp_of(std::span<const std::uint8_t> d) noexcept {
        return time_point{duration{get<duration::rep>(d, 12)}};
    }
    static std::uint64_t number_of(std::span<const std::uint8_t> d) noexcept {
        return get<std::uint64_t>(d, 20);
    }

private:
    template <class T>
    void put(std::size_t at, T value) noexcept {
        std::memcpy(bytes.data() + at, &value, sizeof value);
    }
    template <class T>
    static T get(std::span<const std::uint8_t> d, std::size_t at) noexcept {
        T value{};
        if (d.size() >= at + sizeof value) std::memcpy(&value, d.data() + at, sizeof value);
        return value;
    }
};

/// A socket without any of the library, on 127.0.0.1.
class plain_socket {
public:
    explicit plain_socket(boost::asio::io_context& context)
        : socket_{context, udp::endpoint{boost::asio::ip::address_v4::loopback(), 0}} {}

    udp::socket& get() noexcept { return socket_; }
    udp::endpoint endpoint() const { return socket_.local_endpoint(); }

    bool send(std::span<const std::uint8_t> d, const udp::endpoint& to) noexcept {
        return ::sendto(socket_.native_handle(), d.data(), d.size(), 0, to.data(),
                        static_cast<socklen_t>(to.size())) >= 0;
    }
    /// Several datagrams of \p size bytes that lie one behind the other; 64 at most.
    bool send_segments(std::span<const std::uint8_t> d, std::uint16_t size,
                       const udp::endpoint& to) noexcept {
        iovec vector{const_cast<std::uint8_t*>(d.data()), d.size()};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof size)> control{};
        msghdr message{};
        message.msg_name = const_cast<sockaddr*>(to.data());
        message.msg_namelen = static_cast<socklen_t>(to.size());
        message.msg_iov = &vector;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* const header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = IPPROTO_UDP;
        header->cmsg_type = 103; // UDP_SEGMENT
        header->cmsg_len = CMSG_LEN(sizeof size);
        std::memcpy(CMSG_DATA(header), &size, sizeof size);
        return ::sendmsg(socket_.native_handle(), &message, 0) >= 0;
    }

private:
    udp::socket socket_;
};

inline channel_options on_loopback() {
    channel_options o;
    o.bind = {boost::asio::ip::address_v4::loopback(), 0};
    return o;
}

/// Datagrams that left no trace at any socket: the kernel's queue between its halves was full.
inline std::uint64_t backlog_drops() {
    std::uint64_t sum = 0;
    std::ifstream file{"/proc/net/softnet_stat"};
    for (std::string processed, dropped, rest;
         file >> processed >> dropped && std::getline(file, rest);)
        sum += std::stoull(dropped, nullptr, 16);
    return sum;
}

/// `--name NUMBER` for each of a program's options.
class arguments {
public:
    struct option {
        std::string_view name;
        double value;
        std::string_view meaning;
    };

    arguments(int argc, char** argv, std::vector<option> options) : options_{std::move(options)} {
        for (int i = 1; i < argc; i += 2) {
            option* const o = find(argv[i]);
            char* end = nullptr;
            const double value = o && i + 1 < argc ? std::strtod(argv[i + 1], &end) : -1;
            if (!o || i + 1 == argc || end == argv[i + 1] || *end || !(value >= 0 && value <= 1e6))
                usage(argv[0]);
            o->value = value;
        }
    }

    double operator[](std::string_view name) {
        const option* const o = find("--" + std::string{name});
        return o ? o->value : 0;
    }
    std::size_t count(std::string_view name) { return static_cast<std::size_t>((*this)[name]); }
    duration seconds(std::string_view name) { return from_seconds((*this)[name]); }

private:
    option* find(std::string_view argument) {
        for (option& o : options_)
            if (argument.starts_with("--") && argument.substr(2) == o.name) return &o;
        return nullptr;
    }
    [[noreturn]] void usage(const char* program) const {
        std::fprintf(stderr, "usage: %s [--OPTION NUMBER]...\n", program);
        for (const option& o : options_)
            std::fprintf(stderr, "  --%-14s %s [%g]\n", std::string{o.name}.c_str(),
                         std::string{o.meaning}.c_str(), o.value);
        std::exit(2);
    }

    std::vector<option> options_;
};

} // namespace server_bench
