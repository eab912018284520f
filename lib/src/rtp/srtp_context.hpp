// A session of libsrtp2: one key and one direction, any number of sources.
#pragma once

#include <rtpsynth/base/compiler.h>
#include <rtpsynth/rtp/srtp.hpp>
#include <rtpsynth/rtp/srtp_key.hpp>

#include <srtp2/srtp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>

namespace rtpsynth::detail {

enum class srtp_kind : std::uint8_t { rtp, rtcp };
enum class srtp_direction : std::uint8_t { out, in };

/// Converts a status of libsrtp2 to an errc.
errc srtp_error(srtp_err_status_t status) noexcept;

class srtp_context {
public:
    /// Errors: errc::invalid_argument (the suite is not available), errc::not_enough_memory,
    /// errc::crypto_failed.
    static result<srtp_context> make(const srtp_key& key, srtp_direction direction,
                                     std::size_t replay_window) noexcept;

    /// The bytes at the end of a protected packet.
    std::size_t overhead(srtp_kind kind) const noexcept {
        return kind == srtp_kind::rtp ? rtp_overhead_ : rtcp_overhead_;
    }

    /// In place. The packet must be aligned to 4 bytes and have room for the overhead.
    result<std::size_t> protect(srtp_kind kind, std::uint8_t* packet, std::size_t size) noexcept;
    result<std::size_t> unprotect(srtp_kind kind, std::uint8_t* packet, std::size_t size) noexcept;

    /// Adds a stream of its own for a source, so that its roll-over counter can be set before its
    /// first packet.
    errc add_source(std::uint32_t ssrc) noexcept;
    void remove_source(std::uint32_t ssrc) noexcept;
    /// Sets the counter of the next packet of a known source. A failed attempt leaves it unchanged.
    void set_roll_over_counter(std::uint32_t ssrc, std::uint32_t counter) noexcept;

    /// Changes the key of all sources; `own` are those of add_source(). Sequence numbers continue.
    errc update(const srtp_key& key, std::span<const std::uint32_t> own) noexcept;

private:
    struct deleter {
        void operator()(srtp_t session) const noexcept { srtp_dealloc(session); }
    };

    srtp_context(const srtp_key& key, srtp_direction direction, std::size_t replay_window) noexcept
        : key_(key), direction_(direction), replay_window_(replay_window) {
        set_key(key);
    }

    void set_key(const srtp_key& key) noexcept;
    std::size_t size_after_mki(srtp_kind kind) const noexcept;

    std::unique_ptr<std::remove_pointer_t<srtp_t>, deleter> session_;
    srtp_key key_;
    srtp_direction direction_;
    std::size_t replay_window_;
    std::size_t rtp_overhead_ = 0;
    std::size_t rtcp_overhead_ = 0;
    // The MKI is written and read here: libsrtp2 looks for it in the wrong place if the tags of RTP
    // and RTCP have different sizes.
    std::size_t mki_size_ = 0; ///< 0: none
    std::array<std::uint8_t, 128> mki_bytes_{};
};

// Inline, since every packet passes through them.

inline result<std::size_t> srtp_context::protect(srtp_kind kind, std::uint8_t* packet,
                                                 std::size_t size) noexcept {
    int length = static_cast<int>(size);
    const srtp_err_status_t status = kind == srtp_kind::rtp
                                         ? srtp_protect(session_.get(), packet, &length)
                                         : srtp_protect_rtcp(session_.get(), packet, &length);
    if (status != srtp_err_status_ok) return srtp_error(status);
    size = static_cast<std::size_t>(length);
    if (mki_size_ == 0) return size;
    std::uint8_t* const after = packet + size - size_after_mki(kind);
    std::memmove(after + mki_size_, after, size_after_mki(kind));
    std::memcpy(after, mki_bytes_.data(), mki_size_);
    return size + mki_size_;
}

inline result<std::size_t> srtp_context::unprotect(srtp_kind kind, std::uint8_t* packet,
                                                   std::size_t size) noexcept {
    if (mki_size_ != 0) {
        std::uint8_t* const after = packet + size - size_after_mki(kind);
        if (std::memcmp(after - mki_size_, mki_bytes_.data(), mki_size_) != 0)
            return errc::not_authentic;
        std::memmove(after - mki_size_, after, size_after_mki(kind));
        size -= mki_size_;
    }
    int length = static_cast<int>(size);
    const srtp_err_status_t status = kind == srtp_kind::rtp
                                         ? srtp_unprotect(session_.get(), packet, &length)
                                         : srtp_unprotect_rtcp(session_.get(), packet, &length);
    if (status != srtp_err_status_ok) return srtp_error(status);
    return static_cast<std::size_t>(length);
}

/// For the constructors. Throws std::invalid_argument and std::bad_alloc.
srtp_context make_srtp_context(const srtp_key& key, srtp_direction direction,
                               const srtp_options& options);

/// Checks the parts of a packet's header on which libsrtp2 relies; `trailer` bytes at its end
/// belong to SRTP.
errc check_srtp_packet(srtp_kind kind, std::span<const std::uint8_t> packet,
                       std::size_t trailer) noexcept;

inline std::uint32_t srtp_ssrc(srtp_kind kind, std::span<const std::uint8_t> packet) noexcept {
    const std::uint8_t* const p = packet.data() + (kind == srtp_kind::rtp ? 8 : 4);
    return static_cast<std::uint32_t>(p[0]) << 24 | static_cast<std::uint32_t>(p[1]) << 16 |
           static_cast<std::uint32_t>(p[2]) << 8 | p[3];
}

inline std::uint16_t srtp_sequence(std::span<const std::uint8_t> packet) noexcept {
    return static_cast<std::uint16_t>(packet[2] << 8 | packet[3]);
}

inline bool is_srtp_aligned(const std::uint8_t* packet) noexcept {
    return reinterpret_cast<std::uintptr_t>(packet) % alignof(std::uint32_t) == 0;
}

/// Calls \p transform(copy) with an aligned copy of the packet, and copies the result back.
template <class Transform>
RTPSYNTH_NOINLINE result<std::size_t> on_srtp_copy(std::uint8_t* packet, std::size_t size,
                                                   Transform&& transform) noexcept {
    alignas(std::uint64_t) std::uint8_t copy[max_srtp_packet + SRTP_MAX_TRAILER_LEN + 4];
    std::memcpy(copy, packet, size);
    const result<std::size_t> made = transform(copy);
    if (made) std::memcpy(packet, copy, *made);
    return made;
}

} // namespace rtpsynth::detail
