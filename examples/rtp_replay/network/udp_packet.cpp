#include "network/udp_packet.hpp"

#include <arpa/inet.h>

namespace replay {

std::string to_string(const ip_address& address) {
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.bytes.data(), text, sizeof text);
    return text;
}

std::string to_string(const endpoint& e) {
    const std::string address = to_string(e.address);
    return (e.address.v6 ? '[' + address + ']' : address) + ':' + std::to_string(e.port);
}

} // namespace replay
