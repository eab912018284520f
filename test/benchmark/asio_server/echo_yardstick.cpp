// The echo that a user would write without rtpsynth, a socket a port, on Asio in three ways and on
// nothing:
//   echo_yardstick receive COUNT FIRST_PORT   async_receive_from, then send_to
//   echo_yardstick wait COUNT FIRST_PORT      async_wait, then receive_from until it is drained
//   echo_yardstick mmsg COUNT FIRST_PORT      async_wait, then recvmmsg with room for two until it
//                                             returns less, and sendto (Linux)
//   echo_yardstick bare COUNT FIRST_PORT      epoll_wait, level-triggered, recvfrom and sendto: the
//                                             fewest system calls for packets that come singly
// echo_cost.py measures what they take beside rtp_echo. It ends with SIGTERM.
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <string_view>
#include <utility>

namespace {

using boost::asio::ip::udp;
using boost::system::error_code;

class echo {
public:
    echo(boost::asio::io_context& context, unsigned short port, std::string_view way)
        : socket_{context, {boost::asio::ip::address_v4::loopback(), port}} {
        socket_.non_blocking(true);
        way == "receive" ? receive() : way == "wait" ? wait() : wait_for_several();
    }

private:
    void receive() {
        socket_.async_receive_from(boost::asio::buffer(bytes_), source_,
                                   [this](error_code ec, std::size_t size) {
                                       if (!ec) answer(size);
                                       receive();
                                   });
    }
    void wait() {
        socket_.async_wait(udp::socket::wait_read, [this](error_code) {
            for (;;) {
                error_code ec;
                const auto size = socket_.receive_from(boost::asio::buffer(bytes_), source_, 0, ec);
                if (ec) break;
                answer(size);
            }
            wait();
        });
    }
    void wait_for_several() {
        socket_.async_wait(udp::socket::wait_read, [this](error_code) {
            while (answer_several() == most) {
            }
            wait_for_several();
        });
    }
    int answer_several() {
        static std::array<std::array<char, 2048>, most> bytes; // one thread has all sockets
        std::array<sockaddr_in, most> sources;
        std::array<iovec, most> vectors;
        std::array<mmsghdr, most> headers{};
        for (std::size_t i = 0; i != most; ++i) {
            vectors[i] = {bytes[i].data(), bytes[i].size()};
            headers[i].msg_hdr.msg_name = &sources[i];
            headers[i].msg_hdr.msg_namelen = sizeof sources[i];
            headers[i].msg_hdr.msg_iov = &vectors[i];
            headers[i].msg_hdr.msg_iovlen = 1;
        }
        const int fd = socket_.native_handle();
        const int got = ::recvmmsg(fd, headers.data(), most, MSG_DONTWAIT, nullptr);
        for (std::size_t i = 0; got > 0 && i != static_cast<std::size_t>(got); ++i)
            ::sendto(fd, bytes[i].data(), headers[i].msg_len, MSG_NOSIGNAL,
                     reinterpret_cast<sockaddr*>(&sources[i]), sizeof sources[i]);
        return got;
    }
    void answer(std::size_t size) {
        error_code ignored;
        socket_.send_to(boost::asio::buffer(bytes_, size), source_, 0, ignored);
    }

    static constexpr int most = 2; // fewer mean that the socket is drained

    udp::socket socket_;
    udp::endpoint source_;
    std::array<char, 2048> bytes_;
};

int bare(int count, int first_port) {
    const int set = ::epoll_create1(0);
    for (int i = 0; i != count; ++i) {
        const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
        sockaddr_in local{};
        local.sin_family = AF_INET;
        local.sin_port = htons(static_cast<std::uint16_t>(first_port + i));
        local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        epoll_event event{EPOLLIN, {.fd = fd}};
        if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&local), sizeof local) != 0 ||
            ::epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) != 0)
            return 1;
    }
    for (;;) {
        std::array<epoll_event, 64> events;
        const int ready = ::epoll_wait(set, events.data(), static_cast<int>(events.size()), -1);
        for (std::size_t i = 0; std::cmp_less(i, ready); ++i) {
            static std::array<char, 2048> bytes;
            sockaddr_in source;
            socklen_t size = sizeof source;
            const int fd = events[i].data.fd;
            const ssize_t got = ::recvfrom(fd, bytes.data(), bytes.size(), MSG_DONTWAIT,
                                           reinterpret_cast<sockaddr*>(&source), &size);
            if (got >= 0)
                ::sendto(fd, bytes.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL,
                         reinterpret_cast<sockaddr*>(&source), size);
        }
    }
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view way = argc == 4 ? argv[1] : "";
    if (way != "receive" && way != "wait" && way != "mmsg" && way != "bare") {
        std::cerr << "usage: echo_yardstick receive|wait|mmsg|bare COUNT FIRST_PORT\n";
        return 2;
    }
    if (way == "bare") return bare(std::atoi(argv[2]), std::atoi(argv[3]));
    boost::asio::io_context context{1};
    std::deque<echo> all;
    for (int i = 0; i != std::atoi(argv[2]); ++i)
        all.emplace_back(context, static_cast<unsigned short>(std::atoi(argv[3]) + i), way);
    context.run();
}
