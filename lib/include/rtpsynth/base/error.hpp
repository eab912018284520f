/// \file
/// Errors, as boost::system error codes. The whole library reports them in one way:
///
/// - A constructor throws std::invalid_argument, whose message names the argument and its range,
///   and std::bad_alloc if it allocates.
/// - Every other function that can fail returns a result<T> whose error is an errc, or, without a
///   result, an errc: errc{} is success. A failed call has changed nothing.
/// - Functions that are called for each packet are noexcept. Exceptions of the caller's own sink
///   are passed on.
/// - A late, duplicate or unexpected packet is an outcome and not an error. It is returned or
///   counted, or the sink gets it with a reason.
/// - Functions that return an error or a result are [[nodiscard]].
/// - The C face returns NULL or a negative code. No exception passes through it.
#pragma once

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <rtpsynth/base/compiler.h>

#include <type_traits>

namespace rtpsynth {

/// \addtogroup base
/// \{

/// The values are those of the C face (`RTP_PARSER_…`, `RJB_ENOMEM`). 0, errc{}, is success.
enum class errc : int {
    packet_too_short = -1, ///< shorter than a fixed RTP header (RFC 3550 §5.1) or an RTCP header
    bad_version = -2,      ///< version is not 2
    extension_truncated = -3,     ///< X is set and there is no room for the extension's own header
    header_truncated = -4,        ///< CSRC list or extension body runs past the end
    padding_missing = -5,         ///< P is set and nothing follows the header
    padding_too_long = -6,        ///< the padding count reaches into the header
    padding_zero = -7,            ///< P is set and the padding count is 0
    bad_extension = -20,          ///< a header extension element does not fit (RFC 8285 §4)
    bad_rtcp = -21,               ///< not a valid compound RTCP packet (RFC 3550 A.2)
    buffer_too_small = -22,       ///< the caller's storage cannot hold the result
    invalid_argument = -23,       ///< an argument is outside its documented range
    bad_payload = -24,            ///< not a payload of the decoder's codec
    bad_frame_size = -25,         ///< the codec does not support packets of this many samples
    bad_sdp = -26,                ///< not an SDP description, or not an rtpmap (RFC 8866)
    unsupported_srtp_suite = -27, ///< not a suite of srtp_suite
    unsupported_srtp_parameter = -28, ///< a parameter of `a=crypto` that changes the packets
    not_authentic = -29,    ///< the authentication tag is wrong: other key, forged or damaged
    replayed = -30,         ///< the index was received before, or is older than the replay window
    key_exhausted = -31,    ///< the key's lifetime, in packets, is over (RFC 3711 §9.2)
    too_many_sources = -32, ///< no room for another SSRC
    crypto_failed = -33,    ///< the cryptographic library reported an error
    not_enough_memory = -1007, ///< no memory; nothing has changed
};

/// The category of errc, named "rtpsynth". Its messages are English phrases.
RTPSYNTH_API const boost::system::error_category& error_category() noexcept;

/// boost::system::error_code calls this when it is constructed from an errc.
inline boost::system::error_code make_error_code(errc e) noexcept {
    return {static_cast<int>(e), error_category()};
}

/// The result of a call that may fail: a T, or an errc, which converts to
/// boost::system::error_code.
/// value() on a failure throws boost::system::system_error.
template <class T>
using result = boost::system::result<T, errc>;

/// \}

} // namespace rtpsynth

namespace boost::system {
template <>
struct is_error_code_enum<rtpsynth::errc> : std::true_type {};
} // namespace boost::system
