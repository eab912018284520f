/**
 * \file
 * Reads an SDP description (RFC 8866), for C. Link with -lrtpsynth. What is read, and what is
 * ignored, is described in <rtpsynth/rtp/sdp.hpp>.
 *
 *     struct rtpsdp *sdp = rtpsdp_parse(body, strlen(body));
 *     for (i = 0; rtpsdp_media_at(sdp, i, &media); i++)
 *         if (strcmp(media.type, "audio") == 0)
 *             for (j = 0; rtpsdp_format_at(sdp, i, j, &format); j++)
 *                 if (format.kind == RTPSDP_MEDIA)
 *                     rtpplay_add_codec(play, format.payload_type, format.encoding);
 *     rtpsdp_dtor(sdp);
 *
 * A description does not change once it is made: any number of threads may read it at once. Texts
 * are valid until it is destroyed, and never NULL.
 */
#ifndef RTPSDP_H
#define RTPSDP_H

#include <rtpsynth/base/compiler.h>

#include <stddef.h>
#include <stdint.h>

/**
 * \addtogroup c
 * \{
 */

#ifdef __cplusplus
extern "C" {
#endif

struct rtpsdp;

/** Who sends, as the description's author sees it. */
enum rtpsdp_direction {
    RTPSDP_SENDRECV = 0,
    RTPSDP_SENDONLY = 1,
    RTPSDP_RECVONLY = 2,
    RTPSDP_INACTIVE = 3
};

/** A media description: an m= line and what belongs to it. */
struct rtpsdp_media {
    const char* type;     /**< "audio", "video", ... */
    const char* protocol; /**< "RTP/AVP", "UDP/TLS/RTP/SAVPF", ... */
    const char* address;  /**< where it is received: an IP address or a host name; "": not said */
    uint16_t port;        /**< 0: refused, or bundled with another medium */
    int rtcp_port;        /**< of a=rtcp; -1: not said, so that it is port + 1, or muxed */
    int ipv6;             /**< 1: the address is of IPv6 */
    int rtcp_mux;         /**< 1: RTP and RTCP may share a port (RFC 5761) */
    int bundle_only;      /**< 1: see RFC 9143 */
    int is_rtp;           /**< 1: the protocol is one over RTP */
    int is_secure;        /**< 1: the protocol demands SRTP */
    int fingerprint;      /**< 1: DTLS-SRTP is offered */
    enum rtpsdp_direction direction;
    int64_t ptime_ns;    /**< of a packet; 0: not said */
    int64_t maxptime_ns; /**< of a packet at most; 0: not said */
};

/** How the timestamps of a format's packets behave. */
enum rtpsdp_kind {
    RTPSDP_UNKNOWN = 0,      /**< neither the description nor RFC 3551 knows it */
    RTPSDP_MEDIA = 1,        /**< audio or video */
    RTPSDP_EVENT = 2,        /**< telephone-event: see rtpevent.h and rtpplay_add_event() */
    RTPSDP_COMFORT_NOISE = 3 /**< CN: see rtpaudio.h and rtpplay_add_comfort_noise() */
};

/** A payload type of a medium. */
struct rtpsdp_format {
    uint8_t payload_type;
    enum rtpsdp_kind kind;
    const char* encoding; /**< as an rtpmap: "PCMU/8000", "opus/48000/2"; "": not known */
    uint32_t clock_rate;  /**< Hz; 0: not known */
    unsigned channels;
    const char* fmtp; /**< the parameters of a=fmtp; "": none */
};

/**
 * Parses the first description in body[0..size), from its v=0 on. A line that is malformed or not
 * known is ignored.
 *
 * \return NULL if there is no line v=0, or without memory. Destroy it with rtpsdp_dtor().
 */
RTPSYNTH_API struct rtpsdp* rtpsdp_parse(const char* body, size_t size);
/** Destroys a description. No-op for NULL. */
RTPSYNTH_API void rtpsdp_dtor(struct rtpsdp* sdp);

/**
 * The medium of the m= line of that index, from 0 on. A malformed one has its place as well, with
 * an empty type and port 0.
 *
 * \return 1, and *media is filled in; 0: there are not so many, or an argument is NULL
 */
RTPSYNTH_API int rtpsdp_media_at(const struct rtpsdp* sdp, size_t index,
                                 struct rtpsdp_media* media);
/**
 * A payload type of the medium of that index, the preferred one first.
 *
 * \return 1, and *format is filled in; 0: there are not so many, or an argument is NULL
 */
RTPSYNTH_API int rtpsdp_format_at(const struct rtpsdp* sdp, size_t media_index, size_t index,
                                  struct rtpsdp_format* format);

#ifdef __cplusplus
}
#endif

/** \} */

#endif
