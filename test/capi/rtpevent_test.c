/* The C face of telephone events, as a C99 program uses it. */
#include <rtpevent.h>
#include <rtpsynth.h>

#include "check.h"

#include <string.h>

#define TICK 160 /* samples in 20 ms at 8 kHz */
#define MS 1000000LL
#define SECOND 1000000000LL
#define AUDIO 0
#define EVENTS 101

static char packet[12 + TICK];

static unsigned type_of(const char* p) { return (unsigned char)p[1] & 0x7fU; }
static int marker_of(const char* p) { return (unsigned char)p[1] >> 7; }
static unsigned be(const char* p, size_t n) {
    unsigned value = 0;
    while (n-- != 0) value = value << 8 | (unsigned char)*p++;
    return value;
}

/* From a sender's queue through every packet of a synthesiser to a receiver. */
static void digits_are_sent_and_received(void) {
    void* const synth = rsynth_ctor(8000, 20);
    struct rtpevent_sender* const sender = rtpevent_sender_ctor(8000);
    struct rtpevent_receiver* const receiver = rtpevent_receiver_ctor(8000);
    struct rtpevent_change changes[RTPEVENT_MAX_CHANGES];
    char began[8] = "", ended[8] = "";
    unsigned first_ts = 0, first_seq = 0, pause = 0;
    int n, i;
    CHECK(rtpevent_sender_is_busy(sender) == 0);
    CHECK(rtpevent_sender_queue(sender, "1d#", NULL) == RTPAUDIO_OK);
    CHECK(rtpevent_sender_is_busy(sender) == 1);
    for (n = 0; n != 40; ++n) {
        int found = 0;
        int size = rtpevent_sender_next_pkt(sender, synth, EVENTS, packet, sizeof packet);
        if (size == 0) {
            ++pause;
            size = rsynth_next_pkt_pa(synth, TICK, AUDIO, packet, sizeof packet, 0);
            CHECK(size == 12 + TICK && type_of(packet) == AUDIO);
            CHECK(marker_of(packet) == (pause == 1)); /* is kept for the first audio */
            CHECK(be(packet + 4, 4) == first_ts + (unsigned)n * TICK);
        } else {
            CHECK(size == 16 && type_of(packet) == EVENTS);
            if (n == 0) {
                CHECK(marker_of(packet) == 1);
                first_ts = be(packet + 4, 4);
                first_seq = be(packet + 2, 2);
            }
            if (n == 1) CHECK(be(packet + 4, 4) == first_ts && be(packet + 14, 2) == 2 * TICK);
            found = rtpevent_receiver_insert(receiver, (unsigned char*)packet, (size_t)size,
                                             n * 20 * MS, changes);
        }
        CHECK(be(packet + 2, 2) == ((first_seq + (unsigned)n) & 0xffffU));
        for (i = 0; i < found; ++i) {
            strncat(changes[i].kind == RTPEVENT_BEGAN ? began : ended, &changes[i].digit, 1);
            CHECK(changes[i].length_ns == (changes[i].kind == RTPEVENT_BEGAN ? 0 : 100 * MS));
            if (n < 7) CHECK(changes[i].timestamp == first_ts && changes[i].event == 1);
        }
    }
    CHECK(strcmp(began, "1D#") == 0 && strcmp(ended, "1D#") == 0);
    CHECK(pause > 10 && rtpevent_sender_is_busy(sender) == 0);
    rtpevent_receiver_dtor(receiver);
    rtpevent_sender_dtor(sender);
    rsynth_dtor(synth);
}

static void an_event_is_held_until_it_is_released(void) {
    struct rtpevent_sender* const sender = rtpevent_sender_ctor(8000);
    struct rtpevent_timing timing = RTPEVENT_TIMING_INIT;
    struct rtpevent_packet out;
    unsigned n;
    timing.volume = 20;
    CHECK(rtpevent_sender_press(sender, 16, &timing) == RTPAUDIO_OK); /* flash */
    for (n = 0; n != 50; ++n) {
        CHECK(rtpevent_sender_next(sender, 1000 + n * TICK, TICK, &out) == 1);
        CHECK(out.marker == (n == 0) && out.timestamp == 1000);
        CHECK(out.payload[0] == 16 && out.payload[1] == 20);
        CHECK(be((char*)out.payload + 2, 2) == (n + 1) * TICK);
    }
    rtpevent_sender_release(sender);
    for (; n != 53; ++n) {
        CHECK(rtpevent_sender_next(sender, 1000 + n * TICK, TICK, &out) == 1);
        CHECK(out.payload[1] == (0x80 | 20));
    }
    CHECK(rtpevent_sender_is_busy(sender) == 0);
    CHECK(rtpevent_sender_next(sender, 1000 + n * TICK, TICK, &out) == 0);

    CHECK(rtpevent_sender_queue_event(sender, 255, NULL) == RTPAUDIO_OK);
    rtpevent_sender_clear(sender);
    CHECK(rtpevent_sender_is_busy(sender) == 0);
    rtpevent_sender_dtor(sender);
}

