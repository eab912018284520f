/**
 * \file
 * RTP parser and jitter buffer (RFC 3550) for C. Link with -lrtpsynth. <rtpsynth/jitter/buffer.hpp>
 * describes in detail what the jitter buffer does.
 *
 * A jitter buffer is a `void *` made by rtpjbuf_ctor() or rtpjbuf_ctor_opts(). Calls on one of them
 * must not overlap; different ones are independent, on any threads. A failed call changes nothing
 * but the count of invalid datagrams.
 * No datagram, however malformed, can crash a function of this file or make it read beyond `size`.
 *
 * Structs may grow in later versions, here and in the other headers of the C face, by these rules.
 * A struct of options begins with its size, which its ..._INIT macro sets, and new fields are added
 * at its end. The library accepts the size of every version so far, and uses the defaults for
 * missing fields. The structs of rtpsynth 1.3 and those that the library fills in do not change;
 * new functions return new values.
 */
#ifndef RTPJBUF_H
#define RTPJBUF_H

#include <rtpsynth/base/compiler.h>
#include <rtpsynth/rtp/profile.h>

#include <stddef.h>
#include <stdint.h>

/**
 * \addtogroup c
 * \{
 */

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
/** Results of rtp_packet_parse_raw(), in the order of the checks. */
typedef enum rtp_parser_err
#ifdef __cplusplus
    : int /* rtp_packet_parse_errstr() takes any value */
#endif
{
    RTP_PARSER_OK = 1,
    RTP_PARSER_PTOOSHRT = -1,   /**< shorter than the fixed header, 12 bytes */
    RTP_PARSER_IHDRVER = -2,    /**< version is not 2 */
    RTP_PARSER_PTOOSHRTXS = -3, /**< no room for the header extension's own header */
    RTP_PARSER_PTOOSHRTXH = -4, /**< CSRC list or header extension runs past the end */
    RTP_PARSER_PTOOSHRTPS = -5, /**< padding announced, but nothing follows the header */
    RTP_PARSER_IPS = -7,        /**< padding count is 0 */
    RTP_PARSER_PTOOSHRTP = -6   /**< padding is longer than what follows the header */
} rtp_parser_err_t;
/* clang-format on */

/** `error` of struct rjb_udp_in_r: no memory, or the buffer is NULL. Nothing has changed. */
#define RJB_ENOMEM (-1007)

/** The types of frames in a list of results. */
enum rtp_frame_type {
    RFT_RTP = 0, /**< a packet */
    RFT_ERS = 1  /**< an erasure: missing packets that the buffer no longer waits for */
};

/** A parsed packet: header fields, and properties of its payload. */
struct rtp_info {
    size_t data_size;     /**< payload, without padding, bytes */
    unsigned data_offset; /**< where the payload begins in the datagram, bytes */
    int nsamples;         /**< sampling instants that the payload covers; -1: not known */
    uint32_t ts;          /**< RTP timestamp */
    uint16_t seq;
    uint32_t ssrc;
    int appendable;                        /**< 0: G.729 that ends in comfort noise; 1: all else */
    const struct rtp_profile* rtp_profile; /**< RFC 3551 static profile; NULL: none */
};

/** A packet returned by a jitter buffer. */
struct rtp_packet {
    struct rtp_info info;
    uint64_t lseq; /**< logical sequence number: a signed 64-bit value that never wraps; 0: stray */
    uint64_t jbcnt;            /**< packets put into the buffer so far, this one included */
    const unsigned char* data; /**< the caller's datagram, borrowed until the frame is returned */
};

/** A gap in the output of a jitter buffer. */
struct ers_frame {
    uint64_t lseq_start;
    uint64_t lseq_end; /**< first and last missing packet, start <= end; signed as lseq is */
    uint32_t ts_diff;  /**< timestamp units that the missing packets span; 0 at a restart */
    int restart;       /**< 1: the sender restarted and nothing was lost; else 0 */
};

/**
 * One element of a result list. The receiver of the list owns its packets, and frees each one with
 * rtpjbuf_frame_dtor(), once. The buffer owns the erasures. They are valid until the next call on
 * the buffer, rtpjbuf_dtor() included, and so are their `next` links: finish a list with erasures
 * before that call. A frame is identified by its address; a copy of the struct is not a frame.
 */
struct rtp_frame {
    enum rtp_frame_type type;
    RTPSYNTH_EXTENSION union {
        struct rtp_packet rtp;
        struct ers_frame ers;
    };
    struct rtp_frame* next; /**< NULL: the last one */
};

/** The results of a call, as two lists. */
struct rjb_udp_in_r {
    int error;               /**< 0, a parser code, or RJB_ENOMEM */
    struct rtp_frame* ready; /**< packets and erasures in sequence order */
    struct rtp_frame* drop;  /**< dropped packets; rtpjbuf_drop_reason() says why */
};

/**
 * Makes a buffer for up to `capacity` packets, 1..16383, with the other options' defaults.
 *
 * \return NULL for a bad capacity or without memory
 */
RTPSYNTH_API void* rtpjbuf_ctor(unsigned int capacity);

/**
 * Destroys a buffer and the packets in it. To get their datagrams back, call rtpjbuf_flush() first.
 * Packets that were returned stay valid, erasures do not. No-op for NULL.
 */
RTPSYNTH_API void rtpjbuf_dtor(void* jb);

