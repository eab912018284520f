/// \file
/// Sizes in RTCP packets, in bytes (RFC 3550 §6.4, RFC 3611).
#pragma once

#include <cstddef>

namespace rtpsynth::detail {

inline constexpr std::size_t rtcp_header_size = 4;
inline constexpr std::size_t ssrc_size = 4;
inline constexpr std::size_t sender_info_size = 20;
inline constexpr std::size_t report_block_size = 24;
inline constexpr std::size_t xr_block_header_size = 4;
inline constexpr std::size_t voip_metrics_size = 32; // without the block's header

constexpr std::size_t align4(std::size_t n) noexcept { return (n + 3) & ~std::size_t{3}; }

} // namespace rtpsynth::detail
