/**
 * \file
 * RTCP reports and the statistics that they are made of (RFC 3550), for C. Link with -lrtpsynth.
 * <rtpsynth/rtcp/receiver_stats.hpp> describes how packets are counted.
 *
 *     struct rtpreport_stats *stats = rtpreport_stats_ctor(8000);
 *     ...
 *     rtpreport_stats_packet(stats, packet, size, now_ns);        for each packet that arrives
 *     ...
 *     if (rtpreport_stats_block(stats, their_ssrc, now_ns, &block))       every 5 s or so
 *         size = rtpreport_add_report(buf, sizeof buf, 0, our_ssrc, NULL, &block, 1);
 *     if (size > 0) size = rtpreport_add_cname(buf, sizeof buf, size, our_ssrc, "me@host");
 *     if (size > 0) send(fd, buf, size, 0);
 *
 * and when RTCP arrives:
 *
 *     for (at = 0; (found = rtpreport_next(datagram, size, &at, &packet)) != 0;)
 *         if (found > 0 && packet.type == RTPREPORT_SR)
 *             rtpreport_stats_sender(stats, packet.sender.ntp, now_ns);
 *
 * Calls on one object must not overlap; different objects are independent, on any threads. Only the
 * constructor allocates. Functions that return a size or a code return a negative enum
 * rtpreport_err on failure, and then have changed nothing, unless stated otherwise. Every function
 * accepts NULL: it then fails, or does nothing. Times in ns are of one monotonic clock.
 */
#ifndef RTPREPORT_H
#define RTPREPORT_H

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

/** Why a call failed. rtp_packet_parse_errstr() of rtpjbuf.h has a phrase for each. */
enum rtpreport_err {
    RTPREPORT_OK = 0,
    RTPREPORT_ESHORT = -1,   /**< shorter than an RTCP header */
    RTPREPORT_EVERSION = -2, /**< the version is not 2 */
    RTPREPORT_ERTCP = -21,   /**< not a compound packet, or one of its packets is malformed */
    RTPREPORT_ENOSPC = -22,  /**< the caller's storage cannot hold the result */
    RTPREPORT_EINVAL = -23   /**< an argument is out of its range, or NULL */
};

/** The most blocks, chunks or sources in one packet. */
#define RTPREPORT_MAX_COUNT 31

/** A reception report block (RFC 3550 section 6.4.1). */
struct rtpreport_block {
    uint32_t ssrc;           /**< the source reported on */
    uint8_t fraction_lost;   /**< since the last report, in 1/256 */
    int32_t cumulative_lost; /**< packets, -8388608..8388607 */
    uint32_t highest_seq;    /**< cycles << 16 | highest sequence number */
    uint32_t jitter;         /**< in units of the source's clock rate */
    uint32_t last_sr;        /**< the middle 32 bits of the last sender report's time; 0: none */
    uint32_t delay_since_last_sr; /**< in 1/65536 s; 0 without a sender report */
};

/** The sender information of a sender report (RFC 3550 section 6.4.1). */
struct rtpreport_sender {
    uint64_t ntp;           /**< when the report was sent; 0: the sender has no wall clock */
    uint32_t rtp_timestamp; /**< the same instant on the media clock */
    uint32_t packets;       /**< sent since the start; wraps */
    uint32_t octets;        /**< of payload sent since the start; wraps */
};

/* ---- writing ---- */

/**
 * Appends a report to a compound packet, which begins with one.
 *
 * \param buf     the compound; its first `size` bytes have been written before, 0 at first
 * \param room    of buf, in bytes; 1500 are enough for a report of 31 blocks, a CNAME and a BYE
 * \param ssrc    of this participant
 * \param sender  NULL: a receiver report
 * \param blocks  0..31 of them, each cumulative_lost within its range
 *
 * \return the compound's size with the report in it; RTPREPORT_ENOSPC or RTPREPORT_EINVAL
 */
RTPSYNTH_API long rtpreport_add_report(uint8_t* buf, size_t room, size_t size, uint32_t ssrc,
                                       const struct rtpreport_sender* sender,
                                       const struct rtpreport_block* blocks, size_t count);
/**
 * Appends our canonical name, which each compound needs.
 *
 * \param size   of the compound so far; it begins with a report, so this is not 0
 * \param cname  1..255 bytes of UTF-8
 *
 * \return as rtpreport_add_report()
 */
RTPSYNTH_API long rtpreport_add_cname(uint8_t* buf, size_t room, size_t size, uint32_t ssrc,
                                      const char* cname);
/**
 * Appends a BYE.
 *
 * \param size    as in rtpreport_add_cname()
 * \param reason  at most 255 bytes; NULL or empty: none is given
 *
 * \return as rtpreport_add_report()
 */
RTPSYNTH_API long rtpreport_add_bye(uint8_t* buf, size_t room, size_t size, uint32_t ssrc,
                                    const char* reason);

/* ---- reading ---- */

/** Packet types; there are others. */
enum rtpreport_type {
    RTPREPORT_SR = 200,   /**< sender report: ssrc, sender, blocks */
    RTPREPORT_RR = 201,   /**< receiver report: ssrc, blocks */
    RTPREPORT_SDES = 202, /**< source description: ssrcs, texts are CNAMEs */
    RTPREPORT_BYE = 203   /**< ssrcs; texts[0] is the reason */
};