/**
 * Frees a packet. May be called on any thread, also after its buffer was destroyed. No-op for
 * erasures and NULL.
 */
RTPSYNTH_API void rtpjbuf_frame_dtor(void* rfp);

/**
 * Puts in one datagram. `data` must stay valid and unchanged until its frame is returned. The time
 * of arrival counts as 0 ns: with max_delay_ns, use rtpjbuf_udp_in_at().
 */
RTPSYNTH_API struct rjb_udp_in_r rtpjbuf_udp_in(void* jb, const unsigned char* data, size_t size);

/**
 * Returns everything that is buffered, with erasures for the gaps, and drops the current suspect.
 * Without memory for the erasures: RJB_ENOMEM, and everything stays in the buffer.
 */
RTPSYNTH_API struct rjb_udp_in_r rtpjbuf_flush(void* jb);

/**
 * Checks one datagram and fills in *info, unless `info` is NULL.
 *
 * \return RTP_PARSER_OK, or the error; *info is then not touched
 */
RTPSYNTH_API rtp_parser_err_t rtp_packet_parse_raw(const unsigned char* data, size_t size,
                                                   struct rtp_info* info);

/** An English phrase for any code, never NULL. */
RTPSYNTH_API const char* rtp_packet_parse_errstr(rtp_parser_err_t code);

/* ---- beyond rtpsynth 1.3 ---- */

/** The options of a buffer. Start from RTPJBUF_OPTS_INIT, and see the top of this file. */
struct rtpjbuf_opts {
    size_t size;       /**< of this struct, bytes; set by RTPJBUF_OPTS_INIT */
    unsigned capacity; /**< packets, 1..16383 */
    unsigned
        max_dropout; /**< a packet farther ahead than this and than 2 * capacity is a suspect */
    unsigned max_misorder; /**< a packet farther behind is a suspect, whatever its timestamp */
    int64_t max_delay_ns;  /**< how long a packet waits for others at most; negative: no limit */
};
/** Initialiser of a struct rtpjbuf_opts: the defaults, with this capacity. */
#define RTPJBUF_OPTS_INIT(capacity)                                                                \
    { sizeof(struct rtpjbuf_opts), (unsigned)(capacity), 3000, 3000, -1 }

/**
 * Makes a buffer with options.
 *
 * \return NULL for an option out of range, a size of no known version, opts == NULL, or no memory
 */
RTPSYNTH_API void* rtpjbuf_ctor_opts(const struct rtpjbuf_opts* opts);

/** rtpjbuf_udp_in() for a datagram that arrived at now_ns on the caller's monotonic clock. */
RTPSYNTH_API struct rjb_udp_in_r rtpjbuf_udp_in_at(void* jb, const unsigned char* data, size_t size,
                                                   int64_t now_ns);

/** One datagram for rtpjbuf_udp_in_many(). */
struct rjb_datagram {
    const unsigned char* data;
    size_t size;
};

/**
 * Puts in n datagrams that arrived at now_ns and returns all results in one pair of lists. A
 * datagram that is not an RTP packet is only counted as invalid. If `taken` is not NULL, *taken is
 * set to the number of processed datagrams. It is less than n only with RJB_ENOMEM (also for a huge
 * n, or if datagrams is NULL); the lists then have the results of those datagrams.
 */
RTPSYNTH_API struct rjb_udp_in_r rtpjbuf_udp_in_many(void* jb, const struct rjb_datagram* datagrams,
                                                     size_t n, int64_t now_ns, size_t* taken);

/**
 * Returns every packet that has waited max_delay_ns by now_ns, and the packets before it. Without
 * memory for the erasures: RJB_ENOMEM, and everything stays in the buffer.
 */
RTPSYNTH_API struct rjb_udp_in_r rtpjbuf_expire(void* jb, int64_t now_ns);

/**
 * The time at which to call rtpjbuf_expire().
 *
 * \return 1, and *deadline_ns is the time; 0 if no packet waits
 */
RTPSYNTH_API int rtpjbuf_next_deadline(const void* jb, int64_t* deadline_ns);

/** Why a packet was dropped. */
enum rjb_drop_reason {
    RJB_DROP_NONE = 0,      /**< it was not dropped */
    RJB_DROP_DUPLICATE = 1, /**< the same packet is buffered, or was the last one returned */
    RJB_DROP_LATE = 2,      /**< a later packet, or an erasure in its place, was returned before */
    RJB_DROP_STALE = 3,     /**< far ahead of the others, in a nearly full buffer for too long */
    RJB_DROP_STRAY = 4      /**< a suspect that the next packet did not confirm */
};

/** Why a frame of a `drop` list was dropped. Pass the frame itself, not a copy of the struct. */
RTPSYNTH_API enum rjb_drop_reason rtpjbuf_drop_reason(const struct rtp_frame* frame);

/**
 * Counters since construction. received = returned packets + buffered packets + duplicate + late +
 * stale + stray.
 */
struct rtpjbuf_stats {
    uint64_t received, invalid, duplicate, late, stale, stray;
    uint64_t erasures; /**< returned, restarts included */
    uint64_t erased;   /**< missing packets that they represent, restarts not included */
    uint64_t restarts;
};

/** Fills *stats; all zero for a NULL buffer. */
RTPSYNTH_API void rtpjbuf_get_stats(const void* jb, struct rtpjbuf_stats* stats);

#ifdef __cplusplus
}
#endif

/** \} */

#endif
