/// \file
/// What can be wrong with a datagram or a call, as a boost::system error code.
#pragma once

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <rtpsynth/base/compiler.h>

#include <type_traits>

namespace rtpsynth {

/// The values are those of the C face (`RTP_PARSER_…`, `RJB_ENOMEM`). 0 is success and has no name.
enum class errc : int {
    packet_too_short = -1, ///< fewer bytes than a fixed RTP header (RFC 3550 §5.1) or RTCP packet
    bad_version = -2,      ///< version is not 2
    extension_truncated = -3,  ///< X is set and there is no room for the extension's own header
    header_truncated = -4,     ///< CSRC list or extension body runs past the end
    padding_missing = -5,      ///< P is set and nothing follows the header
    padding_too_long = -6,     ///< the padding count reaches into the header
    padding_zero = -7,         ///< P is set and the padding count is 0
    bad_extension = -20,       ///< a header extension element does not fit (RFC 8285 §4)
    bad_rtcp = -21,            ///< not a valid compound RTCP packet (RFC 3550 A.2)
    buffer_too_small = -22,    ///< the caller's storage cannot hold the result
    invalid_argument = -23,    ///< an argument is outside its documented range
    not_enough_memory = -1007, ///< no memory; nothing has changed
};

/// A category of its own, "rtpsynth". The messages are complete English phrases.
RTPSYNTH_API const boost::system::error_category& error_category() noexcept;

/// Found by boost::system::error_code where an errc is converted to it.
inline boost::system::error_code make_error_code(errc e) noexcept {
    return {static_cast<int>(e), error_category()};
}

/// The outcome of a call that may fail: a T, or an errc that converts to boost::system::error_code.
/// value() on a failure throws boost::system::system_error.
template <class T>
using result = boost::system::result<T, errc>;

} // namespace rtpsynth

namespace boost::system {
template <>
struct is_error_code_enum<rtpsynth::errc> : std::true_type {};
} // namespace boost::system
