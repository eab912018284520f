// RTP packets and endpoints for the tests of calls.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/detail/byte_order.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <boost/asio/ip/udp.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

namespace rtpsynth::asio_server {

using rtp_header = std::array<std::uint8_t, rtp_header_size>;

inline rtp_header header_of(std::uint32_t ssrc, unsigned seq) {
    rtp_header p{};
    p[0] = 0x80;
    rtpsynth::detail::store_be16(&p[2], static_cast<std::uint16_t>(seq));
    rtpsynth::detail::store_be32(&p[4], 160 * seq);
    rtpsynth::detail::store_be32(&p[8], ssrc);
    return p;
}

inline boost::asio::ip::udp::endpoint at(const std::string& address, unsigned port) {
    return {boost::asio::ip::make_address(address), static_cast<std::uint16_t>(port)};
}

} // namespace rtpsynth::asio_server
