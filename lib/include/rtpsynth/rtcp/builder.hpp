/// \file
/// Writes RTCP compound packets (RFC 3550 §6) into the caller's storage.
#pragma once

#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/error.hpp>
#include <rtpsynth/rtcp/packet.hpp>
#include <rtpsynth/rtcp/report_block.hpp>
#include <rtpsynth/rtcp/voip_metrics.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace rtpsynth {

/// \addtogroup rtcp
/// \{

/// Appends packets to a compound packet. Each packet is a whole number of 32-bit words.
///
///     rtcp_builder builder(storage);
///     builder.add_receiver_report(ssrc, blocks).value();
///     builder.add_cname(ssrc, "user@host").value();
///     socket.send(builder.bytes());
///
/// Every call either appends its packet, or fails and leaves bytes() unchanged. Errors:
/// errc::invalid_argument (an argument is out of range, or the first packet in compound mode is not
/// an SR or RR), errc::buffer_too_small. The builder does not enforce that each compound has a
/// CNAME (§6.1); add it.
///
/// Lifetime: the storage must outlive the builder. Threads: one object needs external locking.
class RTPSYNTH_API rtcp_builder {
public:
    /// \param storage of any size; 1500 bytes are enough for the largest SR, CNAME and BYE.
    explicit rtcp_builder(std::span<std::uint8_t> storage,
                          rtcp_mode mode = rtcp_mode::compound) noexcept
        : storage_(storage), mode_(mode) {}

    /// \param ssrc of this participant.
    /// \param blocks at most 31, each cumulative_lost within its 24 bits.
    [[nodiscard]] result<void> add_sender_report(
        std::uint32_t ssrc, const sender_info& sender,
        std::span<const report_block> blocks = {}) noexcept;
    /// A report without sender_info. To report on more than 31 sources, add one RR for each 31.
    [[nodiscard]] result<void> add_receiver_report(
        std::uint32_t ssrc, std::span<const report_block> blocks = {}) noexcept;

    /// An SDES packet with one chunk. \param cname 1..255 bytes of UTF-8 (§6.5.1).
    [[nodiscard]] result<void> add_cname(std::uint32_t ssrc, std::string_view cname) noexcept;

    /// An XR packet (RFC 3611) with a VoIP metrics block for each of \p metrics.
    /// \param ssrc of this participant.
    /// \param metrics at most 31, each with a buffer_rate of at most 15.
    [[nodiscard]] result<void> add_voip_metrics(std::uint32_t ssrc,
                                                std::span<const voip_metrics> metrics) noexcept;

    /// \param ssrcs 1..31 sources that leave.
    /// \param reason at most 255 bytes; empty: no reason is written.
    [[nodiscard]] result<void> add_bye(std::span<const std::uint32_t> ssrcs,
                                       std::string_view reason = {}) noexcept;

    /// Appends a packet of any type, whose body the caller fills in: for types without a function
    /// here, and to forward packets.
    /// \param count 0..31, the five bits after P: see rtcp_packet_view::count().
    /// \param body_size a multiple of 4, at most 262140.
    /// \returns the body, which must be filled.
    [[nodiscard]] result<std::span<std::uint8_t>> add_packet(rtcp_type type, std::size_t count,
                                                             std::size_t body_size) noexcept;

    /// The compound so far.
    std::span<const std::uint8_t> bytes() const noexcept { return storage_.first(size_); }
    /// Starts another compound in the same storage.
    void clear() noexcept { size_ = 0; }

private:
    result<void> add_report(std::uint32_t ssrc, const sender_info* sender,
                            std::span<const report_block> blocks) noexcept;
    std::uint8_t* append(rtcp_type type, std::size_t count, std::size_t body_size) noexcept;

    std::span<std::uint8_t> storage_;
    std::size_t size_ = 0;
    rtcp_mode mode_;
};

/// \}

} // namespace rtpsynth
