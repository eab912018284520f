/// \file
/// Cipher suites and master keys of SRTP (RFC 3711, RFC 7714), and their text in SDP (SDES, RFC
/// 4568). This header belongs to the component `rtpsynth::srtp`, which must be linked in addition
/// to `rtpsynth::rtpsynth`. The component exists if libsrtp2 was found when rtpsynth was built.
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
    aes_cm_128_hmac_sha1_80, ///< RFC 4568 §6.2.1: every implementation has it
    aes_cm_128_hmac_sha1_32, ///< RFC 4568 §6.2.2: an RTP tag of 4 bytes instead of 10
    aead_aes_128_gcm,        ///< RFC 7714
    aead_aes_256_gcm,        ///< RFC 7714
};

/// The name of a suite in SDP, and its sizes in bytes.
struct srtp_suite_profile {
    std::string_view name; ///< as registered: "AES_CM_128_HMAC_SHA1_80"
    std::size_t key_size;
    std::size_t salt_size;
    std::size_t rtp_tag_size;  ///< the authentication tag at the end of an RTP packet
    std::size_t rtcp_tag_size; ///< of an RTCP packet, without the 4 bytes of the index

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

/// The suite of that name, in upper or lower case; nullopt if the name is unknown or the suite not
/// supported.
RTPSYNTH_API std::optional<srtp_suite> find_srtp_suite(std::string_view name) noexcept;

/// The master key identifier (RFC 3711 §3.1): a number of `size` bytes at the end of each packet,
/// which names the packet's master key.
struct srtp_mki {
    std::uint64_t value = 0; ///< less than 256^size
    std::uint8_t size = 1;   ///< 1 to 128

    bool operator==(const srtp_mki&) const = default;
};

/// A master key of one direction, with its salt. The destructor overwrites both. Keeping the text
/// of a key secret is the caller's task.
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

    /// Generates a key. \p random32 returns 32 unpredictable random bits each time it is called.
    /// system_random32() will do, except where a sandbox forbids getrandom(2). Its exceptions are
    /// passed on.
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

    /// The number of packets that may be protected with the key, 1 to 2^48; nullopt: SRTP's
    /// maximum. An srtp_sender enforces it; an srtp_receiver accepts packets beyond it.
    std::optional<std::uint64_t> lifetime() const noexcept { return lifetime_; }

    /// Sets lifetime(), or returns errc::invalid_argument.
    [[nodiscard]] RTPSYNTH_API errc set_lifetime(std::optional<std::uint64_t> packets) noexcept;

    /// The master key identifier; nullopt: the packets have none.
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

/// An `a=crypto` of SDP (RFC 4568 §9.1): an offered or accepted suite and the key of its author,
/// which protects what the author sends.
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
/// The session parameters `WSH` and those that begin with `-` are ignored, since they do not affect
/// us. All others change the packets and are rejected, as RFC 4568 §6.3 requires: `KDR`,
/// `UNENCRYPTED_SRTP`, `UNENCRYPTED_SRTCP`, `UNAUTHENTICATED_SRTP`, `FEC_ORDER`, `FEC_KEY`, and
/// unknown ones. Several keys in one attribute are rejected as well.
///
/// Errors: errc::bad_sdp; for well-formed text errc::unsupported_srtp_suite and
/// errc::unsupported_srtp_parameter.
[[nodiscard]] RTPSYNTH_API result<srtp_crypto> parse_srtp_crypto(std::string_view value) noexcept;

/// \}

} // namespace rtpsynth
