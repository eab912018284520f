// Streams of 50 packets/s of 172 bytes to an echo on this machine, for echo_cost.py:
//   echo_load singly|together COUNT SECONDS FIRST_PORT
// "singly" spreads the streams' packets evenly over 20 ms, "together" sends them all in one go each
// 20 ms. Prints how many packets were sent, and how many came back.
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <string_view>
#include <thread>

namespace {

using boost::asio::ip::udp;
using boost::system::error_code;
using clock_type = std::chrono::steady_clock;

constexpr std::chrono::nanoseconds period = std::chrono::milliseconds{20};

std::size_t drain(std::deque<udp::socket>& sockets) {
    std::array<char, 2048> bytes;
    std::size_t received = 0;
    for (udp::socket& s : sockets)
        for (error_code ec; s.receive(boost::asio::buffer(bytes), 0, ec), !ec;) ++received;
    return received;
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view way = argc == 5 ? argv[1] : "";
    if (way != "singly" && way != "together") {
        std::cerr << "usage: echo_load singly|together COUNT SECONDS FIRST_PORT\n";
        return 2;
    }
    const auto count = static_cast<std::size_t>(std::atoi(argv[2]));
    const auto first_port = static_cast<std::size_t>(std::atoi(argv[4]));
    const auto loopback = boost::asio::ip::address_v4::loopback();
    boost::asio::io_context context;
    std::deque<udp::socket> sockets;
    for (std::size_t i = 0; i != count; ++i) {
        sockets.emplace_back(context, udp::endpoint{loopback, 0});
        sockets.back().non_blocking(true);
        sockets.back().connect({loopback, static_cast<unsigned short>(first_port + i)});
    }
    const std::array<char, 172> packet{'\x80'};
    const auto begin = clock_type::now();
    const auto apart =
        way == "singly" ? period / static_cast<long>(count) : std::chrono::nanoseconds{0};
    std::size_t sent = 0, received = 0;
    for (int round = 0; round != 50 * std::atoi(argv[3]); ++round) {
        for (std::size_t i = 0; i != count; ++i) {
            std::this_thread::sleep_until(begin + round * period + static_cast<long>(i) * apart);
            error_code ec;
            sockets[i].send(boost::asio::buffer(packet), 0, ec);
            if (!ec) ++sent;
        }
        received += drain(sockets);
    }
    std::this_thread::sleep_for(std::chrono::seconds{1});
    received += drain(sockets);
    std::cout << sent << ' ' << received << '\n';
}
