/// \file
/// Cipher suites and master keys of SRTP (RFC 3711, RFC 7714), and their text in SDP (SDES, RFC
/// 4568). This header belongs to the component `rtpsynth::srtp`, which is to be linked beside
/// `rtpsynth::rtpsynth`; it is there if libsrtp2 was when rtpsynth was built.
///
/// Threads: distinct objects are independent. One object belongs to one thread at a time.
#pragma once

#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/error.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace rtpsynth {

/// \addtogroup rtp
/// \{

/// How packets are encrypted and authenticated.
enum class srtp_suite : std::uint8_t {
    aes_cm_128_hmac_sha1_80, ///< RFC 4568 §6.2.1: what every peer has
    aes_cm_128_hmac_sha1_32, ///< RFC 4568 §6.2.2: 6 bytes less in each RTP packet
    aead_aes_128_gcm,        ///< RFC 7714
    aead_aes_256_gcm,        ///< RFC 7714
};

/// What a suite is called in SDP, and its sizes in bytes.
struct srtp_suite_profile {
    std::string_view name; ///< as registered: "AES_CM_128_HMAC_SHA1_80"
    std::size_t key_size;
    std::size_t salt_size;
    std::size_t rtp_tag_size;  ///< what authenticates an RTP packet and is appended to it
    std::size_t rtcp_tag_size; ///< beside the 4 bytes of the index, which RTCP packets have too

    constexpr std::size_t key_and_salt_size() const noexcept { return key_size + salt_size; }
};

namespace detail {
inline constexpr std::array<srtp_suite_profile, 4> srtp_suites{{
    {"AES_CM_128_HMAC_SHA1_80", 16, 14, 10, 10},
    {"AES_CM_128_HMAC_SHA1_32", 16, 14, 4, 10},
    {"AEAD_AES_128_GCM", 16, 12, 16, 16},
    {"AEAD_AES_256_GCM", 32, 12, 16, 16},
}};
} // namespace detail

/// The row of \p suite.
constexpr const srtp_suite_profile& profile_of(srtp_suite suite) noexcept {
    return detail::srtp_suites[static_cast<std::size_t>(suite)];
}

/// The suite of that name, in any case; nullopt if there is none or it is not one of ours.
RTPSYNTH_API std::optional<srtp_suite> find_srtp_suite(std::string_view name) noexcept;

/// Names the master key within the packets that it protects (RFC 3711 §3.1): a number that is
/// written in so many bytes at the end of each.
struct srtp_mki {
    std::uint64_t value = 0; ///< less than 256^size
    std::uint8_t size = 1;   ///< 1 to 128

    bool operator==(const srtp_mki&) const = default;
};

/// A master key of one direction, with its salt. The destructor overwrites them; text that was made
/// of it, or that it was made from, is the caller's to keep secret.
class srtp_key {
public:
    static constexpr std::size_t max_size = 44; ///< bytes of key and salt, of any suite

    /// From \p key_and_salt, the key before the salt. Errors: errc::invalid_argument (not as many
    /// bytes as the suite has).
    [[nodiscard]] RTPSYNTH_API static result<srtp_key> from_bytes(
        srtp_suite suite, std::span<const std::uint8_t> key_and_salt) noexcept;

    /// From the key parameters of SDES: `inline:BASE64[|LIFETIME][|MKI:LENGTH]` (RFC 4568 §6.1).
    /// The padding of the base64 may be missing. Errors: errc::bad_sdp, also for several keys.
    [[nodiscard]] RTPSYNTH_API static result<srtp_key> parse(srtp_suite suite,
                                                             std::string_view text) noexcept;

    /// A new key. \p random32 returns 32 random bits each time it is called, and nobody may be able
    /// to guess them: system_random32() will do, except where a sandbox forbids getrandom(2). What
    /// it throws is passed on.
    template <class Random32>
    static srtp_key generate(srtp_suite suite, Random32&& random32) {
        srtp_key key(suite);
        for (std::size_t i = 0; i < key.bytes().size(); i += 4) {
            const auto word = static_cast<std::uint32_t>(random32());
            for (std::size_t j = 0; j < 4; ++j)
                key.bytes_[i + j] = static_cast<std::uint8_t>(word >> (8 * j));
        }
        return key;
    }

    srtp_key(const srtp_key&) = default;
    srtp_key& operator=(const srtp_key&) = default;
    RTPSYNTH_API ~srtp_key();

    srtp_suite suite() const noexcept { return suite_; }

    /// The key and, after it, the salt.
    std::span<const std::uint8_t> bytes() const noexcept {
        return {bytes_.data(), profile_of(suite_).key_and_salt_size()};
    }

    /// How many packets may be protected with it, 1 to 2^48; nullopt: as many as SRTP allows. An
    /// srtp_sender obeys it; an srtp_receiver takes packets beyond it.
    std::optional<std::uint64_t> lifetime() const noexcept { return lifetime_; }

    /// Sets lifetime(), or returns errc::invalid_argument.
    [[nodiscard]] RTPSYNTH_API errc set_lifetime(std::optional<std::uint64_t> packets) noexcept;

    /// nullopt: the packets do not name their key.
    std::optional<srtp_mki> mki() const noexcept { return mki_; }

    /// Sets mki(), or returns errc::invalid_argument.
    [[nodiscard]] RTPSYNTH_API errc set_mki(std::optional<srtp_mki> mki) noexcept;

    /// The text that parse() takes: `inline:…`. Throws std::bad_alloc.
    RTPSYNTH_API std::string text() const;

    friend bool operator==(const srtp_key& a, const srtp_key& b) noexcept {
        return a.suite_ == b.suite_ && a.lifetime_ == b.lifetime_ && a.mki_ == b.mki_ &&
               std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin());
    }

private:
    explicit srtp_key(srtp_suite suite) noexcept : suite_(suite) {}

    srtp_suite suite_;
    std::array<std::uint8_t, max_size> bytes_{};
    std::optional<std::uint64_t> lifetime_;
    std::optional<srtp_mki> mki_;
};

/// An `a=crypto` of SDP (RFC 4568 §9.1): an offered or accepted suite and the key of who wrote it,
/// which protects what that side sends.
struct srtp_crypto {
    std::uint32_t tag = 1; ///< 0 to 999999999; the answer repeats the tag that it accepts
    srtp_key key;

    bool operator==(const srtp_crypto&) const = default;

    /// The value of the attribute, which parse_srtp_crypto() takes: `1 SUITE inline:…`. Throws
    /// std::bad_alloc.
    RTPSYNTH_API std::string text() const;
};

/// Parses the value of an `a=crypto` attribute, as sdp_media::cryptos has it. An offer lists
/// several: take the first that is not an error.
///
/// Of the session parameters, `WSH` and those that begin with `-` change nothing for us and are
/// ignored. All others change the packets and are refused, as RFC 4568 §6.3 demands: `KDR`,
/// `UNENCRYPTED_SRTP`, `UNENCRYPTED_SRTCP`, `UNAUTHENTICATED_SRTP`, `FEC_ORDER`, `FEC_KEY`, and
/// what is not known. So are several keys in one attribute.
///
/// Errors: errc::bad_sdp; errc::unsupported_srtp_suite and errc::unsupported_srtp_parameter, for
/// what is well formed.
[[nodiscard]] RTPSYNTH_API result<srtp_crypto> parse_srtp_crypto(std::string_view value) noexcept;

/// \}

} // namespace rtpsynth
