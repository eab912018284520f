// What tests of unreachable and filtered peers share.
#pragma once

#include "server_tools.hpp"

#include <boost/asio/io_context.hpp>

namespace rtpsynth::asio_server {

inline bool ipv6_works() {
    boost::asio::io_context context;
    udp::socket socket{context, udp::v6()};
    error_code ec;
    socket.bind(on_loopback_v6().bind, ec);
    return !ec;
}

/// Nobody listens there, and nobody is given the port: it is bound, by a socket that is connected
/// to itself and so receives from nobody else.
class closed_port {
public:
    explicit closed_port(const channel_options& like) {
        socket_.open(like.bind.protocol());
        socket_.bind(like.bind);
        socket_.connect(socket_.local_endpoint());
    }
    udp::endpoint endpoint() const { return socket_.local_endpoint(); }

private:
    boost::asio::io_context context_;
    udp::socket socket_{context_};
};

} // namespace rtpsynth::asio_server
