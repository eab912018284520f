#include <rtpjbuf.h>

#include <rtpsynth/base/error.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include "packet_info.hpp"

using namespace rtpsynth;

static_assert(RTP_PARSER_PTOOSHRT == static_cast<int>(errc::packet_too_short));
static_assert(RTP_PARSER_IHDRVER == static_cast<int>(errc::bad_version));
static_assert(RTP_PARSER_PTOOSHRTXS == static_cast<int>(errc::extension_truncated));
static_assert(RTP_PARSER_PTOOSHRTXH == static_cast<int>(errc::header_truncated));
static_assert(RTP_PARSER_PTOOSHRTPS == static_cast<int>(errc::padding_missing));
static_assert(RTP_PARSER_PTOOSHRTP == static_cast<int>(errc::padding_too_long));
static_assert(RTP_PARSER_IPS == static_cast<int>(errc::padding_zero));

rtp_parser_err_t rtp_packet_parse_raw(const unsigned char* data, size_t size, rtp_info* info) {
    rtp_packet_view packet;
    if (const errc e = packet.assign(data, data == nullptr ? 0 : size); e != errc{})
        return static_cast<rtp_parser_err_t>(e);
    if (info != nullptr) detail::fill(*info, packet);
    return RTP_PARSER_OK;
}

const char* rtp_packet_parse_errstr(rtp_parser_err_t code) {
    if (code == RTP_PARSER_OK) return "success";
    return error_category().message(code, nullptr, 0);
}
