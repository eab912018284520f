/**
 * \file
 * A static payload type of RFC 3551. C99 and C++: both faces of the library share the struct and
 * the table.
 */
#ifndef RTPSYNTH_PROFILE_H
#define RTPSYNTH_PROFILE_H

/**
 * \addtogroup rtp
 * \{
 */

/** The media of a payload type, as bits: AUDIO_VIDEO is both. */
enum rtp_media_kind { RTP_MEDIA_AUDIO = 1, RTP_MEDIA_VIDEO = 2, RTP_MEDIA_AUDIO_VIDEO = 3 };

/**
 * One row of RFC 3551 §6, tables 4 and 5. The library's rows live as long as the program. A NULL
 * pointer means that RFC 3551 assigns the payload type no encoding: it is dynamic, unassigned or
 * reserved.
 */
struct rtp_profile {
    const char* encoding_name; /**< as registered, for example "PCMU"; never NULL */
    unsigned clock_rate; /**< of the RTP timestamp, Hz; G722's is 8000, half its sampling rate */
    unsigned channels;   /**< of audio; 0: video, or not fixed by the payload type (MPA) */
    enum rtp_media_kind kind;
};

/** \} */

#endif