static void a_sender_says_what_is_wrong(void) {
    struct rtpevent_sender* const sender = rtpevent_sender_ctor(8000);
    const struct rtpevent_timing defaults = RTPEVENT_TIMING_INIT;
    struct rtpevent_timing t = defaults;
    char digits[66];
    memset(digits, '5', 65);
    digits[65] = '\0';
    CHECK(rtpevent_sender_ctor(0) == NULL);
    CHECK(rtpevent_sender_queue(sender, "12x", NULL) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_sender_queue(sender, NULL, NULL) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_sender_queue(NULL, "1", NULL) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_sender_queue(sender, digits, NULL) == RTPAUDIO_ENOSPC);
    CHECK(rtpevent_sender_queue_event(sender, 256, NULL) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_sender_queue_event(NULL, 1, NULL) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_sender_press(sender, 256, NULL) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_sender_press(NULL, 1, NULL) == RTPAUDIO_EINVAL);
    --t.size;
    CHECK(rtpevent_sender_queue(sender, "1", &t) == RTPAUDIO_EINVAL);
    t = defaults;
    t.on_ns = 0;
    CHECK(rtpevent_sender_queue(sender, "1", &t) == RTPAUDIO_EINVAL);
    t.on_ns = 3600 * SECOND + 1;
    CHECK(rtpevent_sender_queue_event(sender, 1, &t) == RTPAUDIO_EINVAL);
    t = defaults;
    t.off_ns = -1;
    CHECK(rtpevent_sender_press(sender, 1, &t) == RTPAUDIO_EINVAL);
    t = defaults;
    t.volume = 64;
    CHECK(rtpevent_sender_queue(sender, "1", &t) == RTPAUDIO_EINVAL);
    t.volume = 256; /* and not as 0 */
    CHECK(rtpevent_sender_queue(sender, "1", &t) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_sender_is_busy(sender) == 0); /* nothing of all that was queued */

    CHECK(rtpevent_sender_queue(sender, digits + 1, &defaults) == RTPAUDIO_OK);
    CHECK(rtpevent_sender_queue_event(sender, 1, NULL) == RTPAUDIO_ENOSPC);
    CHECK(rtpevent_sender_press(sender, 1, NULL) == RTPAUDIO_ENOSPC);
    CHECK(rtpevent_sender_is_busy(NULL) == 0);
    rtpevent_sender_release(NULL);
    rtpevent_sender_clear(NULL);
    rtpevent_sender_dtor(NULL);
    rtpevent_sender_dtor(sender);
}

static void a_packet_that_fails_is_not_numbered(void) {
    void* const synth = rsynth_ctor(8000, 20);
    void* const wide = rsynth_ctor(16000, 20);
    struct rtpevent_sender* const sender = rtpevent_sender_ctor(8000);
    struct rtpevent_packet out;
    unsigned seq;
    CHECK(rsynth_next_pkt_pa(synth, TICK, AUDIO, packet, sizeof packet, 0) == 12 + TICK);
    seq = be(packet + 2, 2);
    CHECK(rtpevent_sender_next_pkt(sender, synth, EVENTS, packet, 16) == 0);
    CHECK(rtpevent_sender_queue(sender, "1", NULL) == RTPAUDIO_OK);
    CHECK(rtpevent_sender_next_pkt(sender, synth, 128, packet, 16) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_sender_next_pkt(sender, synth, -1, packet, 16) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_sender_next_pkt(sender, synth, EVENTS, packet, 15) == RTPAUDIO_ENOSPC);
    CHECK(rtpevent_sender_next_pkt(sender, synth, EVENTS, NULL, 16) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_sender_next_pkt(sender, wide, EVENTS, packet, 16) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_sender_next_pkt(sender, NULL, EVENTS, packet, 16) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_sender_next_pkt(NULL, synth, EVENTS, packet, 16) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_sender_next(sender, 0, TICK, NULL) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_sender_next(NULL, 0, TICK, &out) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_sender_next_pkt(sender, synth, EVENTS, packet, 16) == 16);
    CHECK(marker_of(packet) == 1 && be(packet + 2, 2) == ((seq + 1) & 0xffffU));
    rtpevent_sender_dtor(sender);
    rsynth_dtor(synth);
    rsynth_dtor(wide);
}

