/**
 * \file
 * Telephone events (RFC 4733), such as DTMF digits, for C. Link with -lrtpsynth.
 * <rtpsynth/audio/telephone_event_sender.hpp> and <rtpsynth/audio/telephone_event_receiver.hpp>
 * describe in detail what sender and receiver do.
 *
 *     rtpevent_sender_queue(sender, "12#", NULL);
 *     ...
 *     size = rtpevent_sender_next_pkt(sender, synth, 101, buf, sizeof buf);     every 20 ms
 *     if (size == 0) size = rsynth_next_pkt_pa(synth, 160, 0, buf, sizeof buf, 1);
 *
 * Calls on one object must not overlap; different objects are independent, on any threads. Only
 * constructors allocate. A failed call changes nothing. Every function accepts NULL for an object:
 * it then fails, or does nothing. Times are nanoseconds. Event codes are those of RFC 4733: 0..15
 * are the digits 0..9, *, #, A..D.
 */
#ifndef RTPEVENT_H
#define RTPEVENT_H

#include <rtpaudio.h>
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

/* ---- sending ---- */

struct rtpevent_sender;

/** Timing and volume of digits. Start from RTPEVENT_TIMING_INIT. */
struct rtpevent_timing {
    size_t size;     /**< of this struct, bytes; set by RTPEVENT_TIMING_INIT */
    unsigned volume; /**< 0..63, -dBm0 */
    int64_t on_ns;   /**< duration of a digit; more than 0, at most an hour */
    int64_t off_ns;  /**< the pause after it; 0 to an hour */
};
/** Initialiser of a struct rtpevent_timing: the defaults, 100 ms on, 60 ms off, -10 dBm0. */
#define RTPEVENT_TIMING_INIT                                                                       \
    { sizeof(struct rtpevent_timing), 10, 100000000, 60000000 }

/**
 * Makes a sender with a queue of up to 64 events. It makes their packets, which are sent in place
 * of audio.
 *
 * \param clock_rate  of the audio, Hz
 *
 * \return NULL if clock_rate is 0, or without memory
 */
RTPSYNTH_API struct rtpevent_sender* rtpevent_sender_ctor(uint32_t clock_rate);
/** Destroys a sender. No-op for NULL. */
RTPSYNTH_API void rtpevent_sender_dtor(struct rtpevent_sender* sender);

/**
 * Queues digits: 0..9, *, #, A..D, a..d.
 *
 * \param timing  NULL: the defaults
 *
 * \return RTPAUDIO_OK; RTPAUDIO_EINVAL for another character or a timing out of range,
 *         RTPAUDIO_ENOSPC if they do not all fit
 */
RTPSYNTH_API int rtpevent_sender_queue(struct rtpevent_sender* sender, const char* digits,
                                       const struct rtpevent_timing* timing);
/** Queues one event, 0..255. */
RTPSYNTH_API int rtpevent_sender_queue_event(struct rtpevent_sender* sender, unsigned event,
                                             const struct rtpevent_timing* timing);
/** Queues an event that lasts until rtpevent_sender_release(). */
RTPSYNTH_API int rtpevent_sender_press(struct rtpevent_sender* sender, unsigned event,
                                       const struct rtpevent_timing* timing);
/** Ends the event of the last rtpevent_sender_press(). */
RTPSYNTH_API void rtpevent_sender_release(struct rtpevent_sender* sender);
/** Drops the queued events, and ends the current one. */
RTPSYNTH_API void rtpevent_sender_clear(struct rtpevent_sender* sender);

/** 1 if events are queued or one is being sent, repetitions of its end included; else 0. */
RTPSYNTH_API int rtpevent_sender_is_busy(const struct rtpevent_sender* sender);

