/**
 * \file
 * Playout of voice for C: turns the packets of one RTP stream, as they arrive, into gapless audio.
 * Link with -lrtpsynth. <rtpsynth/jitter/playout.hpp> describes it in detail.
 *
 *     struct rtpplay_opts opts = RTPPLAY_OPTS_INIT(8000);
 *     void *play = rtpplay_ctor(&opts);
 *     rtpplay_add_codec(play, 0, "PCMU/8000");
 *     ...
 *     rtpplay_insert(play, datagram, size, now_ns);    for each packet
 *     kind = rtpplay_pull(play, now_ns, pcm, 160);     every 20 ms
 *
 * A playout is a `void *` made by rtpplay_ctor(). Calls on one of them must not overlap; different
 * ones are independent, on any threads. A failed call changes nothing. Times are nanoseconds of the
 * caller's monotonic clock; audio is mono, 16 bits signed, in native order. <rtpjbuf.h> tells how
 * structs may grow.
 */
#ifndef RTPPLAY_H
#define RTPPLAY_H

#include <rtpjbuf.h>
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

/** The kind of audio in a tick; if it has several kinds, the first of them in this list. */
enum rtpplay_kind {
    RTPPLAY_CONCEALED = 0,     /**< generated in place of missing packets */
    RTPPLAY_STRETCHED = 1,     /**< speech with a part repeated, which increases the delay */
    RTPPLAY_COMPRESSED = 2,    /**< speech with a part left out, which reduces the delay */
    RTPPLAY_SPEECH = 3,        /**< speech as it was received */
    RTPPLAY_COMFORT_NOISE = 4, /**< a pause for which the sender described the noise */
    RTPPLAY_SILENCE = 5        /**< a pause, or no packets for 60 ms */
};

/** Results of the functions that add a payload type. */
enum rtpplay_err {
    RTPPLAY_OK = 0,
    RTPPLAY_EINVAL = -1, /**< an argument is out of its range, or the codec is unknown */
    RTPPLAY_ENOMEM = -2  /**< no memory */
};

/** The options of a playout. Start from RTPPLAY_OPTS_INIT. */
struct rtpplay_opts {
    size_t size;              /**< of this struct, bytes; set by RTPPLAY_OPTS_INIT */
    uint32_t rate;            /**< of the audio that is pulled, 8000..96000 Hz */
    int64_t initial_delay_ns; /**< how long the first packet of a stream waits, 0..10^10 */
    int64_t min_delay_ns;     /**< 0..10^10 */
    int64_t max_delay_ns;     /**< min_delay_ns..10^10; equal to min_delay_ns: a fixed delay */
    double late_target;       /**< the tolerated share of packets that come too late, 0..0.1 */
};
/** Initialiser of a struct rtpplay_opts: the defaults, with this rate. */
#define RTPPLAY_OPTS_INIT(rate)                                                                    \
    { sizeof(struct rtpplay_opts), (uint32_t)(rate), 40000000, 0, 500000000, 0.01 }

/**
 * Makes a playout.
 *
 * \return NULL for an option out of range, a size of no known version, opts == NULL, or no memory
 */
RTPSYNTH_API void* rtpplay_ctor(const struct rtpplay_opts* opts);

/** Destroys a playout and its decoders. No-op for NULL. */
RTPSYNTH_API void rtpplay_dtor(void* play);

/**
 * Decodes packets of this payload type, 0..127, with a codec of the library from now on. `encoding`
 * has the form of an SDP rtpmap: "PCMU/8000", "PCMA/8000", "G722/8000", "L16/16000". The audio is
 * resampled if the codec's rate differs from the playout's.
 *
 * \return an enum rtpplay_err
 */
RTPSYNTH_API int rtpplay_add_codec(void* play, unsigned payload_type, const char* encoding);

/**
 * A decoder of the application. The functions of this file call its functions with `arg` first:
 * rtpplay_insert() and rtpplay_pull() call `samples`; rtpplay_dtor(), and adding the payload type
 * again, call `destroy`; rtpplay_pull() calls the others. None of them may call the playout.
 */