static void a_press_ends_by_time_or_with_the_call(void) {
    static const unsigned char press[16] = {0x80, EVENTS, 0, 1, 0,  0,  0, 9,
                                            0,    0,      0, 1, 11, 10, 0, 160};
    struct rtpevent_receiver* const receiver = rtpevent_receiver_ctor(8000);
    struct rtpevent_change changes[RTPEVENT_MAX_CHANGES];
    int64_t deadline = 7;
    unsigned char later[16];
    CHECK(rtpevent_receiver_next_deadline(receiver, &deadline) == 0 && deadline == 7);
    CHECK(rtpevent_receiver_insert(receiver, press, 16, 5 * MS, changes) == 1);
    CHECK(changes[0].kind == RTPEVENT_BEGAN && changes[0].digit == '#');
    CHECK(changes[0].event == 11 && changes[0].timestamp == 9);
    CHECK(rtpevent_receiver_next_deadline(receiver, &deadline) == 1 && deadline == 105 * MS);
    CHECK(rtpevent_receiver_next_deadline(receiver, NULL) == 0);
    CHECK(rtpevent_receiver_expire(receiver, deadline - 1, changes) == 0);
    CHECK(rtpevent_receiver_expire(receiver, deadline, changes) == 1);
    CHECK(changes[0].kind == RTPEVENT_ENDED && changes[0].length_ns == 20 * MS);
    CHECK(rtpevent_receiver_finish(receiver, changes) == 0);

    memcpy(later, press, sizeof later);
    later[2] = 1; /* sequence number */
    later[5] = 1; /* timestamp */
    later[12] = 16;
    CHECK(rtpevent_receiver_insert(receiver, later, 16, SECOND, changes) == 1);
    CHECK(changes[0].event == 16 && changes[0].digit == '\0');
    CHECK(rtpevent_receiver_finish(receiver, changes) == 1);
    CHECK(changes[0].kind == RTPEVENT_ENDED);
    rtpevent_receiver_dtor(receiver);
}

static void a_receiver_says_what_is_wrong(void) {
    static const unsigned char press[16] = {0x80, EVENTS, 0, 1, 0,  0,  0, 9,
                                            0,    0,      0, 1, 11, 10, 0, 160};
    struct rtpevent_receiver* const receiver = rtpevent_receiver_ctor(8000);
    struct rtpevent_change changes[RTPEVENT_MAX_CHANGES];
    int64_t deadline;
    CHECK(rtpevent_receiver_ctor(0) == NULL);
    CHECK(rtpevent_receiver_insert(receiver, press, 11, 0, changes) == RTP_PARSER_PTOOSHRT);
    CHECK(rtpevent_receiver_insert(receiver, press, 15, 0, changes) == 0); /* no event */
    CHECK(rtpevent_receiver_insert(receiver, press + 1, 15, 0, changes) == RTP_PARSER_IHDRVER);
    CHECK(rtpevent_receiver_insert(receiver, NULL, 16, 0, changes) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_receiver_insert(receiver, press, 16, 0, NULL) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_receiver_insert(NULL, press, 16, 0, changes) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_receiver_expire(receiver, 0, NULL) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_receiver_expire(NULL, 0, changes) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_receiver_finish(receiver, NULL) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_receiver_finish(NULL, changes) == RTPAUDIO_EINVAL);
    CHECK(rtpevent_receiver_next_deadline(NULL, &deadline) == 0);
    rtpevent_receiver_dtor(NULL);
    rtpevent_receiver_dtor(receiver);
}

int main(void) {
    digits_are_sent_and_received();
    an_event_is_held_until_it_is_released();
    a_sender_says_what_is_wrong();
    a_packet_that_fails_is_not_numbered();
    a_press_ends_by_time_or_with_the_call();
    a_receiver_says_what_is_wrong();
    return CHECK_RESULT();
}
