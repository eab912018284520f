#include "srtp_context.hpp"

#include <array>
#include <bit>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace rtpsynth::detail {
namespace {

constexpr std::size_t srtcp_index_size = 4;

// Once per process, and never undone. It fails if the program has called it before, which does no
// harm: srtp_create() fails if libsrtp2 does not work.
void initialise_libsrtp() noexcept {
    static const bool done = [] {
        srtp_init();
        return true;
    }();
    static_cast<void>(done);
}

// The key description that libsrtp2 takes, which points into the key.
class key_policy {
public:
    key_policy(const srtp_key& key, std::size_t replay_window) noexcept {
        switch (key.suite()) {
        case srtp_suite::aes_cm_128_hmac_sha1_80:
            srtp_crypto_policy_set_rtp_default(&policy_.rtp);
            srtp_crypto_policy_set_rtcp_default(&policy_.rtcp);
            break;
        case srtp_suite::aes_cm_128_hmac_sha1_32:
            srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy_.rtp);
            srtp_crypto_policy_set_rtcp_default(&policy_.rtcp); // 80 bits: RFC 4568 §6.2.2
            break;
        case srtp_suite::aead_aes_128_gcm:
            srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy_.rtp);
            srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy_.rtcp);
            break;
        case srtp_suite::aead_aes_256_gcm:
            srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy_.rtp);
            srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy_.rtcp);
            break;
        }
        policy_.window_size = static_cast<unsigned long>(replay_window);
        policy_.key = const_cast<unsigned char*>(key.bytes().data()); // only read
    }

    const srtp_policy_t* for_any(srtp_direction direction) noexcept {
        policy_.ssrc.type = direction == srtp_direction::in ? ssrc_any_inbound : ssrc_any_outbound;
        return &policy_;
    }
    const srtp_policy_t* for_source(std::uint32_t ssrc) noexcept {
        policy_.ssrc = {ssrc_specific, ssrc};
        return &policy_;
    }

private:
    srtp_policy_t policy_{};
};

} // namespace

errc srtp_error(srtp_err_status_t status) noexcept {
    switch (status) {
    case srtp_err_status_ok:
        return errc{};
    case srtp_err_status_replay_fail:
    case srtp_err_status_replay_old:
    case srtp_err_status_pkt_idx_old:
        return errc::replayed;
    case srtp_err_status_auth_fail:
    case srtp_err_status_cant_check: // an RTCP packet whose E bit is not set
        return errc::not_authentic;
    case srtp_err_status_key_expired:
        return errc::key_exhausted;
    case srtp_err_status_alloc_fail:
        return errc::not_enough_memory;
    default:
        return errc::crypto_failed;
    }
}

result<srtp_context> srtp_context::make(const srtp_key& key, srtp_direction direction,
                                        std::size_t replay_window) noexcept {
    initialise_libsrtp();
    srtp_context made(key, direction, replay_window);
    key_policy policy(key, replay_window);
    srtp_t session = nullptr;
    const srtp_err_status_t status = srtp_create(&session, policy.for_any(direction));
    if (status == srtp_err_status_alloc_fail) return errc::not_enough_memory;
    // It has no number for "no such cipher".
    if (status != srtp_err_status_ok) return errc::invalid_argument;
    made.session_.reset(session);
    return made;
}

srtp_context make_srtp_context(const srtp_key& key, srtp_direction direction,
                               const srtp_options& options) {
    if (options.replay_window < 64 || options.replay_window > 32767)
        throw std::invalid_argument("replay_window " + std::to_string(options.replay_window) +
                                    " is not 64 to 32767");
    if (options.max_sources < 1 || options.max_sources > 1024)
        throw std::invalid_argument("max_sources " + std::to_string(options.max_sources) +
                                    " is not 1 to 1024");
    auto context = srtp_context::make(key, direction, options.replay_window);
    if (context) return std::move(*context);
    if (context.error() == errc::not_enough_memory) throw std::bad_alloc();
    throw std::invalid_argument("suite " + std::string(profile_of(key.suite()).name) +
                                " is not available");
}

void srtp_context::set_key(const srtp_key& key) noexcept {
    key_ = key;
    mki_size_ = key.mki() ? key.mki()->size : 0;
    std::uint64_t value = key.mki() ? key.mki()->value : 0;
    for (std::size_t i = mki_size_; i-- > 0; value >>= 8)
        mki_bytes_[i] = static_cast<std::uint8_t>(value);
    const srtp_suite_profile& profile = profile_of(key.suite());
    rtp_overhead_ = mki_size_ + profile.rtp_tag_size;
    rtcp_overhead_ = mki_size_ + profile.rtcp_tag_size + srtcp_index_size;
}

// RFC 3711 §3.1: the tag, which does not authenticate the MKI. RFC 7714 §8.2, §9.3: none.
std::size_t srtp_context::size_after_mki(srtp_kind kind) const noexcept {
    const srtp_suite_profile& profile = profile_of(key_.suite());
    if (profile.salt_size == 12) return 0;
    return kind == srtp_kind::rtp ? profile.rtp_tag_size : profile.rtcp_tag_size;
}

errc srtp_context::add_source(std::uint32_t ssrc) noexcept {
    key_policy policy(key_, replay_window_);
    return srtp_error(srtp_add_stream(session_.get(), policy.for_source(ssrc)));
}

void srtp_context::remove_source(std::uint32_t ssrc) noexcept {
    // This is the only call of libsrtp2 that takes an SSRC in network order.
    const std::array<std::uint8_t, 4> network{
        static_cast<std::uint8_t>(ssrc >> 24), static_cast<std::uint8_t>(ssrc >> 16),
        static_cast<std::uint8_t>(ssrc >> 8), static_cast<std::uint8_t>(ssrc)};
    srtp_remove_stream(session_.get(), std::bit_cast<unsigned int>(network));
}

void srtp_context::set_roll_over_counter(std::uint32_t ssrc, std::uint32_t counter) noexcept {
    srtp_set_stream_roc(session_.get(), ssrc, counter);
}

errc srtp_context::update(const srtp_key& key, std::span<const std::uint32_t> own) noexcept {
    key_policy policy(key, replay_window_);
    errc error = srtp_error(srtp_update(session_.get(), policy.for_any(direction_)));
    for (const std::uint32_t ssrc : own)
        if (error == errc{})
            error = srtp_error(srtp_update(session_.get(), policy.for_source(ssrc)));
    if (error == errc{}) set_key(key);
    return error;
}

errc check_srtp_packet(srtp_kind kind, std::span<const std::uint8_t> packet,
                       std::size_t trailer) noexcept {
    if (packet.size() > max_srtp_packet) return errc::invalid_argument;
    if (packet.size() < trailer + (kind == srtp_kind::rtp ? 12 : 8)) return errc::packet_too_short;
    if (packet[0] >> 6 != 2) return errc::bad_version;
    if (kind == srtp_kind::rtcp) return errc{};
    const std::size_t size = packet.size() - trailer;
    std::size_t header = 12 + 4 * (packet[0] & 15U);
    if ((packet[0] & 0x10) != 0) {
        if (header + 4 > size) return errc::extension_truncated;
        header += 4 + 4 * (std::size_t{packet[header + 2]} << 8 | packet[header + 3]);
    }
    return header > size ? errc::header_truncated : errc{};
}

} // namespace rtpsynth::detail
