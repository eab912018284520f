/// \file
/// Views of RTCP packets in their datagram (RFC 3550 §6).
#pragma once

#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/error.hpp>
#include <rtpsynth/base/ntp_time.hpp>
#include <rtpsynth/rtcp/report_block.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

namespace rtpsynth {

/// \addtogroup rtcp
/// \{

/// The packet types with which an RTCP datagram may begin.
enum class rtcp_mode : std::uint8_t {
    compound,     ///< an SR or RR (RFC 3550 §6.1)
    reduced_size, ///< any packet, which may be the only one (RFC 5506)
};

/// Packet types. A value may be any other type, too.
enum class rtcp_type : std::uint8_t {
    sender_report = 200,
    receiver_report = 201,
    source_description = 202,
    goodbye = 203,
    application = 204,
    transport_feedback = 205, ///< RFC 4585
    payload_feedback = 206,   ///< RFC 4585
    extended_report = 207,    ///< RFC 3611
};

/// The maximum number of report blocks, SDES chunks or BYE sources in one packet.
inline constexpr std::size_t rtcp_max_count = 31;

namespace detail {

/// Iterates over consecutive elements in validated memory. Element has private static functions
/// at(p) and size_at(p).
template <class Element>
class rtcp_iterator {
public:
    using iterator_category = std::input_iterator_tag;
    using iterator_concept = std::forward_iterator_tag;
    using value_type = Element;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Element;

    rtcp_iterator() = default;
    explicit rtcp_iterator(const std::uint8_t* p) noexcept : p_(p) {}

    Element operator*() const noexcept { return Element::at(p_); }
    rtcp_iterator& operator++() noexcept {
        p_ += Element::size_at(p_);
        return *this;
    }
    rtcp_iterator operator++(int) noexcept {
        const rtcp_iterator old = *this;
        ++*this;
        return old;
    }
    friend bool operator==(rtcp_iterator, rtcp_iterator) noexcept = default;

private:
    const std::uint8_t* p_ = nullptr;
};

} // namespace detail

/// One packet of a compound, of any type. A view: valid for as long as the datagram's bytes are.
class rtcp_packet_view {
public:
    rtcp_type type() const noexcept { return static_cast<rtcp_type>(bytes_[1]); }
    /// The five bits after P, 0..31: the number of blocks, chunks or sources; the subtype of APP;
    /// the FMT of feedback.
    std::size_t count() const noexcept { return bytes_[0] & 0x1fU; }
    /// The bytes after the four bytes of header, without padding: a multiple of 4, or empty.
    std::span<const std::uint8_t> body() const noexcept {
        return bytes_.subspan(4, bytes_.size() - 4 - padding());
    }
    /// Bytes of padding at the end; 0 in all but the last packet.
    std::size_t padding() const noexcept { return bytes_[0] & 0x20 ? bytes_.back() : 0U; }
    /// The whole packet.
    std::span<const std::uint8_t> bytes() const noexcept { return bytes_; }

private:
    friend class detail::rtcp_iterator<rtcp_packet_view>;

    explicit rtcp_packet_view(std::span<const std::uint8_t> bytes) noexcept : bytes_(bytes) {}
    RTPSYNTH_API static rtcp_packet_view at(const std::uint8_t* p) noexcept;
    RTPSYNTH_API static std::size_t size_at(const std::uint8_t* p) noexcept;

    std::span<const std::uint8_t> bytes_;
};

/// An RTCP datagram: a forward range of its packets. A view: valid for as long as the bytes exist
/// and do not change.
///
///     if (auto compound = rtcp_compound_view::parse(datagram)) {
///         for (rtcp_packet_view packet : *compound) {
///             if (auto report = rtcp_report_view::parse(packet)) …
///
/// Threads: a value type, like all views here; distinct objects are independent.
class rtcp_compound_view {
public:
    using iterator = detail::rtcp_iterator<rtcp_packet_view>;

    /// Checks the datagram by RFC 3550 A.2: the first packet is an SR or RR without padding, all
    /// packets have version 2, the lengths add up to the datagram's, and only the last packet has
    /// padding, which is a multiple of 4 and fits the packet. The contents of each packet are
    /// checked by the view of its type, so one malformed packet does not hide the others.
    ///
    /// In reduced_size mode the first packet may have any type of 192..223, the range that RFC 5761
    /// §4 reserves for RTCP, and a single packet may have padding.
    ///
    /// Errors: errc::packet_too_short (less than 4 bytes), errc::bad_version (of the first packet),
    /// errc::bad_rtcp.
    [[nodiscard]] RTPSYNTH_API static result<rtcp_compound_view> parse(
        std::span<const std::uint8_t> datagram, rtcp_mode mode = rtcp_mode::compound) noexcept;

    iterator begin() const noexcept { return iterator{bytes_.data()}; }
    iterator end() const noexcept { return iterator{bytes_.data() + bytes_.size()}; }
    std::span<const std::uint8_t> bytes() const noexcept { return bytes_; }

private:
    explicit rtcp_compound_view(std::span<const std::uint8_t> bytes) noexcept : bytes_(bytes) {}