/**
 * Writes the next packet of a synthesiser (rtpsynth.h) with an event in place of the audio, if an
 * event is due. Call it for every packet while the sender is busy. The audio's timestamp advances
 * as if the packet's audio had been sent.
 *
 * \param pt  payload type of the events, 0..127
 *
 * \return the packet's size, 16; 0: no event is due, and nothing was written; RTPAUDIO_EINVAL, also
 *         for a synthesiser of another clock rate; RTPAUDIO_ENOSPC
 */
RTPSYNTH_API int rtpevent_sender_next_pkt(struct rtpevent_sender* sender, void* synth, int pt,
                                          char* buf, unsigned blen);

/** The packet of rtpevent_sender_next(). */
struct rtpevent_packet {
    int marker;               /**< 1 on the first packet of an event */
    uint32_t timestamp;       /**< when the event, or its segment, began */
    unsigned char payload[4]; /**< of the packet */
};

/**
 * Makes the next event packet for an application that writes the RTP header itself. The packet's
 * audio would begin at `timestamp` and last `units` of the media clock.
 *
 * \return 1, and *packet is filled in; 0: no event is due; RTPAUDIO_EINVAL
 */
RTPSYNTH_API int rtpevent_sender_next(struct rtpevent_sender* sender, uint32_t timestamp,
                                      uint32_t units, struct rtpevent_packet* packet);

/* ---- receiving ---- */

struct rtpevent_receiver;

/** A change of a key. */
enum rtpevent_kind { RTPEVENT_BEGAN = 0, RTPEVENT_ENDED = 1 };

/** A key was pressed or released. */
struct rtpevent_change {
    enum rtpevent_kind kind;
    uint8_t event;
    char digit;         /**< of the event; 0 if it is not a digit */
    uint32_t timestamp; /**< RTP timestamp of its beginning, as far as is known */
    int64_t length_ns;  /**< when it ended; 0 when it began */
};

/** The maximum number of changes of one call, and the size of the caller's array. */
#define RTPEVENT_MAX_CHANGES 3

/**
 * Makes a receiver of the events of one source. It reports each press with exactly one
 * RTPEVENT_BEGAN and one RTPEVENT_ENDED, whichever packets are lost, repeated or reordered.
 *
 * \param clock_rate  of the events, Hz
 *
 * \return NULL if clock_rate is 0, or without memory
 */
RTPSYNTH_API struct rtpevent_receiver* rtpevent_receiver_ctor(uint32_t clock_rate);
/** Destroys a receiver. No-op for NULL. */
RTPSYNTH_API void rtpevent_receiver_dtor(struct rtpevent_receiver* receiver);

/**
 * Processes an RTP packet of the events' payload type that arrived at now_ns of the caller's
 * monotonic clock.
 *
 * \return the number of changes; an enum rtp_parser_err if it is not an RTP packet;
 *         RTPAUDIO_EINVAL if an argument is NULL
 */
RTPSYNTH_API int rtpevent_receiver_insert(struct rtpevent_receiver* receiver,
                                          const unsigned char* data, size_t size, int64_t now_ns,
                                          struct rtpevent_change* changes);
/**
 * Ends the current press if no packet of it came for 100 ms. Call it at
 * rtpevent_receiver_next_deadline(), or every tick.
 *
 * \return the number of changes; RTPAUDIO_EINVAL
 */
RTPSYNTH_API int rtpevent_receiver_expire(struct rtpevent_receiver* receiver, int64_t now_ns,
                                          struct rtpevent_change* changes);
/** Ends the current press at the end of the call; see rtpevent_receiver_expire(). */
RTPSYNTH_API int rtpevent_receiver_finish(struct rtpevent_receiver* receiver,
                                          struct rtpevent_change* changes);
/**
 * The time at which to call rtpevent_receiver_expire().
 *
 * \return 1, and *deadline_ns is the time; 0: no key is pressed
 */
RTPSYNTH_API int rtpevent_receiver_next_deadline(const struct rtpevent_receiver* receiver,
                                                 int64_t* deadline_ns);

#ifdef __cplusplus
}
#endif

/** \} */

#endif
