/**
 * \file
 * Taking an RTP stream apart and putting it back into order (RFC 3550), from C. Link with
 * -lrtpsynth. What the jitter buffer does, and why, is told in <rtpsynth/jitter_buffer.hpp>.
 *
 * A jitter buffer is a `void *` made by rtpjbuf_ctor() or rtpjbuf_ctor_opts(). Calls on one of them
 * must not overlap; different ones are independent, on any threads. A refused call changes nothing
 * but the count of invalid datagrams.
 * No datagram, however malformed, can crash a function of this file or make it read beyond `size`.
 */
#ifndef RTPJBUF_H
#define RTPJBUF_H

#include <rtpsynth/base/compiler.h>
#include <rtpsynth/rtp/profile.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What rtp_packet_parse_raw() found, in the order of the checks. */
typedef enum rtp_parser_err {
    RTP_PARSER_OK = 1,
    RTP_PARSER_PTOOSHRT = -1,   /**< shorter than the fixed header, 12 bytes */
    RTP_PARSER_IHDRVER = -2,    /**< version is not 2 */
    RTP_PARSER_PTOOSHRTXS = -3, /**< no room for the header extension's own header */
    RTP_PARSER_PTOOSHRTXH = -4, /**< CSRC list or header extension runs past the end */
    RTP_PARSER_PTOOSHRTPS = -5, /**< padding announced, but nothing follows the header */
    RTP_PARSER_IPS = -7,        /**< padding count is 0 */
    RTP_PARSER_PTOOSHRTP = -6   /**< padding is longer than what follows the header */
} rtp_parser_err_t;

/** `error` of struct rjb_udp_in_r: out of memory, or the buffer is NULL. Nothing has changed. */
#define RJB_ENOMEM (-1007)

/** What an element of a list of results is. */
enum rtp_frame_type {
    RFT_RTP = 0, /**< a packet */
    RFT_ERS = 1  /**< an erasure: packets that will not come */
};

/** What a packet's header says. */
struct rtp_info {
    size_t data_size;     /**< payload, without padding, bytes */
    unsigned data_offset; /**< of the payload in the datagram, bytes */
    int nsamples;         /**< sampling instants in the payload; -1: not known */
    uint32_t ts;          /**< RTP timestamp */
    uint16_t seq;
    uint32_t ssrc;
    int appendable;                        /**< 0: G.729 that ends in comfort noise; else 1 */
    const struct rtp_profile* rtp_profile; /**< RFC 3551 static profile; NULL: none */
};

/** A packet that came out of a jitter buffer. */
struct rtp_packet {
    struct rtp_info info;
    uint64_t lseq; /**< logical sequence number: a signed 64-bit value that never wraps; 0: stray */
    uint64_t jbcnt;            /**< how many packets this buffer had been given with this one */
    const unsigned char* data; /**< the caller's datagram, borrowed until the frame is handed out */
};

/** A gap in what came out of a jitter buffer. */
struct ers_frame {
    uint64_t lseq_start;
    uint64_t lseq_end; /**< first and last missing packet, start <= end; signed as lseq is */
    uint32_t ts_diff;  /**< timestamp units that they span; 0 at a restart */
    int restart;       /**< 1: the sender started anew, nothing was lost */
};

/**
 * One element of a list of results. Packets belong to the receiver of the list, who gives each back
 * with rtpjbuf_frame_dtor(), once. Erasures stay the buffer's and end with the next call on it,
 * rtpjbuf_dtor() included, and so do the `next` links that lead through them: walk a list that has
 * erasures before that. A frame is told by its address; a copy of the struct is no frame.
 */
struct rtp_frame {
    enum rtp_frame_type type;
    RTPSYNTH_EXTENSION union {
        struct rtp_packet rtp;
        struct ers_frame ers;
    };
    struct rtp_frame* next; /**< NULL: the last one */
};

/** What a call has to hand out, as two lists. */
struct rjb_udp_in_r {
    int error;               /**< 0, a parser code, or RJB_ENOMEM */
    struct rtp_frame* ready; /**< packets and erasures in sequence order */
    struct rtp_frame* drop;  /**< packets left out; rtpjbuf_drop_reason() says why */
};

/** A buffer of up to `capacity` packets, 1..16383. NULL: bad capacity or no memory. */
RTPSYNTH_API void* rtpjbuf_ctor(unsigned int capacity);

/**
 * Ends a buffer and frees what it still holds: rtpjbuf_flush() before tells which datagrams those
 * are. Packets handed out stay valid, erasures do not. NULL is allowed.
 */
RTPSYNTH_API void rtpjbuf_dtor(void* jb);

/** Gives a packet back, on any thread, whatever became of its buffer. Erasures and NULL are left.
 */
RTPSYNTH_API void rtpjbuf_frame_dtor(void* rfp);

