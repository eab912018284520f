// The echo that a user of Asio would write without rtpsynth, a socket a port, in three ways:
//   echo_yardstick receive COUNT FIRST_PORT   async_receive_from, then send_to
//   echo_yardstick wait COUNT FIRST_PORT      async_wait, then receive_from until it is drained
//   echo_yardstick mmsg COUNT FIRST_PORT      async_wait, then recvmmsg with room for two until it
//                                             returns less, and sendto (Linux)
// echo_cost.py measures what they take beside rtp_echo. It ends with SIGTERM.
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <string_view>

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

} // namespace

int main(int argc, char** argv) {
    const std::string_view way = argc == 4 ? argv[1] : "";
    if (way != "receive" && way != "wait" && way != "mmsg") {
        std::cerr << "usage: echo_yardstick receive|wait|mmsg COUNT FIRST_PORT\n";
        return 2;
    }
    boost::asio::io_context context{1};
    std::deque<echo> all;
    for (int i = 0; i != std::atoi(argv[2]); ++i)
        all.emplace_back(context, static_cast<unsigned short>(std::atoi(argv[3]) + i), way);
    context.run();
}
