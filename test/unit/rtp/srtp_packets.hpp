// Keys and packets for the tests of SRTP.
#pragma once

#include <rtpsynth/rtp/srtp.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ostream>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace srtp_test {

using bytes = std::vector<std::uint8_t>;
using namespace rtpsynth;

inline constexpr std::array all_suites{srtp_suite::aes_cm_128_hmac_sha1_80,
                                       srtp_suite::aes_cm_128_hmac_sha1_32,
                                       srtp_suite::aead_aes_128_gcm, srtp_suite::aead_aes_256_gcm};

inline srtp_key make_key(srtp_suite suite, unsigned seed = 1) {
    return srtp_key::generate(suite, std::mt19937(seed));
}

inline bytes rtp(std::uint16_t sequence, std::uint32_t ssrc = 0x01020304, std::size_t size = 172) {
    bytes packet(size, 0x55);
    const auto byte = [](std::uint32_t value, int shift) {
        return static_cast<std::uint8_t>(value >> shift);
    };
    const std::array<std::uint8_t, 12> header{0x80,
                                              0,
                                              byte(sequence, 8),
                                              byte(sequence, 0),
                                              0,
                                              0,
                                              0,
                                              0,
                                              byte(ssrc, 24),
                                              byte(ssrc, 16),
                                              byte(ssrc, 8),
                                              byte(ssrc, 0)};
    std::copy(header.begin(), header.end(), packet.begin());
    return packet;
}

/// An empty receiver report.
inline bytes rtcp(std::uint32_t ssrc = 0x01020304) {
    bytes packet{0x80, 201, 0, 1, 0, 0, 0, 0};
    for (std::size_t i = 0; i < 4; ++i)
        packet[4 + i] = static_cast<std::uint8_t>(ssrc >> (24 - 8 * i));
    return packet;
}

inline bytes protect(srtp_sender& sender, bytes packet) {
    const std::size_t size = packet.size();
    packet.resize(size + sender.rtp_overhead());
    packet.resize(sender.protect(packet, size).value());
    return packet;
}

inline bytes protect_rtcp(srtp_sender& sender, bytes packet) {
    const std::size_t size = packet.size();
    packet.resize(size + sender.rtcp_overhead());
    packet.resize(sender.protect_rtcp(packet, size).value());
    return packet;
}

/// errc{} if the packet was accepted and is `plain`.
inline errc unprotect(srtp_receiver& receiver, bytes packet, const bytes& plain) {
    const auto size = receiver.unprotect(packet);
    if (!size) return size.error();
    packet.resize(*size);
    return packet == plain ? errc{} : throw std::logic_error("another packet");
}

inline errc unprotect_rtcp(srtp_receiver& receiver, bytes packet, const bytes& plain) {
    const auto size = receiver.unprotect_rtcp(packet);
    if (!size) return size.error();
    packet.resize(*size);
    return packet == plain ? errc{} : throw std::logic_error("another packet");
}

inline bytes from_hex(std::string_view text) {
    bytes made;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        made.push_back(
            static_cast<std::uint8_t>(std::stoul(std::string(text.substr(i, 2)), nullptr, 16)));
    return made;
}

} // namespace srtp_test

namespace rtpsynth {
/// For BOOST_TEST.
inline std::ostream& boost_test_print_type(std::ostream& out, errc error) {
    return out << make_error_code(error).message();
}
} // namespace rtpsynth
