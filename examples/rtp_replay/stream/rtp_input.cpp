#include "stream/rtp_input.hpp"

#include <rtpsynth/rtp/datagram_kind.hpp>

#include <algorithm>

namespace replay {
namespace {

constexpr std::uint8_t plain_first_byte = 0x80; // version 2: no padding, extension or CSRCs
constexpr unsigned padding_bit = 0x20, extension_bit = 0x10;

/// The error for a padding that is missing or whose count is impossible.
bool concerns_padding(rtpsynth::errc error) {
    using enum rtpsynth::errc;
    return error == padding_missing || error == padding_zero || error == padding_too_long;
}

/// The packet must be padded and captured completely.
std::optional<padding_end> end_of(std::span<const std::uint8_t> bytes) {
    std::size_t header = rtpsynth::rtp_header_size + std::size_t{4} * (bytes[0] & 0x0fU);
    if (bytes[0] & extension_bit) {
        if (bytes.size() < header + 4) return std::nullopt;
        header += 4 + std::size_t{4} * (bytes[header + 2] * 256U + bytes[header + 3]);
    }
    if (bytes.size() < header) return std::nullopt;
    const std::size_t at_most = std::min<std::size_t>(bytes.size() - header, 255);
    return padding_end{bytes.back(), static_cast<std::uint8_t>(at_most)};
}

} // namespace

std::optional<rtp_input> read_rtp(const udp_packet& packet, header_bytes& header) {
    const std::span<const std::uint8_t> bytes = packet.payload;
    if (bytes.size() < header.size() || rtpsynth::classify(bytes) != rtpsynth::datagram_kind::rtp)
        return std::nullopt;
    rtp_input input;
    const bool padded = (bytes[0] & padding_bit) != 0;
    if (padded && !packet.cut_short) input.padding = end_of(bytes);
    // In a truncated packet the last byte is not the padding count.
    const auto error = padded && packet.cut_short ? rtpsynth::errc::padding_missing
                                                  : input.packet.assign(bytes.data(), bytes.size());
    if (error == rtpsynth::errc{}) {
        if (packet.cut_short) input.state = rtp_state::cut_short;
        return input;
    }
    input.state = packet.cut_short          ? rtp_state::cut_short
                  : concerns_padding(error) ? rtp_state::bad_padding
                                            : rtp_state::malformed;
    std::copy_n(bytes.begin(), header.size(), header.begin());
    header[0] = plain_first_byte;
    static_cast<void>(input.packet.assign(header.data(), header.size())); // a plain header
    return input;
}

held_packet::held_packet(const rtp_input& input, rtpsynth::time_point arrival, bool whole)
    : arrival_(arrival),
      seq_(input.packet.seq()),
      timestamp_(input.packet.timestamp()),
      payload_type_(input.packet.payload_type()),
      state_(input.state),
      padding_(input.padding) {
    const auto all = input.packet.datagram();
    if (whole) {
        bytes_.assign(all.begin(), all.end());
        return;
    }
    const auto payload = input.packet.payload();
    const std::size_t kept = std::min(payload.size(), described);
    std::copy_n(all.begin(), rtpsynth::rtp_header_size, start_.begin());
    std::copy_n(payload.begin(), kept, start_.begin() + rtpsynth::rtp_header_size);
    start_[0] = plain_first_byte;
    start_size_ = static_cast<std::uint8_t>(rtpsynth::rtp_header_size + kept);
}

rtp_input held_packet::input() const {
    rtp_input result;
    const std::span<const std::uint8_t> bytes =
        bytes_.empty() ? std::span(start_).first(start_size_) : std::span(bytes_);
    static_cast<void>(result.packet.assign(bytes.data(), bytes.size())); // it was a packet before
    result.state = state_;
    result.padding = padding_;
    return result;
}

} // namespace replay
