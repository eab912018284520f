#include <rtpsynth/rtp/srtp_key.hpp>

#include <rtpsynth/rtp/rtpmap.hpp>

#include "text.hpp"

#include <bit>

namespace rtpsynth {
namespace {

using detail::number;
using detail::take_until;
using detail::trimmed;
using std::string_view;

constexpr std::uint64_t longest_lifetime = std::uint64_t{1} << 48; // RFC 3711 §9.2
constexpr std::uint8_t longest_mki = 128;                          // RFC 4568 §6.1
constexpr string_view key_method = "inline:";
constexpr string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Fills `bytes` exactly, or returns false.
bool decode_base64(string_view text, std::span<std::uint8_t> bytes) noexcept {
    const std::size_t digits = (bytes.size() * 8 + 5) / 6;
    const std::size_t padded = (bytes.size() + 2) / 3 * 4;
    if (text.size() != digits && text.size() != padded) return false;
    if (text.substr(digits).find_first_not_of('=') != text.npos) return false;
    std::uint32_t bits = 0;
    unsigned count = 0;
    std::size_t size = 0;
    for (const char c : text.substr(0, digits)) {
        const std::size_t digit = base64_digits.find(c);
        if (digit == base64_digits.npos) return false;
        bits = bits << 6 | static_cast<std::uint32_t>(digit);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes[size++] = static_cast<std::uint8_t>(bits >> count);
    }
    return (bits & ((1U << count) - 1)) == 0; // only one text per key is valid
}

void append_base64(std::string& text, std::span<const std::uint8_t> bytes) {
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t bits = 0;
        for (std::size_t j = 0; j < 3; ++j)
            bits = bits << 8 | (i + j < bytes.size() ? bytes[i + j] : 0U);
        const std::size_t digits = std::min(bytes.size() - i, std::size_t{3}) + 1;
        for (std::size_t j = 0; j < 4; ++j)
            text += j < digits ? base64_digits[bits >> (18 - 6 * j) & 63] : '=';
    }
}

// `2^20` or `1048576`
std::optional<std::uint64_t> parse_lifetime(string_view text) noexcept {
    if (!text.starts_with("2^")) return number<std::uint64_t>(text);
    const auto exponent = number<std::uint8_t>(text.substr(2));
    if (!exponent || *exponent > 48) return std::nullopt;
    return std::uint64_t{1} << *exponent;
}

// `1:4`
std::optional<srtp_mki> parse_mki(string_view text) noexcept {
    const auto value = number<std::uint64_t>(take_until(text, ':'));
    const auto size = number<std::uint8_t>(text);
    if (!value || !size) return std::nullopt;
    return srtp_mki{*value, *size};
}

// RFC 4568 §6.3: whether a parameter can be ignored.
bool can_be_ignored(string_view parameter) noexcept {
    const string_view name = take_until(parameter, '=');
    if (same_encoding(name, "WSH")) return number<std::uint32_t>(parameter).value_or(0) >= 64;
    return name.starts_with('-') && name.size() > 1;
}

} // namespace

std::optional<srtp_suite> find_srtp_suite(string_view name) noexcept {
    for (std::size_t i = 0; i < detail::srtp_suites.size(); ++i)
        if (same_encoding(detail::srtp_suites[i].name, name)) return static_cast<srtp_suite>(i);
    return std::nullopt;
}

srtp_key::~srtp_key() {
    // Volatile, so that the compiler does not omit writes to memory that is not read again.
    volatile std::uint8_t* const bytes = bytes_.data();
    for (std::size_t i = 0; i < max_size; ++i) bytes[i] = 0;
}

result<srtp_key> srtp_key::from_bytes(srtp_suite suite,
                                      std::span<const std::uint8_t> key_and_salt) noexcept {
    if (key_and_salt.size() != profile_of(suite).key_and_salt_size()) return errc::invalid_argument;
    srtp_key key(suite);
    std::copy(key_and_salt.begin(), key_and_salt.end(), key.bytes_.begin());
    return key;
}

result<srtp_key> srtp_key::parse(srtp_suite suite, string_view text) noexcept {
    if (!same_encoding(text.substr(0, key_method.size()), key_method)) return errc::bad_sdp;
    text.remove_prefix(key_method.size());
    srtp_key key(suite);
    const string_view base64 = take_until(text, '|');
    if (!decode_base64(base64, {key.bytes_.data(), key.bytes().size()})) return errc::bad_sdp;
    if (text.empty()) // and nothing after a '|'
        return base64.data() + base64.size() == text.data() ? result<srtp_key>(key) : errc::bad_sdp;
    string_view part = take_until(text, '|');
    if (part.find(':') == part.npos) {
        const auto lifetime = parse_lifetime(part);
        if (!lifetime || key.set_lifetime(lifetime) != errc{}) return errc::bad_sdp;
        if (part.data() + part.size() == text.data()) return key;
        part = take_until(text, '|');
    }
    const auto mki = parse_mki(part);
    if (!mki || key.set_mki(mki) != errc{}) return errc::bad_sdp;
    // The last part has no '|' after it.
    if (part.data() + part.size() != text.data()) return errc::bad_sdp;
    return key;
}

errc srtp_key::set_lifetime(std::optional<std::uint64_t> packets) noexcept {
    if (packets && (*packets == 0 || *packets > longest_lifetime)) return errc::invalid_argument;
    lifetime_ = packets;
    return {};
}

errc srtp_key::set_mki(std::optional<srtp_mki> mki) noexcept {
    if (mki) {
        if (mki->size == 0 || mki->size > longest_mki) return errc::invalid_argument;
        if (mki->size < 8 && mki->value >> (8 * mki->size) != 0) return errc::invalid_argument;
    }
    mki_ = mki;
    return {};
}

std::string srtp_key::text() const {
    std::string text(key_method);
    append_base64(text, bytes());
    if (lifetime_ && std::has_single_bit(*lifetime_))
        text += "|2^" + std::to_string(std::countr_zero(*lifetime_));
    else if (lifetime_)
        text += '|' + std::to_string(*lifetime_);
    if (mki_) text += '|' + std::to_string(mki_->value) + ':' + std::to_string(mki_->size);
    return text;
}

std::string srtp_crypto::text() const {
    return std::to_string(tag) + ' ' + std::string(profile_of(key.suite()).name) + ' ' + key.text();
}

result<srtp_crypto> parse_srtp_crypto(string_view value) noexcept {
    constexpr std::uint32_t largest_tag = 999999999; // RFC 4568 §9.1
    value = trimmed(value);
    const auto tag = number<std::uint32_t>(take_until(value, ' '));
    const string_view suite_name = take_until(value, ' ');
    const string_view key_text = take_until(value, ' ');
    if (!tag || *tag > largest_tag || suite_name.empty() || key_text.empty()) return errc::bad_sdp;
    const auto suite = find_srtp_suite(suite_name);
    if (!suite) return errc::unsupported_srtp_suite;
    if (key_text.find(';') != key_text.npos) return errc::unsupported_srtp_parameter;
    const auto key = srtp_key::parse(*suite, key_text);
    if (!key) return key.error();
    while (!value.empty()) {
        const string_view parameter = take_until(value, ' ');
        if (!parameter.empty() && !can_be_ignored(parameter))
            return errc::unsupported_srtp_parameter;
    }
    return srtp_crypto{*tag, *key};
}

} // namespace rtpsynth