/** A string in a datagram: not terminated, not checked to be UTF-8. */
struct rtpreport_text {
    const char* bytes; /**< NULL: there is none */
    size_t size;
};

/** A packet of a compound. What its type does not have is 0. */
struct rtpreport_packet {
    int type;      /**< an enum rtpreport_type, or any other of 0..255 */
    uint32_t ssrc; /**< of the sender */
    struct rtpreport_sender sender;
    size_t count; /**< of blocks or ssrcs, 0..31; of another type, its five bits */
    struct rtpreport_block blocks[RTPREPORT_MAX_COUNT];
    uint32_t ssrcs[RTPREPORT_MAX_COUNT];
    struct rtpreport_text texts[RTPREPORT_MAX_COUNT];
};

/**
 * Reads the next packet of a compound packet that was received. Texts are in the datagram.
 *
 * \param at  where the packet begins: 0 for the first, then what the call before has left there. It
 *            is moved to the next packet, also after a malformed one, which hides no other.
 *
 * \return 1, and *packet is filled in; 0 at the end, and if an argument is NULL; a negative code,
 *         after which the next call goes on: RTPREPORT_ERTCP for a malformed packet. If the
 *         datagram is no compound packet, RTPREPORT_ESHORT, RTPREPORT_EVERSION or RTPREPORT_ERTCP,
 *         and if no packet begins at *at, RTPREPORT_EINVAL: *at is then moved to the end
 */
RTPSYNTH_API int rtpreport_next(const uint8_t* datagram, size_t size, size_t* at,
                                struct rtpreport_packet* packet);

/* ---- statistics ---- */

/** How a packet was counted; see rtpsynth::receiver_stats::outcome. */
enum rtpreport_outcome {
    RTPREPORT_IN_ORDER = 0,
    RTPREPORT_REORDERED = 1,
    RTPREPORT_DUPLICATE = 2,
    RTPREPORT_RESTARTED = 3,
    RTPREPORT_PROBATION = 4, /**< not counted: the source is not valid yet */
    RTPREPORT_REJECTED = 5 /**< not counted: it fits neither the stream nor the packet before it */
};

struct rtpreport_stats;

/**
 * Makes the reception statistics of one source.
 *
 * \param clock_rate  of its timestamps in Hz, at least 1; payload types of RFC 3551 have their own
 *
 * \return NULL for a bad argument or without memory. Destroy it with rtpreport_stats_dtor().
 */
RTPSYNTH_API struct rtpreport_stats* rtpreport_stats_ctor(uint32_t clock_rate);
/** Destroys the object. No-op for NULL. */
RTPSYNTH_API void rtpreport_stats_dtor(struct rtpreport_stats* stats);

/**
 * Counts a packet of RTP. The caller has checked that the SSRC is this source's.
 *
 * \return an enum rtpreport_outcome, which is not negative; a negative enum
 *         rtp_parser_err of rtpjbuf.h for what is no RTP; RTPREPORT_EINVAL
 */
RTPSYNTH_API int rtpreport_stats_packet(struct rtpreport_stats* stats, const uint8_t* packet,
                                        size_t size, int64_t arrival_ns);
/** The source has sent a sender report with this time: for last_sr of our next blocks. */
RTPSYNTH_API void rtpreport_stats_sender(struct rtpreport_stats* stats, uint64_t ntp,
                                         int64_t arrival_ns);
/**
 * Makes the block on this source, and starts the next interval.
 *
 * \return 1, and *block is filled in; 0: no packet was counted since the last one, so that the
 *         source is to be left out, or an argument is NULL: *block is all zero
 */
RTPSYNTH_API int rtpreport_stats_block(struct rtpreport_stats* stats, uint32_t ssrc, int64_t now_ns,
                                       struct rtpreport_block* block);

/** What was counted. */
struct rtpreport_counters {
    uint64_t received;       /**< packets, duplicates included */
    uint64_t expected;       /**< sequence numbers from the first to the highest */
    uint64_t missing;        /**< those of them that have not arrived */
    int64_t cumulative_lost; /**< expected - received, for reports */
    uint64_t highest_seq;    /**< cycles and sequence number of the highest packet */
    uint64_t duplicates;
    uint64_t reordered;
    uint64_t rejected; /**< packets that were not counted */
    uint64_t restarts;
    uint64_t collisions; /**< signs that two senders use the SSRC */
    double jitter_ms;    /**< interarrival jitter */
    double max_jitter_ms;
    double mean_jitter_ms;
};

/** Copies the counters. All are zero without an object. No-op for NULL counters. */
RTPSYNTH_API void rtpreport_stats_get(const struct rtpreport_stats* stats,
                                      struct rtpreport_counters* counters);

/* ---- time ---- */

/** The NTP timestamp of a time since 1970-01-01 UTC. */
RTPSYNTH_API uint64_t rtpreport_ntp(int64_t unix_ns);
/**
 * The round-trip time to the sender of a block about our own source.
 *
 * \param ntp  when the block arrived, by the clock of our sender reports
 *
 * \return ns; -1: unknown, since there was no sender report of ours, or the block is wrong or NULL
 */
RTPSYNTH_API int64_t rtpreport_round_trip(const struct rtpreport_block* block, uint64_t ntp);

#ifdef __cplusplus
}
#endif

/** \} */

#endif