struct rtpplay_decoder {
    size_t size;         /**< of this struct, bytes; set by RTPPLAY_DECODER_INIT */
    uint32_t rate;       /**< of the decoded audio, 8000..96000 Hz */
    uint32_t clock_rate; /**< of the RTP timestamp, 1..96000 Hz */
    void* arg;
    /** Returns the number of samples in a payload, which depends on nothing but the payload; 0 or
     * less: it is not a payload of the codec. Payloads of more than 120 ms are not played. */
    long (*samples)(void* arg, const unsigned char* payload, size_t payload_size);
    /** Decodes a payload, for which samples() returned `n`, to pcm[0..n).
     * \return n; after any other value the payload is not played */
    long (*decode)(void* arg, const unsigned char* payload, size_t payload_size, int16_t* pcm,
                   size_t n);
    /** Conceals a missing packet by the codec's own method, with up to n samples. NULL: the codec
     * has none, and the playout conceals.
     * \return the number of samples */
    long (*conceal)(void* arg, int16_t* pcm, size_t n);
    /** Discards the state, since the stream has restarted. NULL: not needed. */
    void (*reset)(void* arg);
    /** The decoder will not be used any more. NULL: not needed. */
    void (*destroy)(void* arg);
};
/** Initialiser of a struct rtpplay_decoder without functions. */
#define RTPPLAY_DECODER_INIT(rate, clock_rate, arg)                                                \
    {                                                                                              \
        sizeof(struct rtpplay_decoder), (uint32_t)(rate), (uint32_t)(clock_rate), (arg), 0, 0, 0,  \
            0, 0                                                                                   \
    }

/**
 * Decodes packets of this payload type, 0..127, with a decoder of the application from now on.
 * *decoder is copied. If the call fails, `destroy` is not called.
 *
 * \return an enum rtpplay_err; RTPPLAY_EINVAL also if `samples` or `decode` is NULL
 */
RTPSYNTH_API int rtpplay_add_decoder(void* play, unsigned payload_type,
                                     const struct rtpplay_decoder* decoder);

/**
 * Packets of this payload type, 0..127, are comfort noise (RFC 3389).
 *
 * \return an enum rtpplay_err
 */
RTPSYNTH_API int rtpplay_add_comfort_noise(void* play, unsigned payload_type);

/**
 * Packets of this payload type, 0..127, are telephone events (RFC 4733). They contain no audio, and
 * are not concealed.
 *
 * \return an enum rtpplay_err
 */
RTPSYNTH_API int rtpplay_add_event(void* play, unsigned payload_type);

/**
 * Puts in a datagram that arrived at now_ns. It is copied.
 *
 * \return RTP_PARSER_OK, or an error; RTP_PARSER_PTOOSHRT if `play` or `data` is NULL
 */
RTPSYNTH_API rtp_parser_err_t rtpplay_insert(void* play, const unsigned char* data, size_t size,
                                             int64_t now_ns);

/**
 * Fills pcm[0..n) with the audio of the tick that begins at now_ns. A tick has up to 120 ms; a
 * longer one ends in silence, and with n == 0 there is no tick. If `play` is NULL, writes silence.
 */
RTPSYNTH_API enum rtpplay_kind rtpplay_pull(void* play, int64_t now_ns, int16_t* pcm, size_t n);

/**
 * Counters since construction, and the current state; rtpsynth::playout_stats describes them.
 * received = played + waiting + late + duplicate + discarded.
 */
struct rtpplay_stats {
    uint64_t received, played, late, duplicate, discarded;
    uint64_t waiting; /**< packets in the playout */
    uint64_t underruns, restarts, grown, shrunk;
    uint64_t ticks[6];     /**< pulled, by enum rtpplay_kind */
    int64_t delay_ns;      /**< from arrival to pull, of the packet played last */
    int64_t target_ns;     /**< the delay that the network requires now */
    int64_t mean_delay_ns; /**< over all packets that were played */
};

/** Fills *stats; all zero for a NULL playout. */
RTPSYNTH_API void rtpplay_get_stats(const void* play, struct rtpplay_stats* stats);

#ifdef __cplusplus
}
#endif

/** \} */

#endif
