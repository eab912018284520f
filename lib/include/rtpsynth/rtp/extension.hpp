/// \file
/// The elements of an RTP header extension (RFC 8285 §4).
#pragma once

#include <rtpsynth/base/error.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <ranges>
#include <span>

namespace rtpsynth {

/// \addtogroup rtp
/// \{

/// Profile of an extension in the one-byte form: ids 1..14, 1..16 bytes of data each (§4.2).
inline constexpr std::uint16_t one_byte_extension = 0xbede;
/// Profile of the two-byte form: ids 1..255, 0..255 bytes each (§4.3). Its low four bits, the
/// "appbits", are the application's: any of 0x1000..0x100f.
inline constexpr std::uint16_t two_byte_extension = 0x1000;

/// Whether a header extension with this profile is in RFC 8285's one-byte form (§4.2).
constexpr bool is_one_byte_extension(std::uint16_t profile) noexcept {
    return profile == one_byte_extension;
}

/// Whether it is in the two-byte form, whichever its appbits (§4.3).
constexpr bool is_two_byte_extension(std::uint16_t profile) noexcept {
    return (profile & 0xfff0) == two_byte_extension;
}

/// One element. Its data is a view of the packet's bytes.
struct rtp_extension_element {
    std::uint8_t id = 0;
    std::span<const std::uint8_t> data{};
};

/// A forward range over the elements of one extension, without padding:
///
///     for (const auto& [id, data] : rtp_extension_elements{view}) ...
///
/// The range is empty if the extension has neither form of RFC 8285. Iteration ends before the
/// first malformed element, and before the id 15 that ends a one-byte extension; validate() tells
/// the two apart. Ids may repeat. Nothing is allocated, nothing outside the body is read, and each
/// call takes at most linear time in the size of the body.
///
/// Lifetime: iterators and elements borrow the body, not the range.
/// Threads: a value type; distinct objects are independent.
class rtp_extension_elements {
public:
    class iterator;

    /// No elements.
    rtp_extension_elements() = default;
    /// The elements of \p packet; none if it has no extension.
    explicit rtp_extension_elements(const rtp_packet_view& packet) noexcept
        : rtp_extension_elements(packet.extension_profile(), packet.extension()) {}
    /// The elements in \p body, that of an extension with this \p profile.
    constexpr rtp_extension_elements(std::uint16_t profile,
                                     std::span<const std::uint8_t> body) noexcept
        : body_(body), profile_(profile) {}

    constexpr iterator begin() const noexcept;
    constexpr std::default_sentinel_t end() const noexcept { return {}; }

    /// The data of the first element with this \p id; nullopt if there is none before the end.
    constexpr std::optional<std::span<const std::uint8_t>> find(std::uint8_t id) const noexcept;

    /// Fails with errc::bad_extension if an element runs past the end of the body, or if an element
    /// of the one-byte form has id 0 and a length other than 0, where RFC 8285 §4.1.2 requires the
    /// parser to stop.
    [[nodiscard]] constexpr result<void> validate() const noexcept;

    constexpr std::uint16_t profile() const noexcept { return profile_; }
    /// The low four bits of the two-byte form's profile; 0 in the one-byte form.
    constexpr unsigned appbits() const noexcept {
        return is_two_byte_extension(profile_) ? profile_ & 0x0fU : 0U;
    }

private:
    std::span<const std::uint8_t> body_;
    std::uint16_t profile_ = 0;
};

/// A forward iterator that yields elements by value.
class rtp_extension_elements::iterator {
public:
    using value_type = rtp_extension_element;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::forward_iterator_tag;

    constexpr iterator() = default;

    constexpr value_type operator*() const noexcept { return element_; }
    constexpr iterator& operator++() noexcept {
        advance();
        return *this;
    }
    constexpr iterator operator++(int) noexcept {
        const iterator before = *this;
        advance();
        return before;
    }
    /// Iterators of one range are equal at the same element, and all at the end.
    friend constexpr bool operator==(const iterator& a, const iterator& b) noexcept {
        return (a.state_ == state::element) == (b.state_ == state::element) &&
               a.rest_.size() == b.rest_.size();
    }
    friend constexpr bool operator==(const iterator& i, std::default_sentinel_t) noexcept {
        return i.state_ != state::element;
    }

private:
    friend rtp_extension_elements;

    enum class state : std::uint8_t { element, end, malformed };

    constexpr iterator(std::span<const std::uint8_t> body, bool two_byte) noexcept
        : rest_(body), two_byte_(two_byte) {
        advance();
    }

    constexpr void advance() noexcept {
        while (!rest_.empty() && rest_[0] == 0) rest_ = rest_.subspan(1); // padding
        if (rest_.empty()) return stop(state::end);
        const unsigned first = rest_[0];
        const std::size_t header = two_byte_ ? 2 : 1;
        if (!two_byte_ && first >> 4 == 15) return stop(state::end);
        if (!two_byte_ && first >> 4 == 0) return stop(state::malformed);
        if (rest_.size() < header) return stop(state::malformed);
        const std::size_t size = two_byte_ ? rest_[1] : (first & 0x0f) + 1;
        if (rest_.size() - header < size) return stop(state::malformed);
        element_ = {static_cast<std::uint8_t>(two_byte_ ? first : first >> 4),
                    rest_.subspan(header, size)};
        rest_ = rest_.subspan(header + size);
        state_ = state::element;
    }

    constexpr void stop(state why) noexcept {
        state_ = why;
        rest_ = {};
        element_ = {};
    }

    std::span<const std::uint8_t> rest_; // what follows element_
    rtp_extension_element element_;
    bool two_byte_ = false;
    state state_ = state::end;
};

constexpr rtp_extension_elements::iterator rtp_extension_elements::begin() const noexcept {
    const bool two_byte = is_two_byte_extension(profile_);
    if (!two_byte && !is_one_byte_extension(profile_)) return {};
    return {body_, two_byte};
}

constexpr std::optional<std::span<const std::uint8_t>> rtp_extension_elements::find(
    std::uint8_t id) const noexcept {
    for (const auto& [element_id, data] : *this)
        if (element_id == id) return data;
    return std::nullopt;
}

constexpr result<void> rtp_extension_elements::validate() const noexcept {
    iterator i = begin();
    while (i != end()) ++i;
    if (i.state_ == iterator::state::malformed) return errc::bad_extension;
    return {};
}

/// \}

} // namespace rtpsynth

template <>
inline constexpr bool std::ranges::enable_borrowed_range<rtpsynth::rtp_extension_elements> = true;
