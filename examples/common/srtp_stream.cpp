#include "common/srtp_stream.hpp"

#ifdef RTPSYNTH_EXAMPLES_WITH_SRTP
#    include <rtpsynth/rtp/srtp.hpp>
#    include <rtpsynth/rtp/srtp_key.hpp>
#endif

#include <stdexcept>

namespace common {
namespace {

namespace po = boost::program_options;

} // namespace

void add_srtp_options(po::options_description& visible) {
    const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    // clang-format off
    visible.add_options()
        ("srtp", text("KEY"),
         "protect RTP and RTCP with this key, which both sides must have: the text inline:... of "
         "SDP's a=crypto (RFC 4568); packets that are not protected with it are refused")
        ("srtp-suite", text("NAME")->default_value("AES_CM_128_HMAC_SHA1_80"),
         "AES_CM_128_HMAC_SHA1_80, AES_CM_128_HMAC_SHA1_32, AEAD_AES_128_GCM or AEAD_AES_256_GCM");
    // clang-format on
}

#ifdef RTPSYNTH_EXAMPLES_WITH_SRTP

namespace {

rtpsynth::srtp_suite suite_of(const std::string& name) {
    const auto suite = rtpsynth::find_srtp_suite(name);
    if (!suite) throw std::invalid_argument("'" + name + "' is not a supported SRTP suite");
    return *suite;
}

// Messages do not contain the key, which is secret.
rtpsynth::srtp_key key_of(const srtp_argument& argument) {
    const rtpsynth::srtp_suite suite = suite_of(argument.suite);
    const auto key = rtpsynth::srtp_key::parse(suite, argument.key);
    if (!key)
        throw std::invalid_argument(
            "--srtp is not a key of " + argument.suite + ": inline: and " +
            std::to_string(rtpsynth::profile_of(suite).key_and_salt_size()) + " bytes in base64");
    return *key;
}

} // namespace

std::optional<srtp_argument> srtp_argument_of(const po::variables_map& given) {
    const auto suite = given["srtp-suite"].as<std::string>();
    if (!given.count("srtp")) {
        static_cast<void>(suite_of(suite));
        return std::nullopt;
    }
    srtp_argument result{given["srtp"].as<std::string>(), suite};
    static_cast<void>(key_of(result));
    if (!rtpsynth::is_available(suite_of(suite)))
        throw std::invalid_argument("the libsrtp2 of this machine has no " + suite);
    return result;
}

struct srtp_stream::state {
    rtpsynth::srtp_sender sender;
    rtpsynth::srtp_receiver receiver;
};

srtp_stream::srtp_stream(const srtp_argument& argument)
    : state_(std::make_unique<state>(state{rtpsynth::srtp_sender(key_of(argument)),
                                           rtpsynth::srtp_receiver(key_of(argument))})) {}

namespace {

std::optional<std::size_t> optional_of(const rtpsynth::result<std::size_t>& size) noexcept {
    return size ? std::optional(*size) : std::nullopt;
}

} // namespace

std::optional<std::size_t> srtp_stream::protect(std::span<std::uint8_t> buffer,
                                                std::size_t size) noexcept {
    return optional_of(state_->sender.protect(buffer, size));
}
std::optional<std::size_t> srtp_stream::protect_rtcp(std::span<std::uint8_t> buffer,
                                                     std::size_t size) noexcept {
    return optional_of(state_->sender.protect_rtcp(buffer, size));
}
std::optional<std::size_t> srtp_stream::unprotect(std::span<std::uint8_t> packet) noexcept {
    return optional_of(state_->receiver.unprotect(packet));
}
std::optional<std::size_t> srtp_stream::unprotect_rtcp(std::span<std::uint8_t> packet) noexcept {
    return optional_of(state_->receiver.unprotect_rtcp(packet));
}

#else

std::optional<srtp_argument> srtp_argument_of(const po::variables_map& given) {
    if (given.count("srtp"))
        throw std::invalid_argument("--srtp: this program was built without SRTP (libsrtp2)");
    return std::nullopt;
}

// Never made, since srtp_argument_of() accepts no argument.
struct srtp_stream::state {};
srtp_stream::srtp_stream(const srtp_argument&) {
    throw std::logic_error("this program was built without SRTP");
}
std::optional<std::size_t> srtp_stream::protect(std::span<std::uint8_t>, std::size_t) noexcept {
    return std::nullopt;
}
std::optional<std::size_t> srtp_stream::protect_rtcp(std::span<std::uint8_t>,
                                                     std::size_t) noexcept {
    return std::nullopt;
}
std::optional<std::size_t> srtp_stream::unprotect(std::span<std::uint8_t>) noexcept {
    return std::nullopt;
}
std::optional<std::size_t> srtp_stream::unprotect_rtcp(std::span<std::uint8_t>) noexcept {
    return std::nullopt;
}

#endif

srtp_stream::~srtp_stream() = default;

} // namespace common
