/**
 * \file
 * Making the packets of an RTP stream (RFC 3550), from C. Link with -lrtpsynth.
 *
 * A synthesiser is a `void *` made by rsynth_ctor(). Calls on one of them must not overlap;
 * different ones are independent, on any threads. A refused call changes nothing, and a NULL
 * synthesiser is refused everywhere: no function here can crash on a bad number.
 */
#ifndef RTPSYNTH_H
#define RTPSYNTH_H

#include <rtpsynth/base/compiler.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Numbers of a packet: the timestamp (32 bits on the wire) and the sequence number (16 bits). */
struct rsynth_seq {
    unsigned long long ts, seq;
};

/** Returns 32 random bits. May itself call any function of this file. */
typedef uint32_t (*rsynth_randfunc_t)(void* arg);

/**
 * A synthesiser for media of srate Hz in packets of ptime milliseconds, both > 0. SSRC, first
 * timestamp (made even) and first sequence number are drawn from the random source, in this order,
 * one call each. End it with rsynth_dtor().
 *
 * \return NULL for a bad argument or without memory
 */
RTPSYNTH_API void* rsynth_ctor(int srate, int ptime);

/** Ends it. NULL is allowed. Packets it made stay valid. */
RTPSYNTH_API void rsynth_dtor(void* ri);

/**
 * The next packet: 12 bytes of header, plen bytes of zero. The marker is set on the first packet;
 * then each has the sequence number + 1 and the timestamp + srate * ptime / 1000, exact in the long
 * run also where that is a fraction.
 *
 * \param plen  0..65495
 * \param pt    payload type, 0..127
 *
 * \return 12 + plen bytes, writable, aligned for any type, to be given to rsynth_pkt_free() and not
 * to free(); NULL for a bad argument or without memory
 */
RTPSYNTH_API void* rsynth_next_pkt(void* ri, int plen, int pt);

/** Gives a packet of rsynth_next_pkt() back, on any thread and at any time. NULL is allowed. */
RTPSYNTH_API void rsynth_pkt_free(void* rnp);

/**
 * The next packet, in the caller's buffer of blen bytes. With pa == 0 its payload is zero;
 * otherwise the payload stands at buf[0..plen) and is moved behind the header. What follows the
 * packet in buf is zeroed.
 *
 * \return its size, 12 + plen; -1 for a bad argument or a buffer too small
 */
RTPSYNTH_API int rsynth_next_pkt_pa(void* ri, int plen, int pt, char* buf, unsigned int blen,
                                    int pa);

/**
 * The next n packets, packet i at buf + i * stride. With keep == 0 the payloads are zeroed,
 * otherwise they stay as they stand, each 12 bytes behind its packet's start. All other bytes of
 * buf are left alone; the last packet needs no gap behind it. All are made at one time:
 * rsynth_resync() counts a pause after them from the last one, however much media they hold.
 *
 * \param stride  at least 12 + plen
 *
 * \return the size of each, 12 + plen; -1 for a bad argument or a buffer too small
 */
RTPSYNTH_API int rsynth_next_pkts(void* ri, unsigned int n, int plen, int pt, char* buf,
                                  size_t blen, size_t stride, int keep);

/** npkts packets of silence: moves the timestamp and not the sequence number. Negative: nothing. */
RTPSYNTH_API void rsynth_skip(void* ri, int npkts);

/** The next packet's marker: set if new_st != 0, else clear. Returns what it was before, 1 or 0. */
RTPSYNTH_API unsigned int rsynth_set_mbt(void* ri, unsigned int new_st);

/**
 * After a pause: the next timestamp becomes that of the last packet plus the larger of one step and
 * the time since it (CLOCK_MONOTONIC) times srate. A second call counts the same pause only once.
 * Nothing happens before the first packet.
 *
 * The time of a packet is exact if the synthesiser made no other within the same tick of
 * CLOCK_MONOTONIC_COARSE, 4 ms or less. In a denser burst it is that of an earlier packet of the
 * tick, so that a pause after it measures up to one tick too long.
 *
 * \param rsp  if not NULL, receives what the next packet would have been numbered with
 */
RTPSYNTH_API void rsynth_resync(void* ri, struct rsynth_seq* rsp);

/**
 * Makes func(arg) the random source of every later rsynth_ctor() of this process; NULL: the
 * system's again, getrandom(2). May be called on any thread at any time. A constructor that runs
 * meanwhile takes all its numbers from the one or from the other, so may call the old func a little
 * longer.
 */
RTPSYNTH_API void rsynth_set_randfunc(rsynth_randfunc_t func, void* arg);

#ifdef __cplusplus
}
#endif

#endif