    std::span<const std::uint8_t> bytes_;
};

/// The sender information of an SR (RFC 3550 §6.4.1).
struct sender_info {
    ntp_time ntp;                    ///< when the report was sent; 0: the sender has no wallclock
    std::uint32_t rtp_timestamp = 0; ///< the same instant on the media clock
    std::uint32_t packet_count = 0;  ///< packets sent since the start; wraps
    std::uint32_t octet_count = 0;   ///< bytes of payload sent since the start; wraps

    friend bool operator==(const sender_info&, const sender_info&) = default;
};

/// An SR or RR (RFC 3550 §6.4).
class rtcp_report_view {
public:
    /// Fails with errc::bad_rtcp if \p packet is neither, or is too short for its number of blocks.
    [[nodiscard]] RTPSYNTH_API static result<rtcp_report_view> parse(
        const rtcp_packet_view& packet) noexcept;

    /// The SSRC of the report's sender.
    RTPSYNTH_API std::uint32_t ssrc() const noexcept;
    /// nullopt in an RR.
    RTPSYNTH_API std::optional<sender_info> sender() const noexcept;
    /// 0..31.
    std::size_t block_count() const noexcept { return block_count_; }
    /// Precondition: i < block_count().
    RTPSYNTH_API report_block block(std::size_t i) const noexcept;
    /// The profile-specific bytes after the blocks; usually none.
    RTPSYNTH_API std::span<const std::uint8_t> extension() const noexcept;

private:
    std::span<const std::uint8_t> body_;
    std::uint8_t blocks_offset_ = 0;
    std::uint8_t block_count_ = 0;

    rtcp_report_view() = default;
};

/// The kinds of SDES items (RFC 3550 §6.5). A value may be any other kind, too.
enum class sdes_type : std::uint8_t { cname = 1, name, email, phone, loc, tool, note, priv };

/// One item of an SDES chunk.
struct sdes_item {
    sdes_type type;
    std::string_view text; ///< 0..255 bytes; should be UTF-8, but is not checked

private:
    friend class detail::rtcp_iterator<sdes_item>;
    RTPSYNTH_API static sdes_item at(const std::uint8_t* p) noexcept;
    RTPSYNTH_API static std::size_t size_at(const std::uint8_t* p) noexcept;
};

/// The items of one source in an SDES packet: a forward range of them.
class sdes_chunk {
public:
    using iterator = detail::rtcp_iterator<sdes_item>;

    RTPSYNTH_API std::uint32_t ssrc() const noexcept;
    iterator begin() const noexcept { return iterator{items_.data()}; }
    iterator end() const noexcept { return iterator{items_.data() + items_.size()}; }
    /// The text of the first CNAME item; nullopt if there is none.
    RTPSYNTH_API std::optional<std::string_view> cname() const noexcept;

private:
    friend class detail::rtcp_iterator<sdes_chunk>;

    explicit sdes_chunk(std::span<const std::uint8_t> items) noexcept : items_(items) {}
    RTPSYNTH_API static sdes_chunk at(const std::uint8_t* p) noexcept;
    RTPSYNTH_API static std::size_t size_at(const std::uint8_t* p) noexcept;

    std::span<const std::uint8_t>
        items_; // between the SSRC and the null octet at the end of the list
};

/// An SDES packet: a forward range of its chunks.
class rtcp_sdes_view {
public:
    using iterator = detail::rtcp_iterator<sdes_chunk>;

    /// Fails with errc::bad_rtcp if \p packet is of another type, or a chunk or item runs past its
    /// end. Bytes after the last chunk are ignored.
    [[nodiscard]] RTPSYNTH_API static result<rtcp_sdes_view> parse(
        const rtcp_packet_view& packet) noexcept;

    iterator begin() const noexcept { return iterator{chunks_.data()}; }
    iterator end() const noexcept { return iterator{chunks_.data() + chunks_.size()}; }

private:
    explicit rtcp_sdes_view(std::span<const std::uint8_t> chunks) noexcept : chunks_(chunks) {}

    std::span<const std::uint8_t> chunks_;
};

/// A BYE packet (RFC 3550 §6.6).
class rtcp_bye_view {
public:
    /// Fails with errc::bad_rtcp if \p packet is of another type, or sources or reason run past its
    /// end.
    [[nodiscard]] RTPSYNTH_API static result<rtcp_bye_view> parse(
        const rtcp_packet_view& packet) noexcept;

    /// 0..31.
    std::size_t ssrc_count() const noexcept { return ssrcs_.size() / 4; }
    /// Precondition: i < ssrc_count().
    RTPSYNTH_API std::uint32_t ssrc(std::size_t i) const noexcept;
    /// The reason for leaving; empty if none is given.
    std::string_view reason() const noexcept { return reason_; }

private:
    rtcp_bye_view(std::span<const std::uint8_t> ssrcs, std::string_view reason) noexcept
        : ssrcs_(ssrcs), reason_(reason) {}

    std::span<const std::uint8_t> ssrcs_;
    std::string_view reason_;
};

/// \}

} // namespace rtpsynth
