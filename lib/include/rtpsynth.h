/**
 * \file
 * Packet synthesiser for C: writes the packets of an RTP stream (RFC 3550). Link with -lrtpsynth.
 *
 * A synthesiser is a `void *` made by rsynth_ctor(). Calls on one of them must not overlap;
 * different ones are independent, on any threads. Every function checks its arguments, a NULL
 * synthesiser included, and a failed call changes nothing.
 */
#ifndef RTPSYNTH_H
#define RTPSYNTH_H

#include <rtpsynth/base/compiler.h>

#include <stddef.h>
#include <stdint.h>

/**
 * \defgroup c C face
 * The packet synthesiser (rtpsynth.h), the jitter buffer (rtpjbuf.h), playout (rtpplay.h), codecs
 * and other audio functions (rtpaudio.h), telephone events (rtpevent.h), call quality
 * (rtpquality.h), session descriptions (rtpsdp.h), and RTCP with receiver statistics (rtpreport.h)
 * for C99. Handles are opaque, names begin with rsynth_ or rtp, and no exception leaves a function.
 *
 * \{
 */

#ifdef __cplusplus
extern "C" {
#endif

/** Timestamp (32 bits on the wire) and sequence number (16 bits) of a packet. */
struct rsynth_seq {
    unsigned long long ts, seq;
};

/** Returns 32 random bits. May itself call any function of this file. */
typedef uint32_t (*rsynth_randfunc_t)(void* arg);

/**
 * Makes a synthesiser for a clock rate of srate Hz and packets of ptime milliseconds, both > 0.
 * SSRC, first timestamp (made even) and first sequence number are drawn from the random source, in
 * this order, one call each. Destroy it with rsynth_dtor().
 *
 * \return NULL for a bad argument or without memory
 */
RTPSYNTH_API void* rsynth_ctor(int srate, int ptime);

/** Destroys a synthesiser. Its packets stay valid. No-op for NULL. */
RTPSYNTH_API void rsynth_dtor(void* ri);

/**
 * Makes the next packet: 12 bytes of header and plen bytes of zero. The marker is set on the first
 * packet. From packet to packet the sequence number advances by 1 and the timestamp by srate *
 * ptime / 1000, without rounding errors.
 *
 * \param plen  0..65495
 * \param pt    payload type, 0..127
 *
 * \return 12 + plen bytes, writable and aligned for any type; NULL for a bad argument or without
 * memory. Free it with rsynth_pkt_free() and not with free()
 */
RTPSYNTH_API void* rsynth_next_pkt(void* ri, int plen, int pt);

/** Frees a packet of rsynth_next_pkt(), on any thread and at any time. No-op for NULL. */
RTPSYNTH_API void rsynth_pkt_free(void* rnp);

/**
 * Writes the next packet to the caller's buffer of blen bytes. With pa == 0 its payload is zero;
 * otherwise the payload is at buf[0..plen) and is moved to its place after the header. The rest of
 * buf is zeroed.
 *
 * \return its size, 12 + plen; -1 for a bad argument or a buffer too small
 */
RTPSYNTH_API int rsynth_next_pkt_pa(void* ri, int plen, int pt, char* buf, unsigned int blen,
                                    int pa);

/**
 * Writes the next n packets, packet i at buf + i * stride. With keep == 0 the payloads are zeroed;
 * otherwise they are already in place, each 12 bytes after its packet's start. Other bytes of buf
 * are not touched; buf may end with the last packet. All packets have the same time:
 * rsynth_resync() measures a pause after them from the last one, however much media they hold.
 *
 * \param stride  at least 12 + plen
 *
 * \return the size of each, 12 + plen; -1 for a bad argument or a buffer too small
 */
RTPSYNTH_API int rsynth_next_pkts(void* ri, unsigned int n, int plen, int pt, char* buf,
                                  size_t blen, size_t stride, int keep);

/**
 * Skips npkts packets of silence: the timestamp advances, the sequence number does not. No-op for a
 * negative number.
 */
RTPSYNTH_API void rsynth_skip(void* ri, int npkts);

/** Sets (new_st != 0) or clears the next packet's marker. Returns what it was before, 1 or 0. */
RTPSYNTH_API unsigned int rsynth_set_mbt(void* ri, unsigned int new_st);

/**
 * Advances the timestamp after a pause: the next timestamp is that of the last packet plus the
 * larger of one step and the time since it (CLOCK_MONOTONIC) times srate. A second call counts the
 * same pause only once. No-op before the first packet.
 *
 * The time of a packet is exact if the synthesiser made no other packet within the same tick of
 * CLOCK_MONOTONIC_COARSE, 4 ms or less. In a burst, a packet may have the time of an earlier packet
 * of the same tick; a pause after it may then be measured up to one tick too long.
 *
 * \param rsp  if not NULL, receives the numbers that the next packet would have had without this
 * call
 */
RTPSYNTH_API void rsynth_resync(void* ri, struct rsynth_seq* rsp);

/**
 * Makes func(arg) the random source of every later rsynth_ctor() of this process; NULL restores the
 * system's, getrandom(2). May be called on any thread at any time. A constructor that runs at the
 * same time takes all its numbers from one of the two sources, so the old func may still be called
 * for a moment.
 */
RTPSYNTH_API void rsynth_set_randfunc(rsynth_randfunc_t func, void* arg);

#ifdef __cplusplus
}
#endif

/** \} */

#endif
