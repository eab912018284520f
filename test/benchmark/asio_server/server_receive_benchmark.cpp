// Designs of receiving compared: Asio's async_receive_from on each socket, and rtp_server.
// Datagrams are sent first and then received, all on one thread, and only the receiving is timed:
// ns of processor time a datagram, the least of several rounds, which take turns.
#include "server_bench.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <optional>

namespace {

using namespace server_bench;

// Polls until \p received counts \p wanted. \return ns a datagram
double time_receiving(boost::asio::io_context& context, const std::size_t& received,
                      std::size_t wanted) {
    const double begin = read_clock(CLOCK_THREAD_CPUTIME_ID);
    const auto patience = steady::now() + 2s;
    while (received < wanted && steady::now() < patience) {
        context.restart();
        context.poll();
    }
    if (received != wanted) std::fprintf(stderr, "received %zu of %zu\n", received, wanted);
    return (read_clock(CLOCK_THREAD_CPUTIME_ID) - begin) / static_cast<double>(wanted) * 1e9;
}

class design {
public:
    virtual ~design() = default;
    std::vector<udp::endpoint> endpoints;
    double receive(std::size_t n) {
        received_ = 0;
        return time_receiving(context_, received_, n);
    }
    /// Before anything is timed.
    void settle() {
        context_.restart();
        context_.poll();
    }

protected:
    boost::asio::io_context context_{1};
    std::size_t received_ = 0;
};

class asio_sockets final : public design {
public:
    explicit asio_sockets(std::size_t n, int buffer) {
        for (std::size_t i = 0; i != n; ++i) {
            sockets_.push_back(std::make_unique<one>(context_));
            sockets_.back()->socket.get().set_option(
                boost::asio::socket_base::receive_buffer_size(buffer));
            endpoints.push_back(sockets_.back()->socket.endpoint());
            start(*sockets_.back());
        }
    }

private:
    struct one {
        explicit one(boost::asio::io_context& c) : socket{c} {}
        plain_socket socket;
        udp::endpoint source{};
        std::array<std::uint8_t, 2048> bytes;
    };
    void start(one& o) {
        o.socket.get().async_receive_from(boost::asio::buffer(o.bytes), o.source,
                                          [&](boost::system::error_code ec, std::size_t) {
                                              if (ec) return;
                                              ++received_;
                                              start(o);
                                          });
    }
    std::vector<std::unique_ptr<one>> sockets_;
};

class rtp_channels final : public design {
public:
    rtp_channels(std::size_t n, int buffer, bool coalesce) {
        channel_options o = on_loopback();
        o.receive_buffer_size = buffer;
        o.coalesce = coalesce;
        for (std::size_t i = 0; i != n; ++i) {
            channels_.push_back(server_.create_channel(
                o, [this](rtp_channel&, const datagram_view&) { ++received_; }));
            endpoints.push_back(channels_.back()->local_endpoint());
        }
    }

private:
    rtp_server server_{context_.get_executor()};
    channels channels_;
};

struct row {
    const char* name;
    std::unique_ptr<design> receiver;
    double least = std::numeric_limits<double>::infinity();
};

void compare(const char* title, std::vector<row> rows, std::size_t rounds,
             const std::function<std::size_t(const design&)>& send) {
    for (row& r : rows) r.receiver->settle();
    for (std::size_t i = 0; i != rounds; ++i)
        for (row& r : rows) r.least = std::min(r.least, r.receiver->receive(send(*r.receiver)));
    for (const row& r : rows)
        std::printf("  %-36s %-26s %8.0f %8.2f\n", title, r.name, r.least,
                    rows.front().least / r.least);
    std::fflush(stdout);
}

std::vector<row> designs(std::size_t n, int buffer) {
    std::vector<row> rows(3);
    rows[0] = {"async_receive_from", std::make_unique<asio_sockets>(n, buffer)};
    rows[1] = {"rtp_server", std::make_unique<rtp_channels>(n, buffer, false)};
    rows[2] = {"rtp_server, coalesce", std::make_unique<rtp_channels>(n, buffer, true)};
    return rows;
}

} // namespace

int main(int argc, char** argv) {
    arguments options{
        argc, argv, {{"sockets", 2000, "in the rows with many"}, {"rounds", 100, "of each row"}}};
    const std::size_t sockets =
        std::clamp<std::size_t>(options.count("sockets"), 1, allow_sockets() / 3);
    const std::size_t rounds = std::max<std::size_t>(options.count("rounds"), 1);
    constexpr int buffer = 4 << 20;
    constexpr std::size_t burst = 512, run = 64;
    boost::asio::io_context context;
    plain_socket from{context};
    const packet p;
    const std::vector<std::uint8_t> bytes(run * p.bytes.size());

    const auto to_each = [&](std::size_t count) {
        return [&, count](const design& d) {
            std::size_t sent = 0;
            for (const udp::endpoint& to : d.endpoints)
                for (std::size_t i = 0; i != count; ++i) sent += from.send(p.bytes, to);
            return sent;
        };
    };
    const auto segments = [&](const design& d) {
        std::size_t sent = 0;
        for (std::size_t i = 0; i != burst; i += run)
            sent += from.send_segments(bytes, p.bytes.size(), d.endpoints.front()) ? run : 0;
        return sent;
    };
    std::printf("  %-36s %-26s %8s %8s\n", "waiting", "receiver", "CPU ns", "x Asio");
    compare("100 sockets, 1 datagram each", designs(100, buffer), rounds, to_each(1));
    compare("many sockets, 1 datagram each", designs(sockets, buffer), rounds / 5 + 1, to_each(1));
    compare("many sockets, 4 datagrams each", designs(sockets, buffer), rounds / 10 + 1,
            to_each(4));
    compare("1 socket, 512 datagrams", designs(1, buffer), rounds, to_each(burst));
    compare("1 socket, 512 as UDP_SEGMENT", designs(1, buffer), rounds, segments);
}
