#include <rtpsdp.h>

#include "result.hpp"

#include <rtpsynth/rtp/payload_format.hpp>
#include <rtpsynth/rtp/sdp.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace rtpsynth;

struct rtpsdp {
    explicit rtpsdp(sdp_description d) : description(std::move(d)) {
        for (const sdp_media& media : description.media) {
            std::vector<std::string>& of_media = encodings.emplace_back();
            for (const sdp_format& format : media.formats) of_media.push_back(format.encoding());
        }
    }

    sdp_description description;
    std::vector<std::vector<std::string>> encodings; // of each medium's formats
};

static_assert(RTPSDP_SENDRECV == static_cast<int>(sdp_direction::sendrecv));
static_assert(RTPSDP_SENDONLY == static_cast<int>(sdp_direction::sendonly));
static_assert(RTPSDP_RECVONLY == static_cast<int>(sdp_direction::recvonly));
static_assert(RTPSDP_INACTIVE == static_cast<int>(sdp_direction::inactive));
static_assert(RTPSDP_UNKNOWN == static_cast<int>(payload_kind::unknown));
static_assert(RTPSDP_MEDIA == static_cast<int>(payload_kind::media));
static_assert(RTPSDP_EVENT == static_cast<int>(payload_kind::event));
static_assert(RTPSDP_COMFORT_NOISE == static_cast<int>(payload_kind::comfort_noise));

rtpsdp* rtpsdp_parse(const char* body, size_t size) {
    return detail::made_or_null([&]() -> rtpsdp* {
        auto parsed = parse_sdp(std::string_view(body, body != nullptr ? size : 0));
        return parsed ? new rtpsdp(std::move(*parsed)) : nullptr;
    });
}

void rtpsdp_dtor(rtpsdp* sdp) { delete sdp; }

int rtpsdp_media_at(const rtpsdp* sdp, size_t index, rtpsdp_media* media) {
    if (sdp == nullptr || media == nullptr || index >= sdp->description.media.size()) return 0;
    const sdp_media& from = sdp->description.media[index];
    *media = {.type = from.type.c_str(),
              .protocol = from.protocol.c_str(),
              .address = from.address.c_str(),
              .port = from.port,
              .rtcp_port = from.rtcp_port ? *from.rtcp_port : -1,
              .ipv6 = from.ipv6,
              .rtcp_mux = from.rtcp_mux,
              .bundle_only = from.bundle_only,
              .is_rtp = from.is_rtp(),
              .is_secure = from.is_secure(),
              .fingerprint = from.fingerprint,
              .direction = static_cast<rtpsdp_direction>(from.direction),
              .ptime_ns = from.ptime ? from.ptime->count() : 0,
              .maxptime_ns = from.maxptime ? from.maxptime->count() : 0};
    return 1;
}

int rtpsdp_format_at(const rtpsdp* sdp, size_t media_index, size_t index, rtpsdp_format* format) {
    if (sdp == nullptr || format == nullptr || media_index >= sdp->description.media.size())
        return 0;
    const sdp_media& media = sdp->description.media[media_index];
    if (index >= media.formats.size()) return 0;
    const sdp_format& from = media.formats[index];
    *format = {.payload_type = from.payload_type,
               .kind = static_cast<rtpsdp_kind>(from.format().kind),
               .encoding = sdp->encodings[media_index][index].c_str(),
               .clock_rate = from.clock_rate,
               .channels = from.channels,
               .fmtp = from.fmtp.c_str()};
    return 1;
}
