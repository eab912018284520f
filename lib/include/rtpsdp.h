/**
 * \file
 * Parses an SDP description (RFC 8866), for C. Link with -lrtpsynth. <rtpsynth/rtp/sdp.hpp>
 * describes what is parsed and what is ignored.
 *
 *     struct rtpsdp *sdp = rtpsdp_parse(body, strlen(body));
 *     for (i = 0; rtpsdp_media_at(sdp, i, &media); i++)
 *         if (strcmp(media.type, "audio") == 0)
 *             for (j = 0; rtpsdp_format_at(sdp, i, j, &format); j++)
 *                 if (format.kind == RTPSDP_MEDIA)
 *                     rtpplay_add_codec(play, format.payload_type, format.encoding);
 *     rtpsdp_dtor(sdp);
 *
 * A description never changes: any number of threads may read it at once. Strings are valid until
 * it is destroyed, and never NULL.
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

/** The direction of the media, from the view of the description's author. */
enum rtpsdp_direction {
    RTPSDP_SENDRECV = 0,
    RTPSDP_SENDONLY = 1,
    RTPSDP_RECVONLY = 2,
    RTPSDP_INACTIVE = 3
};

/** A media description: an m= line and the lines that belong to it. */
struct rtpsdp_media {
    const char* type;     /**< "audio", "video", ... */
    const char* protocol; /**< "RTP/AVP", "UDP/TLS/RTP/SAVPF", ... */
    const char*
        address; /**< the address that receives the media, an IP address or a host name; "": none */
    uint16_t port;   /**< 0: refused, or bundled with another medium */
    int rtcp_port;   /**< of a=rtcp; -1: not given, so that it is port + 1, or muxed */
    int ipv6;        /**< 1: the address is of IPv6 */
    int rtcp_mux;    /**< 1: RTP and RTCP may share a port (RFC 5761) */
    int bundle_only; /**< 1: see RFC 9143 */
    int is_rtp;      /**< 1: the protocol is a profile of RTP */
    int is_secure;   /**< 1: the protocol requires SRTP */
    int fingerprint; /**< 1: DTLS-SRTP is offered */
    enum rtpsdp_direction direction;
    int64_t ptime_ns;    /**< of a packet; 0: not given */
    int64_t maxptime_ns; /**< of a packet at most; 0: not given */
};

/** How the timestamps of a format's packets behave. */
enum rtpsdp_kind {
    RTPSDP_UNKNOWN = 0,      /**< given by neither the description nor RFC 3551 */
    RTPSDP_MEDIA = 1,        /**< audio or video */
    RTPSDP_EVENT = 2,        /**< telephone-event: see rtpevent.h and rtpplay_add_event() */
    RTPSDP_COMFORT_NOISE = 3 /**< CN: see rtpaudio.h and rtpplay_add_comfort_noise() */
};

/** A payload type of a medium. */
struct rtpsdp_format {
    uint8_t payload_type;
    enum rtpsdp_kind kind;
    const char* encoding; /**< as an rtpmap: "PCMU/8000", "opus/48000/2"; "": unknown */
    uint32_t clock_rate;  /**< Hz; 0: unknown */
    unsigned channels;
    const char* fmtp; /**< the parameters of a=fmtp; "": none */
};

/**
 * Parses the first description in body[0..size), from its v=0 on. Malformed and unknown lines are
 * ignored.
 *
 * \return NULL if there is no line v=0, or without memory. Destroy it with rtpsdp_dtor().
 */
RTPSYNTH_API struct rtpsdp* rtpsdp_parse(const char* body, size_t size);
/** Destroys a description. No-op for NULL. */
RTPSYNTH_API void rtpsdp_dtor(struct rtpsdp* sdp);

/**
 * The media description with this index, from 0 on. A malformed m= line keeps its place, with an
 * empty type and port 0.
 *
 * \return 1, and *media is filled in; 0: there is none with this index, or an argument is NULL
 */
RTPSYNTH_API int rtpsdp_media_at(const struct rtpsdp* sdp, size_t index,
                                 struct rtpsdp_media* media);
/**
 * A payload type of the media description with this index, the preferred one first.
 *
 * \return 1, and *format is filled in; 0: there is none with this index, or an argument is NULL
 */
RTPSYNTH_API int rtpsdp_format_at(const struct rtpsdp* sdp, size_t media_index, size_t index,
                                  struct rtpsdp_format* format);

#ifdef __cplusplus
}
#endif

/** \} */

#endif
