/// \file
/// The static payload types of RFC 3551 §6, and how many samples a payload of one of them has.
#pragma once

#include <rtpsynth/rtp/profile.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth {

/// \addtogroup rtp
/// \{

/// The struct of the C face; C and C++ share it.
using rtp_profile = ::rtp_profile;

namespace detail {

// clang-format off
inline constexpr rtp_profile static_profiles[] = {
    /*  0 */ {"PCMU",   8000, 1, RTP_MEDIA_AUDIO},
    /*  1 */ {},
    /*  2 */ {},
    /*  3 */ {"GSM",    8000, 1, RTP_MEDIA_AUDIO},
    /*  4 */ {"G723",   8000, 1, RTP_MEDIA_AUDIO},
    /*  5 */ {"DVI4",   8000, 1, RTP_MEDIA_AUDIO},
    /*  6 */ {"DVI4",  16000, 1, RTP_MEDIA_AUDIO},
    /*  7 */ {"LPC",    8000, 1, RTP_MEDIA_AUDIO},
    /*  8 */ {"PCMA",   8000, 1, RTP_MEDIA_AUDIO},
    /*  9 */ {"G722",   8000, 1, RTP_MEDIA_AUDIO},
    /* 10 */ {"L16",   44100, 2, RTP_MEDIA_AUDIO},
    /* 11 */ {"L16",   44100, 1, RTP_MEDIA_AUDIO},
    /* 12 */ {"QCELP",  8000, 1, RTP_MEDIA_AUDIO},
    /* 13 */ {"CN",     8000, 1, RTP_MEDIA_AUDIO},
    /* 14 */ {"MPA",   90000, 0, RTP_MEDIA_AUDIO},
    /* 15 */ {"G728",   8000, 1, RTP_MEDIA_AUDIO},
    /* 16 */ {"DVI4",  11025, 1, RTP_MEDIA_AUDIO},
    /* 17 */ {"DVI4",  22050, 1, RTP_MEDIA_AUDIO},
    /* 18 */ {"G729",   8000, 1, RTP_MEDIA_AUDIO},
    /* 19 */ {}, {}, {}, {}, {}, {},
    /* 25 */ {"CelB",  90000, 0, RTP_MEDIA_VIDEO},
    /* 26 */ {"JPEG",  90000, 0, RTP_MEDIA_VIDEO},
    /* 27 */ {},
    /* 28 */ {"nv",    90000, 0, RTP_MEDIA_VIDEO},
    /* 29 */ {},
    /* 30 */ {},
    /* 31 */ {"H261",  90000, 0, RTP_MEDIA_VIDEO},
    /* 32 */ {"MPV",   90000, 0, RTP_MEDIA_VIDEO},
    /* 33 */ {"MP2T",  90000, 0, RTP_MEDIA_AUDIO_VIDEO},
    /* 34 */ {"H263",  90000, 0, RTP_MEDIA_VIDEO},
};
// clang-format on

} // namespace detail

/// The static profile of \p payload_type, or nullptr when RFC 3551 assigns it none (dynamic,
/// unassigned, reserved, or above 127). The row lives as long as the program.
constexpr const rtp_profile* static_profile(std::uint8_t payload_type) noexcept {
    if (payload_type >= std::size(detail::static_profiles)) return nullptr;
    const rtp_profile& row = detail::static_profiles[payload_type];
    return row.clock_rate != 0 ? &row : nullptr;
}

/// nsamples() rejects larger payloads: the count might overflow, and no datagram holds them.
inline constexpr std::size_t max_counted_payload = 0xffffff;

namespace detail {

constexpr int g723_nsamples(std::span<const std::uint8_t> payload) noexcept {
    constexpr std::uint8_t frame_size[] = {24, 20, 4};
    int frames = 0;
    for (std::size_t at = 0; at < payload.size(); ++frames) {
        const unsigned rate = payload[at] & 3U;
        if (rate == 3) return -1;
        if (payload.size() - at < frame_size[rate]) break;
        at += frame_size[rate];
    }
    return 240 * frames;
}

} // namespace detail

/// The number of sampling instants that \p payload covers. -1 (not known) for an empty payload, one
/// larger than max_counted_payload, or a payload type other than these:
/// - PCMU, PCMA and G722: one per byte (for G722, ticks of its 8000 Hz clock),
/// - G729: 80 per started 10 bytes, since a comfort noise frame of 2 bytes also stands for 10 ms,
/// - GSM: 160 per complete frame of 33 bytes,
/// - G723: 240 per complete frame; -1 if the two low bits of a frame are 3, whose size is not
///   known.
///
/// A truncated frame of GSM or G723 cannot be decoded and does not count; a payload of such a frame
/// alone gives 0.
constexpr int nsamples(std::uint8_t payload_type, std::span<const std::uint8_t> payload) noexcept {
    const std::size_t size = payload.size();
    if (size - 1 >= max_counted_payload) return -1; // 0 wraps and is caught too
    switch (payload_type) {
    case 0:
    case 8:
    case 9:
        return static_cast<int>(size);
    case 3:
        return static_cast<int>(size / 33 * 160);
    case 4:
        return detail::g723_nsamples(payload);
    case 18:
        return static_cast<int>((size + 9) / 10 * 80);
    default:
        return -1;
    }
}

/// Whether the next packet's samples can follow this one's directly. False only for a G.729 payload
/// that ends in a comfort noise frame: its size is not a multiple of 10.
constexpr bool appendable(std::uint8_t payload_type, std::size_t payload_size) noexcept {
    return payload_type != 18 || payload_size % 10 == 0;
}

/// \}

} // namespace rtpsynth
