#include <rtpsynth/base/error.hpp>

namespace rtpsynth {
namespace {

const char* describe(int value) noexcept {
    switch (static_cast<errc>(value)) {
    case errc::packet_too_short:
        return "packet is shorter than its fixed header";
    case errc::bad_version:
        return "version is not 2";
    case errc::extension_truncated:
        return "no room for the header of the header extension";
    case errc::header_truncated:
        return "CSRC list or header extension runs past the end of the packet";
    case errc::padding_missing:
        return "padding is announced but nothing follows the header";
    case errc::padding_too_long:
        return "padding is longer than what follows the header";
    case errc::padding_zero:
        return "padding count is 0";
    case errc::bad_extension:
        return "malformed header extension element";
    case errc::bad_rtcp:
        return "malformed compound RTCP packet";
    case errc::buffer_too_small:
        return "buffer is too small";
    case errc::invalid_argument:
        return "argument is out of range";
    case errc::bad_payload:
        return "payload is not of this codec";
    case errc::bad_frame_size:
        return "the codec does not support packets of this many samples";
    case errc::bad_sdp:
        return "malformed SDP";
    case errc::unsupported_srtp_suite:
        return "SRTP suite is not supported";
    case errc::unsupported_srtp_parameter:
        return "SRTP parameter is not supported";
    case errc::not_authentic:
        return "packet is not authentic";
    case errc::replayed:
        return "packet is a replay or too old";
    case errc::key_exhausted:
        return "lifetime of the key is over";
    case errc::too_many_sources:
        return "too many sources";
    case errc::crypto_failed:
        return "cryptographic library failed";
    case errc::not_enough_memory:
        return "out of memory";
    }
    return value == 0 ? "success" : "unknown rtpsynth error";
}

class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "rtpsynth"; }
    std::string message(int value) const override { return describe(value); }
    char const* message(int value, char*, std::size_t) const noexcept override {
        return describe(value);
    }
};

} // namespace

const boost::system::error_category& error_category() noexcept {
    static const category instance;
    return instance;
}

} // namespace rtpsynth
