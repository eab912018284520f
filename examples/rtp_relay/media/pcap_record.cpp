#include "media/pcap_record.hpp"

#include <array>

namespace relay {
namespace {

constexpr std::uint32_t link_type_raw = 101, longest = 65535;
constexpr std::uint8_t udp_protocol = 17, hops = 64;

void append_16(std::vector<std::uint8_t>& out, std::size_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

// The fields of pcap itself are little-endian, as the magic number says.
void append_little_32(std::vector<std::uint8_t>& out, std::uint32_t value) {
    for (int shift = 0; shift != 32; shift += 8)
        out.push_back(static_cast<std::uint8_t>(value >> shift));
}

void append_little_16(std::vector<std::uint8_t>& out, std::uint16_t value) {
    out.push_back(static_cast<std::uint8_t>(value));
    out.push_back(static_cast<std::uint8_t>(value >> 8));
}

template <class Bytes>
void append(std::vector<std::uint8_t>& out, const Bytes& bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

std::uint32_t sum_of(std::span<const std::uint8_t> bytes, std::uint32_t sum) noexcept {
    for (std::size_t i = 0; i < bytes.size(); i += 2)
        sum +=
            static_cast<std::uint32_t>(bytes[i] << 8 | (i + 1 < bytes.size() ? bytes[i + 1] : 0));
    return sum;
}

/// The checksum of the Internet (RFC 1071).
std::uint16_t checksum(std::uint32_t sum) noexcept {
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

void set_16(std::vector<std::uint8_t>& out, std::size_t at, std::uint16_t value) {
    out[at] = static_cast<std::uint8_t>(value >> 8);
    out[at + 1] = static_cast<std::uint8_t>(value);
}

void append_ip(std::vector<std::uint8_t>& out, const boost::asio::ip::address& from,
               const boost::asio::ip::address& to, std::size_t size) {
    const std::size_t begin = out.size();
    if (from.is_v6()) {
        append(out, std::array<std::uint8_t, 4>{0x60, 0, 0, 0});
        append_16(out, size);
        append(out, std::array<std::uint8_t, 2>{udp_protocol, hops});
        append(out, from.to_v6().to_bytes());
        append(out, to.to_v6().to_bytes());
        return;
    }
    append(out, std::array<std::uint8_t, 2>{0x45, 0});
    append_16(out, size + 20);
    append(out, std::array<std::uint8_t, 8>{0, 0, 0x40, 0, hops, udp_protocol, 0, 0});
    append(out, from.to_v4().to_bytes());
    append(out, to.to_v4().to_bytes());
    set_16(out, begin + 10, checksum(sum_of(std::span(out).subspan(begin), 0)));
}

} // namespace

void append_pcap_header(std::vector<std::uint8_t>& out) {
    append_little_32(out, 0xa1b2c3d4); // microseconds
    append_little_16(out, 2);          // version 2.4
    append_little_16(out, 4);
    append_little_32(out, 0);
    append_little_32(out, 0);
    append_little_32(out, longest);
    append_little_32(out, link_type_raw);
}

void append_pcap_record(std::vector<std::uint8_t>& out, std::chrono::system_clock::time_point at,
                        const boost::asio::ip::udp::endpoint& from,
                        const boost::asio::ip::udp::endpoint& to,
                        std::span<const std::uint8_t> payload) {
    const auto microseconds =
        std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
    const std::size_t udp_size = payload.size() + 8;
    const auto size = static_cast<std::uint32_t>(udp_size + (from.address().is_v6() ? 40 : 20));
    append_little_32(out, static_cast<std::uint32_t>(microseconds / 1'000'000));
    append_little_32(out, static_cast<std::uint32_t>(microseconds % 1'000'000));
    append_little_32(out, size);
    append_little_32(out, size);
    append_ip(out, from.address(), to.address(), udp_size);
    const std::size_t udp = out.size();
    append_16(out, from.port());
    append_16(out, to.port());
    append_16(out, udp_size);
    append_16(out, 0);
    append(out, payload);
    // The pseudo header's addresses are before the UDP header, in both families.
    const std::size_t addresses = from.address().is_v6() ? 32 : 8;
    const std::uint32_t sum = sum_of(std::span(out).subspan(udp - addresses),
                                     static_cast<std::uint32_t>(udp_protocol + udp_size));
    const std::uint16_t check = checksum(sum);
    set_16(out, udp + 6, check == 0 ? 0xffff : check);
}

} // namespace relay
