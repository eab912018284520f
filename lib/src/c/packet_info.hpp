/// \file
/// Fills in struct rtp_info of a parsed packet.
#pragma once

#include <rtpjbuf.h>

#include <rtpsynth/base/compiler.h>
#include <rtpsynth/rtp/packet.hpp>
#include <rtpsynth/rtp/payload_type.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth::detail {

/// The values of struct rtp_info that depend on the payload type, looked up once per packet.
struct payload_rule {
    static constexpr int unknown = -1, one_per_byte = 0,
                         by_frames = 1; // by_frames: nsamples() must count

    const rtp_profile* profile = nullptr;
    int samples = unknown;
};

inline constexpr std::array<payload_rule, 128> payload_rules = [] {
    std::array<payload_rule, 128> rules;
    constexpr std::array<std::uint8_t, 240>
        zeros{}; // a payload of which every rule knows the samples
    for (unsigned i = 0; i < rules.size(); ++i) {
        const auto pt = static_cast<std::uint8_t>(i);
        rules[i].profile = static_profile(pt);
        const int n = nsamples(pt, zeros);
        if (n == 240) rules[i].samples = payload_rule::one_per_byte;
        if (n != 240 && n != -1) rules[i].samples = payload_rule::by_frames;
    }
    return rules;
}();

/// Whether nsamples only needs the table.
inline bool is_counted_at_once(const rtp_packet_view& p) noexcept {
    return p.payload().size() - 1 < max_counted_payload &&
           payload_rules[p.payload_type()].samples != payload_rule::by_frames;
}

RTPSYNTH_NOINLINE inline void count_samples(rtp_info& info, std::uint8_t payload_type,
                                            std::span<const std::uint8_t> payload) noexcept {
    info.nsamples = nsamples(payload_type, payload);
    info.appendable = appendable(payload_type, payload.size());
}

/// Fills in all of \p info from \p p.
inline void fill(rtp_info& info, const rtp_packet_view& p) noexcept {
    const std::size_t size = p.payload().size();
    const payload_rule& rule = payload_rules[p.payload_type()];
    info.data_size = size;
    info.data_offset = static_cast<unsigned>(p.payload_offset());
    info.nsamples = static_cast<int>(size) | rule.samples;
    info.ts = p.timestamp();
    info.seq = p.seq();
    info.ssrc = p.ssrc();
    info.appendable = 1;
    info.rtp_profile = rule.profile;
    if (!is_counted_at_once(p)) [[unlikely]]
        count_samples(info, p.payload_type(), p.payload());
}

} // namespace rtpsynth::detail
