/* How long the C face's frames live, whatever becomes of their buffer and their thread. */
#define _POSIX_C_SOURCE 200809L

#include "rtpjbuf_packets.h"

#include "check.h"

#include <pthread.h>

static void many_at_once(void) {
    struct rjb_datagram d[PACKETS];
    struct rjb_udp_in_r r;
    size_t taken = 0;
    void* const jb = rtpjbuf_ctor(4);
    const struct rtp_frame* f;
    int i;
    for (i = 0; i != 8; ++i) {
        d[i].data = packet[i];
        d[i].size = HEADER + 20;
    }
    d[1].data = packet[2]; /* 0 2 bad 1 1 bad 6 7 */
    d[2].size = 11;
    d[3].data = packet[1];
    d[4].data = packet[1];
    d[5].data = NULL;
    r = rtpjbuf_udp_in_many(jb, d, 8, 5, &taken);
    CHECK(taken == 8);
    CHECK(is_packet(r.ready, 0) && is_packet(r.ready->next, 1));
    CHECK(is_packet(r.drop, 1) && rtpjbuf_drop_reason(r.drop) == RJB_DROP_LATE);
    CHECK(done(r, 3, 1));
    CHECK(stats_of(jb).invalid == 2 && stats_of(jb).received == 6);
    CHECK(is_nothing(rtpjbuf_udp_in_many(jb, NULL, 0, 5, &taken), 0) && taken == 0);
    CHECK(done(rtpjbuf_flush(jb), 3, 0));

    /* Each of many brings an erasure of its own. */
    for (i = 0; i != 300; ++i) {
        d[i].data = packet[10 + 2 * i];
        d[i].size = HEADER;
    }
    r = rtpjbuf_udp_in_many(jb, d, 300, 5, NULL);
    for (i = 0, f = r.ready; f != NULL && f->next != NULL; f = f->next->next, ++i) {
        const uint64_t n = 10 + 2 * (uint64_t)i;
        if (!CHECK(is_erasure(f, n - (i == 0 ? 2 : 1), n - 1, i == 0 ? 320 : 160, 0))) break;
        if (!CHECK(is_packet(f->next, (int)n))) break;
    }
    CHECK(i == 297 && f == NULL);
    CHECK(done(r, 594, 0));
    rtpjbuf_dtor(jb);
}

static void many_erasures_from_one_flush(void) {
    void* const jb = rtpjbuf_ctor(400);
    struct rjb_udp_in_r r;
    struct rtp_frame* f;
    int i, round;
    CHECK(done(put(jb, 0), 1, 0));
    for (round = 0; round != 2; ++round) { /* the second time in a buffer that has shrunk */
        const int first = 340 * round;
        for (i = 1; i <= 160; ++i) CHECK(is_nothing(put(jb, first + 2 * i), 0));
        r = rtpjbuf_flush(jb);
        CHECK(r.error == 0 && length(r.ready) == 320 && r.drop == NULL);
        /* Erasures stay valid until the next call, also after the packets have gone. */
        for (f = r.ready; f != NULL && f->next != NULL; f = f->next) {
            struct rtp_frame* const last = f->next;
            f->next = last->next;
            CHECK(last->type == RFT_RTP);
            rtpjbuf_frame_dtor(last);
        }
        for (i = 1, f = r.ready; f != NULL; f = f->next, ++i) {
            const uint64_t n = (uint64_t)(first + 2 * i);
            CHECK(is_erasure(f, i == 1 && round == 1 ? 321 : n - 1, n - 1,
                             i == 1 && round == 1 ? 160 * 21 : 160, 0));
            rtpjbuf_frame_dtor(f);
            CHECK(f->ers.lseq_end == n - 1); /* left as it is */
        }
        CHECK(i == 161);
    }
    CHECK(stats_of(jb).erasures == 320 && stats_of(jb).erased == 340);
    rtpjbuf_dtor(jb);
}

static void frames_outlive_their_buffer(void) {
    void* const jb = rtpjbuf_ctor(5);
    struct rjb_udp_in_r r;
    struct rtp_frame* f;
    int i;
    for (i = 1; i != 5; ++i) CHECK(is_nothing(put(jb, i), 0));
    r = put(jb, 5);
    CHECK(is_nothing(put(jb, 8), 0)); /* freed with the buffer */
    rtpjbuf_dtor(jb);
    for (i = 1, f = r.ready; f != NULL; f = f->next, ++i) CHECK(is_packet(f, i));
    CHECK(done(r, 5, 0));
}

/* Frames of the main thread, freed here; one more stays for when the thread is ending. */
static pthread_key_t at_thread_exit;

static void* free_frames(void* arg) {
    struct rtp_frame* const first = arg;
    pthread_setspecific(at_thread_exit, first->next);
    rtpjbuf_frame_dtor(first);
    return NULL;
}

/* A buffer made, used and destroyed on a thread that ends before its frames are freed. */
static void* fill_a_buffer(void* arg) {
    void* const jb = rtpjbuf_ctor(1);
    struct rtp_frame** const frames = arg;
    int i;
    for (i = 0; i != 200; ++i) {
        const struct rjb_udp_in_r r = put(jb, i);
        if (i % 2 == 0) {
            frames[i / 2] = r.ready;
        } else {
            release(r.ready);
        }
    }
    return jb;
}

static void frames_travel_between_threads(void) {
    static struct rtp_frame* frames[4][100];
    pthread_t thread[4];
    void *jb, *other;
    int round, i, j;
    CHECK(pthread_key_create(&at_thread_exit, rtpjbuf_frame_dtor) == 0);
    jb = rtpjbuf_ctor(20);
    CHECK(done(put(jb, 0), 1, 0));
    for (round = 0; round != 100; ++round) {
        struct rjb_udp_in_r r;
        CHECK(is_nothing(put(jb, 2 * round + 2), 0));
        r = put(jb, 2 * round + 1);
        CHECK(length(r.ready) == 2);
        pthread_create(&thread[0], NULL, free_frames, r.ready);
        pthread_join(thread[0], NULL);
    }
    for (round = 0; round != 20; ++round) {
        for (i = 0; i != 4; ++i) pthread_create(&thread[i], NULL, fill_a_buffer, frames[i]);
        for (i = 0; i != 4; ++i) {
            pthread_join(thread[i], &other);
            for (j = 0; j != 100; ++j) {
                CHECK(is_packet(frames[i][j], 2 * j));
                rtpjbuf_frame_dtor(frames[i][j]);
            }
            rtpjbuf_dtor(other);
        }
    }
    rtpjbuf_dtor(jb);
    pthread_key_delete(at_thread_exit);
}

int main(void) {
    make_packets();
    many_at_once();
    many_erasures_from_one_flush();
    frames_outlive_their_buffer();
    frames_travel_between_threads();
    return CHECK_RESULT();
}
