/**
 * \file
 * What RFC 3551 says about a static payload type. C99 and C++: both faces of the library share the
 * struct and the one table of it.
 */
#ifndef RTPSYNTH_PROFILE_H
#define RTPSYNTH_PROFILE_H

/** The media a payload type carries: bits, so that AUDIO_VIDEO is both. */
enum rtp_media_kind { RTP_MEDIA_AUDIO = 1, RTP_MEDIA_VIDEO = 2, RTP_MEDIA_AUDIO_VIDEO = 3 };

/**
 * One row of RFC 3551 §6, tables 4 and 5. The library's rows live as long as the program. A payload
 * type that has none, because it is dynamic, unassigned or reserved, is a NULL pointer everywhere.
 */
struct rtp_profile {
    const char* encoding_name; /**< as registered, e.g. "PCMU"; never NULL */
    unsigned clock_rate; /**< of the RTP timestamp, Hz; G722's is 8000, half its sampling rate */
    unsigned channels;   /**< of audio; 0: video, or not fixed by the payload type (MPA) */
    enum rtp_media_kind kind;
};

#endif