/**
 * Puts in one datagram; `data` must stay valid and unchanged until its frame is handed out. It
 * counts as having arrived at 0 ns: with max_delay_ns use rtpjbuf_udp_in_at().
 */
RTPSYNTH_API struct rjb_udp_in_r rtpjbuf_udp_in(void* jb, const unsigned char* data, size_t size);

/**
 * Hands out all that is buffered, gaps marked; a held suspect is dropped. Without memory for the
 * erasures: RJB_ENOMEM, and all stays inside.
 */
RTPSYNTH_API struct rjb_udp_in_r rtpjbuf_flush(void* jb);

/** Checks one datagram and fills *info, which is left alone unless RTP_PARSER_OK is returned. */
RTPSYNTH_API rtp_parser_err_t rtp_packet_parse_raw(const unsigned char* data, size_t size,
                                                   struct rtp_info* info);

/** A phrase in English for any code, never NULL. */
RTPSYNTH_API const char* rtp_packet_parse_errstr(rtp_parser_err_t code);

/* ---- beyond rtpsynth 1.3 ---- */

/** How a buffer decides; start from RTPJBUF_OPTS_INIT. */
struct rtpjbuf_opts {
    size_t size;           /**< of this struct, so that it can grow; set by RTPJBUF_OPTS_INIT */
    unsigned capacity;     /**< packets, 1..16383 */
    unsigned max_dropout;  /**< a packet farther ahead, and than 2 * capacity, is a suspect */
    unsigned max_misorder; /**< a packet farther behind is a suspect, whatever its timestamp */
    int64_t max_delay_ns;  /**< how long a packet may wait for others; negative: no limit */
};
#define RTPJBUF_OPTS_INIT(capacity)                                                                \
    { sizeof(struct rtpjbuf_opts), (unsigned)(capacity), 3000, 3000, -1 }

/** A buffer with options. NULL: bad capacity or no memory, or opts is NULL or of another size. */
RTPSYNTH_API void* rtpjbuf_ctor_opts(const struct rtpjbuf_opts* opts);

/** rtpjbuf_udp_in() for a datagram that arrived at now_ns on the caller's monotonic clock. */
RTPSYNTH_API struct rjb_udp_in_r rtpjbuf_udp_in_at(void* jb, const unsigned char* data, size_t size,
                                                   int64_t now_ns);

/** One datagram of rtpjbuf_udp_in_many(). */
struct rjb_datagram {
    const unsigned char* data;
    size_t size;
};

/**
 * Puts in n datagrams that arrived at now_ns and returns all results in one list. A datagram that
 * is no RTP packet is counted in the statistics and passed over. If `taken` is not NULL, *taken is
 * set to how many datagrams were dealt with: less than n only with RJB_ENOMEM (also if n is absurd,
 * or datagrams is NULL), and then the lists hold what those gave.
 */
RTPSYNTH_API struct rjb_udp_in_r rtpjbuf_udp_in_many(void* jb, const struct rjb_datagram* datagrams,
                                                     size_t n, int64_t now_ns, size_t* taken);

/**
 * Hands out every packet that has waited max_delay_ns by now_ns, and all that goes before it.
 * Without memory for the erasures: RJB_ENOMEM, and all stays inside.
 */
RTPSYNTH_API struct rjb_udp_in_r rtpjbuf_expire(void* jb, int64_t now_ns);

/** 1, and *deadline_ns is when rtpjbuf_expire() has something to do; 0: nothing waits for it. */
RTPSYNTH_API int rtpjbuf_next_deadline(const void* jb, int64_t* deadline_ns);

/** What rtpjbuf_drop_reason() tells. */
enum rjb_drop_reason {
    RJB_DROP_NONE = 0,      /**< it was not dropped */
    RJB_DROP_DUPLICATE = 1, /**< the same packet is buffered, or was the last one handed out */
    RJB_DROP_LATE = 2,      /**< its place in the sequence has been passed */
    RJB_DROP_STALE = 3,     /**< a tail that sat too long in a nearly full buffer */
    RJB_DROP_STRAY = 4      /**< fits nowhere in the stream, and the next did not prove otherwise */
};

/** Why a frame of a `drop` list is there. Takes the frame itself, never a copy of the struct. */
RTPSYNTH_API enum rjb_drop_reason rtpjbuf_drop_reason(const struct rtp_frame* frame);

/** Since the buffer was made. received = handed out + inside + duplicate + late + stale + stray. */
struct rtpjbuf_stats {
    uint64_t received, invalid, duplicate, late, stale, stray;
    uint64_t erasures; /**< handed out, restarts included */
    uint64_t erased;   /**< packets that they cover, restarts not counted */
    uint64_t restarts;
};

/** Fills *stats; all zero for a NULL buffer. */
RTPSYNTH_API void rtpjbuf_get_stats(const void* jb, struct rtpjbuf_stats* stats);

#ifdef __cplusplus
}
#endif

#endif
