/**
 * \file
 * Rates the quality of calls for C, by the E-model (ITU-T G.107). Link with -lrtpsynth.
 * <rtpsynth/audio/call_quality.hpp> and <rtpsynth/audio/emodel.hpp> describe the figures.
 *
 *     struct rtpquality *quality = rtpquality_ctor(NULL);
 *     rtpquality_set_codec(quality, "PCMU", 1);
 *     ...
 *     rtpquality_received(quality, 1);       for each packet that is played
 *     rtpquality_lost(quality, 2);           for packets in whose place nothing is
 *     if (rtpquality_rate(quality, &rating)) printf("MOS %.1f\n", rating.mos);
 *
 * Calls on one object must not overlap; different objects are independent, on any threads. Only the
 * constructor allocates. A failed call changes nothing. Every function accepts NULL for an object:
 * it then fails, or does nothing.
 */
#ifndef RTPQUALITY_H
#define RTPQUALITY_H

#include <rtpaudio.h>
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

/**
 * The parameters of the E-model by their names in G.107. Levels and losses are in dB, dBm0p or
 * dBmp, delays in ms; rtpsynth::emodel_parameters has the range of each. Start from
 * RTPQUALITY_EMODEL_INIT.
 */
struct rtpquality_emodel {
    size_t size;      /**< of this struct, bytes; set by RTPQUALITY_EMODEL_INIT */
    double slr, rlr;  /**< send and receive loudness rating */
    double stmr;      /**< sidetone masking rating */
    double lstr;      /**< listener sidetone rating */
    double ds;        /**< D-value of the telephone at the send side */
    double telr;      /**< talker echo loudness rating */
    double wepl;      /**< weighted echo path loss */
    double t;         /**< mean one-way delay of the echo path */
    double tr;        /**< round-trip delay in a 4-wire loop */
    double ta;        /**< absolute delay in echo-free connections */
    double qdu;       /**< quantization distortion units */
    double ie;        /**< equipment impairment factor, without loss */
    double bpl;       /**< packet-loss robustness factor */
    double ppl;       /**< random packet-loss probability, percent */
    double burst_r;   /**< burst ratio */
    double nc;        /**< circuit noise referred to the 0 dBr point */
    double nfor;      /**< noise floor at the receive side */
    double ps, pr;    /**< room noise at the send and at the receive side */
    double advantage; /**< A, advantage factor */
    double st;        /**< delay sensitivity */
    double mt;        /**< minimum perceivable delay */
};
/** Initialiser of a struct rtpquality_emodel: the defaults of G.107, for which R is 93.2. */
#define RTPQUALITY_EMODEL_INIT                                                                     \
    {                                                                                              \
        sizeof(struct rtpquality_emodel), 8, 2, 15, 18, 3, 65, 110, 0, 0, 0, 1, 0, 4.3, 0, 1, -70, \
            -64, 35, 35, 0, 1, 100                                                                 \
    }

/**
 * The rating factor R of a connection. NaN for parameters for which G.107's formulas give no
 * number, for a size of no known version, and for NULL.
 */
RTPSYNTH_API double rtpquality_r_factor(const struct rtpquality_emodel* connection);
/** The mean opinion score, 1..4.5, of a rating factor. 1 for NaN. */
RTPSYNTH_API double rtpquality_mos_of(double r);

/**
 * Sets the members ie and bpl to the values of ITU-T G.113 for a codec. `codec` is its name in an
 * SDP rtpmap, in upper or lower case: PCMU, PCMA, G723, G729, GSM-EFR; L16, G722 and opus count as
 * PCMU.
 *
 * \param concealed  1 if losses of a codec that does not conceal by itself are concealed, as by
 *                   rtpaudio_concealer_conceal() and rtpplay_pull(); 0 if they are left silent
 *
 * \return RTPAUDIO_OK; RTPAUDIO_EINVAL for another name
 */
RTPSYNTH_API int rtpquality_impairment(struct rtpquality_emodel* connection, const char* codec,
                                       int concealed);

struct rtpquality;

/**
 * Makes an object that rates one direction of a call.
 *
 * \param connection  the known parameters of the telephones at both ends, and of the codec; loss,
 *                    burst ratio and delays are filled in later. NULL: the defaults of G.107
 *
 * \return NULL for a size of no known version or without memory
 */
RTPSYNTH_API struct rtpquality* rtpquality_ctor(const struct rtpquality_emodel* connection);
/** Destroys the object. No-op for NULL. */
RTPSYNTH_API void rtpquality_dtor(struct rtpquality* quality);

/**
 * Changes the codec, by its name; see rtpquality_impairment(). The whole call is then rated with
 * the new one.
 *
 * \return RTPAUDIO_OK or RTPAUDIO_EINVAL
 */
RTPSYNTH_API int rtpquality_set_codec(struct rtpquality* quality, const char* codec, int concealed);

/** The next packets, in order of sequence numbers, were played. */
RTPSYNTH_API void rtpquality_received(struct rtpquality* quality, uint64_t packets);
/** The next packets never arrived. */
RTPSYNTH_API void rtpquality_lost(struct rtpquality* quality, uint64_t packets);
/** The next packets arrived and were not played: too late, or too early. */
RTPSYNTH_API void rtpquality_discarded(struct rtpquality* quality, uint64_t packets);

/**
 * Sets the delays of RFC 3611 section 4.7.3, in ns; negative ones count as 0. The mouth-to-ear
 * delay is half of the sum of the round trip and both end system delays.
 *
 * \param round_trip_ns         between the RTP interfaces
 * \param end_system_ns         our delay: encoding and packetising, jitter buffer and decoding
 * \param remote_end_system_ns  the other side's delay
 */
RTPSYNTH_API void rtpquality_set_delay(struct rtpquality* quality, int64_t round_trip_ns,
                                       int64_t end_system_ns, int64_t remote_end_system_ns);

/** A call's rating so far. Bursts and gaps are those of RFC 3611 section 4.7.2. */
struct rtpquality_rating {
    double r;             /**< the rating factor, not clamped; includes delay if it is known */
    double mos;           /**< the mean opinion score of r: conversational quality */
    double listening_mos; /**< the mean opinion score without delay: listening quality */
    double loss_percent;  /**< packets not played, in percent of all packets */
    double burst_ratio;   /**< 1 for random losses, above for bursty ones */
    double burst_density; /**< share of losses in the packets of bursts, 0..1 */
    double gap_density;   /**< share of losses in the packets of gaps, 0..1 */
    double mean_burst;    /**< length, packets; 0 without a burst */
    double mean_gap;      /**< length, packets; 0 without a gap */
    uint64_t packets;     /**< packets counted */
    uint64_t losses;      /**< packets not played */
    uint64_t bursts;
};

/**
 * Rates the call.
 *
 * \return 1, and *rating is filled in; 0: no packet was counted, or there is no object, and
 *         *rating is all zero
 */
RTPSYNTH_API int rtpquality_rate(const struct rtpquality* quality,
                                 struct rtpquality_rating* rating);

#ifdef __cplusplus
}
#endif

/** \} */

#endif
