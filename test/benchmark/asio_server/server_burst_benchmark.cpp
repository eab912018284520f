// One thread sends a stream of 172-byte datagrams as fast as it can to one rtp_channel, which has a
// thread of its own and checks their order: a plain loop of sendto(), the same with UDP_SEGMENT,
// and an rtp_channel on the sending thread's io_context.
#include "server_bench.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <optional>
#include <thread>
#include <tuple>

namespace {

using namespace server_bench;

constexpr std::size_t size = sizeof(packet::bytes);
constexpr std::size_t batch = 256;

struct receiver {
    explicit receiver(bool coalesce) {
        channel_options o = on_loopback();
        o.coalesce = coalesce;
        o.receive_buffer_size = 16 << 20;
        channel = server.create_channel(
            o, [this](rtp_channel&, std::span<const datagram_view> datagrams) {
                for (const datagram_view& d : datagrams) {
                    const std::uint64_t n = packet::number_of(d.data);
                    if (n < next) ++disordered;
                    next = n + 1;
                }
                received += datagrams.size();
            });
    }
    ~receiver() { server.shutdown(); }

    // Of the server's thread:
    std::uint64_t next = 0;
    std::uint64_t disordered = 0;

    std::atomic<std::uint64_t> received{0};
    rtp_server server{{.tick = std::nullopt}};
    std::shared_ptr<rtp_channel> channel;
};

// Each sends for so long and says how many left.

std::uint64_t send_each(const udp::endpoint& to, duration length) {
    boost::asio::io_context context;
    plain_socket from{context};
    packet p;
    std::uint64_t sent = 0, n = 0;
    for (const auto end = steady::now() + length; steady::now() < end;)
        for (std::size_t i = 0; i != batch; ++i) {
            p.number(n++);
            sent += from.send(p.bytes, to);
        }
    return sent;
}

std::uint64_t send_segments(const udp::endpoint& to, duration length) {
    constexpr std::size_t run = 64;
    boost::asio::io_context context;
    plain_socket from{context};
    std::vector<std::uint8_t> bytes(run * size);
    packet p;
    std::uint64_t sent = 0, n = 0;
    for (const auto end = steady::now() + length; steady::now() < end;)
        for (std::size_t r = 0; r != batch / run; ++r) {
            for (std::size_t i = 0; i != run; ++i) {
                p.number(n++);
                std::copy(p.bytes.begin(), p.bytes.end(), bytes.data() + i * size);
            }
            sent += from.send_segments(bytes, size, to) ? run : 0;
        }
    return sent;
}

std::uint64_t send_channel(const udp::endpoint& to, duration length) {
    boost::asio::io_context context;
    std::uint64_t sent = 0;
    {
        rtp_server server{context.get_executor(), {.tick = std::nullopt}};
        channel_options o = on_loopback();
        o.queue_size = batch;
        const auto from = server.create_channel(o);
        std::ignore = from->set_target(to);
        packet p;
        std::uint64_t n = 0;
        const auto end = steady::now() + length;
        const std::function<void()> fill = [&] {
            for (std::size_t i = 0; i != batch; ++i) {
                p.number(n);
                if (from->try_send(p.bytes)) break;
                ++n;
            }
            if (steady::now() < end)
                boost::asio::post(server.get_executor(), fill);
            else
                server.shutdown(); // which sends the rest
        };
        boost::asio::post(server.get_executor(), fill);
        context.run();
        sent = from->stats().sent;
    }
    return sent;
}

struct result {
    double rate = 0; // packets/s
    double cpu = 0;  // ns of the sending thread a packet
    std::uint64_t sent = 0, lost = 0, overflow = 0, disordered = 0;
};

result run(bool coalesce, std::uint64_t (*send)(const udp::endpoint&, duration), duration length) {
    receiver r{coalesce};
    result got;
    const auto begin = steady::now();
    const double cpu = read_clock(CLOCK_THREAD_CPUTIME_ID);
    got.sent = send(r.channel->local_endpoint(), length);
    const double used = read_clock(CLOCK_THREAD_CPUTIME_ID) - cpu;
    const auto sent = static_cast<double>(got.sent);
    got.rate = sent / to_seconds(steady::now() - begin);
    got.cpu = used / sent * 1e9;
    // What is neither received nor dropped is still in the socket.
    std::uint64_t before = 0;
    wait_for(
        [&] {
            std::this_thread::sleep_for(10ms);
            return std::exchange(before, r.received.load()) == r.received;
        },
        2s);
    got.lost = got.sent - r.received;
    got.overflow = r.channel->stats().overflow;
    got.disordered = on_executor(r.server, [&] { return r.disordered; });
    return got;
}

} // namespace

int main(int argc, char** argv) {
    arguments options{argc,
                      argv,
                      {{"seconds", 0.4, "length of a run"},
                       {"rounds", 4, "of all rows, one after another; the best of each counts"}}};
    struct row {
        const char* name;
        std::uint64_t (*send)(const udp::endpoint&, duration);
        bool coalesce;
        result best{};
        std::uint64_t disordered = 0;
    };
    std::array<row, 6> rows{{{"sendto (yardstick)", send_each, false},
                             {"sendmsg, UDP_SEGMENT (yardstick)", send_segments, false},
                             {"rtp_channel", send_channel, false},
                             {"sendto (yardstick)", send_each, true},
                             {"sendmsg, UDP_SEGMENT (yardstick)", send_segments, true},
                             {"rtp_channel", send_channel, true}}};
    for (std::size_t round = 0; round != std::max<std::size_t>(options.count("rounds"), 1); ++round)
        for (row& r : rows) {
            const result got = run(r.coalesce, r.send, options.seconds("seconds"));
            r.disordered += got.disordered;
            if (got.rate > r.best.rate) r.best = got;
        }
    std::printf("  sender                            receiver    packets/s  CPU ns    x sendto"
                "      sent      lost  overflow  disorder\n");
    for (const row& r : rows) {
        const row& yardstick = rows[r.coalesce ? 3 : 0];
        std::printf("  %-33s %-10s %10.0f %7.0f %11.2f %9llu %9llu %9llu %9llu\n", r.name,
                    r.coalesce ? "coalesce" : "", r.best.rate, r.best.cpu,
                    r.best.rate / yardstick.best.rate, static_cast<unsigned long long>(r.best.sent),
                    static_cast<unsigned long long>(r.best.lost),
                    static_cast<unsigned long long>(r.best.overflow),
                    static_cast<unsigned long long>(r.disordered));
    }
    std::printf("overflow of a coalescing receiver counts lost runs, not datagrams\n");
}
