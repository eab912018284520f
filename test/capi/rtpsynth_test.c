/* The C face of the synthesiser, as a C99 program uses it. */
#define _POSIX_C_SOURCE 200809L

#include <rtpsynth.h>

#include "check.h"
#include "rtpsynth_packets.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_PLEN = 65507 - 12 };

/* A random source that returns numbers given beforehand. */
struct numbers {
    uint32_t value[3];
    unsigned int drawn;
};

static uint32_t next_number(void* arg) {
    struct numbers* const n = arg;
    return n->value[n->drawn++ % 3];
}

static void* synth_from(struct numbers* n, int srate, int ptime) {
    void* ri;
    rsynth_set_randfunc(next_number, n);
    ri = rsynth_ctor(srate, ptime);
    rsynth_set_randfunc(NULL, NULL);
    return ri;
}

/* SSRC 0x01020304, first timestamp 0x10000 and sequence number 0x2000. */
static void* plain_synth(void) {
    struct numbers n = {{0x01020304, 0x10000, 0x2000}, 0};
    return synth_from(&n, 8000, 20);
}

static void packets_bit_for_bit(void) {
    struct numbers n = {{0x11223344, 0xfffffff1, 0xabcdffff}, 0};
    const unsigned char first[16] = {0x80, 0xe0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf0,
                                     0x11, 0x22, 0x33, 0x44, 0,    0,    0,    0};
    const unsigned char second[12] = {0x80, 0x7f, 0, 0, 0, 0, 0, 0x90, 0x11, 0x22, 0x33, 0x44};
    void* const ri = synth_from(&n, 8000, 20);
    void *p, *q;
    if (!CHECK(ri != NULL)) return;
    CHECK(n.drawn == 3);
    p = rsynth_next_pkt(ri, 4, 96);
    q = rsynth_next_pkt(ri, 0, 127);
    CHECK(p != NULL && memcmp(p, first, sizeof first) == 0);
    CHECK(q != NULL && memcmp(q, second, sizeof second) == 0);
    rsynth_dtor(ri);
    CHECK(p != NULL && memcmp(p, first, sizeof first) == 0); /* outlives its synthesiser */
    rsynth_pkt_free(p);
    rsynth_pkt_free(q);
}

struct after_char {
    char c;
    union {
        long double floating;
        long long integer;
        void* pointer;
        void (*function)(void);
    } type; /* as strictly aligned as any */
};

static void packets_of_every_size_are_zero(void) {
    static const int sizes[] = {0,    1,    51,   52,   53,   160,  243,   244,     245,
                                1460, 2035, 2036, 2037, 4096, 9000, 65494, MAX_PLEN};
    void* const ri = plain_synth();
    size_t i, j;
    for (i = 0; i != sizeof sizes / sizeof *sizes; ++i) {
        for (j = 0; j != 3; ++j) { /* the second and third in the bytes of the first */
            unsigned char* const p = rsynth_next_pkt(ri, sizes[i], 0);
            if (!CHECK(p != NULL)) break;
            CHECK((uintptr_t)p % offsetof(struct after_char, type) == 0);
            CHECK(seq_of(p) == 0x2000 + i * 3 + j);
            CHECK(all(p + 12, (size_t)sizes[i], 0));
            memset(p, 0xff, 12 + (size_t)sizes[i]);
            rsynth_pkt_free(p);
        }
    }
    rsynth_dtor(ri);
}

static void many_packets_at_once(void) {
    enum { N = 500 };
    static const int plen[] = {100, 1000, 3000};
    static unsigned char* held[N];
    void* const ri = plain_synth();
    unsigned int round, i;
    for (round = 0; round != 3; ++round) {
        for (i = 0; i != N; ++i) {
            held[i] = rsynth_next_pkt(ri, plen[i % 3], 0);
            if (!CHECK(held[i] != NULL)) return;
            memset(held[i] + 12, (int)(i % 251), (size_t)plen[i % 3]);
        }
        for (i = 0; i != N; ++i) {
            CHECK(seq_of(held[i]) == 0x2000 + round * N + i);
            CHECK(all(held[i] + 12, (size_t)plen[i % 3], (int)(i % 251)));
            rsynth_pkt_free(held[i]);
        }
    }
    rsynth_dtor(ri);
}

static void the_callers_buffer(void) {
    static char big[65507];
    char buf[64];
    int plen;
    void* const ri = plain_synth();
    for (plen = 0; plen <= 52; ++plen) { /* shorter and longer than the header */
        int i;
        for (i = 0; i != 64; ++i) buf[i] = (char)(i + 1);
        CHECK(rsynth_next_pkt_pa(ri, plen, 8, buf, sizeof buf, 1) == 12 + plen);
        CHECK(seq_of(buf) == (unsigned int)(0x2000 + 2 * plen) && (buf[1] & 0x7f) == 8);
        for (i = 0; i != plen && buf[12 + i] == (char)(i + 1);) ++i;
        CHECK(i == plen);
        CHECK(all(buf + 12 + plen, (size_t)(52 - plen), 0));
        memset(buf, 0xee, sizeof buf);
        CHECK(rsynth_next_pkt_pa(ri, plen, 8, buf, (unsigned int)plen + 12, 0) == 12 + plen);
        CHECK(all(buf + 12, (size_t)plen, 0) && all(buf + 12 + plen, (size_t)(52 - plen), 0xee));
    }
    CHECK(rsynth_next_pkt_pa(ri, MAX_PLEN, 8, big, sizeof big, -1) == 65507);
    rsynth_dtor(ri);
}

static void batches(void) {
    char buf[100], expected[100];
    void* const ri = plain_synth();
    void* const single = plain_synth();
    int keep, i;
    for (keep = 0; keep != 2; ++keep) {
        memset(buf, 0x55, sizeof buf);
        memset(expected, 0x55, sizeof expected);
        for (i = 0; i != 4; ++i) {
            char* const p = expected + 25 * i;
            CHECK(rsynth_next_pkt_pa(single, 10, 3, p, 22, 0) == 22);
            if (keep) memset(p + 12, 0x55, 10);
        }
        CHECK(rsynth_next_pkts(ri, 4, 10, 3, buf, 97, 25, keep) == 22);
        CHECK(memcmp(buf, expected, sizeof buf) == 0);
    }
    for (i = 0; i != 5; ++i)
        CHECK(rsynth_next_pkt_pa(single, 8, 3, expected + 20 * i, 20, 0) == 20);
    CHECK(rsynth_next_pkts(ri, 5, 8, 3, buf, 100, 20, 0) == 20); /* no gaps */
    CHECK(memcmp(buf, expected, sizeof buf) == 0);
    CHECK(rsynth_next_pkts(ri, 0, 8, 3, buf, 0, 20, 0) == 20);
    rsynth_dtor(ri);
    rsynth_dtor(single);
}

static void a_refused_call_changes_nothing(void) {
    static const int bad[][2] = {{-1, 0},  {INT_MIN, 0}, {MAX_PLEN + 1, 0}, {INT_MAX, 0},  {4, -1},
                                 {4, 128}, {4, INT_MIN}, {4, INT_MAX},      {INT_MIN, 200}};
    char buf[100];
    size_t i;
    void* const ri = plain_synth();
    void* p;
    memset(buf, 0x55, sizeof buf);
    for (i = 0; i != sizeof bad / sizeof *bad; ++i) {
        CHECK(rsynth_next_pkt(ri, bad[i][0], bad[i][1]) == NULL);
        CHECK(rsynth_next_pkt_pa(ri, bad[i][0], bad[i][1], buf, sizeof buf, 0) == -1);
        CHECK(rsynth_next_pkt_pa(ri, bad[i][0], bad[i][1], buf, UINT_MAX, 1) == -1);
        CHECK(rsynth_next_pkts(ri, 1, bad[i][0], bad[i][1], buf, sizeof buf, 16, 0) == -1);
        CHECK(rsynth_next_pkts(ri, 0, bad[i][0], bad[i][1], buf, SIZE_MAX, SIZE_MAX, 1) == -1);
    }
    CHECK(rsynth_next_pkt_pa(ri, 4, 0, buf, 15, 0) == -1);
    CHECK(rsynth_next_pkt_pa(ri, 4, 0, buf, 15, 1) == -1);
    CHECK(rsynth_next_pkt_pa(ri, 0, 0, buf, 0, 0) == -1);
    CHECK(rsynth_next_pkt_pa(ri, 4, 0, NULL, 16, 0) == -1);
    CHECK(rsynth_next_pkts(ri, 2, 4, 0, NULL, 32, 16, 0) == -1);
    CHECK(rsynth_next_pkts(ri, 2, 4, 0, buf, 31, 16, 0) == -1);
    CHECK(rsynth_next_pkts(ri, 2, 4, 0, buf, 100, 15, 0) == -1);
    CHECK(rsynth_next_pkts(ri, 2, 4, 0, buf, 100, SIZE_MAX, 1) == -1);
    CHECK(rsynth_next_pkts(ri, UINT_MAX, 4, 0, buf, 100, 16, 0) == -1);
    CHECK(rsynth_next_pkts(ri, UINT_MAX, 4, 0, buf, 100, SIZE_MAX / UINT_MAX + 1, 1) == -1);
    rsynth_skip(ri, -1);
    rsynth_skip(ri, INT_MIN);
    CHECK(all(buf, sizeof buf, 0x55));
    p = rsynth_next_pkt(ri, 0, 0);
    CHECK(p != NULL && timestamp_of(p) == 0x10000 && seq_of(p) == 0x2000);
    CHECK(p != NULL && ((unsigned char*)p)[1] == 0x80);
    rsynth_pkt_free(p);
    rsynth_dtor(ri);
}

static void constructor_refuses(void) {
    struct numbers n = {{1, 2, 3}, 0};
    static const int bad[] = {0, -1, INT_MIN};
    size_t i;
    void* ri;
    for (i = 0; i != 3; ++i) {
        CHECK(synth_from(&n, bad[i], 20) == NULL);
        CHECK(synth_from(&n, 8000, bad[i]) == NULL);
    }
    CHECK(n.drawn == 0);
    ri = synth_from(&n, INT_MAX, INT_MAX);
    CHECK(ri != NULL && n.drawn == 3);
    rsynth_dtor(ri);
}

static void null_is_tolerated(void) {
    char buf[20];
    struct rsynth_seq was = {1, 2};
    CHECK(rsynth_next_pkt(NULL, 4, 0) == NULL);
    CHECK(rsynth_next_pkt_pa(NULL, 4, 0, buf, sizeof buf, 0) == -1);
    CHECK(rsynth_next_pkts(NULL, 1, 4, 0, buf, sizeof buf, 16, 0) == -1);
    CHECK(rsynth_set_mbt(NULL, 1) == 0);
    rsynth_resync(NULL, &was);
    CHECK(was.ts == 1 && was.seq == 2);
    rsynth_resync(NULL, NULL);
    rsynth_skip(NULL, 1);
    rsynth_pkt_free(NULL);
    rsynth_dtor(NULL);
}

static void marker_and_skip(void) {
    char buf[12];
    void* const ri = plain_synth();
    CHECK(rsynth_set_mbt(ri, 0) == 1);
    CHECK(rsynth_next_pkt_pa(ri, 0, 5, buf, 12, 0) == 12 && buf[1] == 5);
    CHECK(rsynth_set_mbt(ri, 2) == 0);
    CHECK(rsynth_set_mbt(ri, UINT_MAX) == 1);
    rsynth_skip(ri, 10);
    CHECK(rsynth_next_pkt_pa(ri, 0, 5, buf, 12, 0) == 12 && (unsigned char)buf[1] == 0x85);
    CHECK(timestamp_of(buf) == 0x10000 + 11 * 160 && seq_of(buf) == 0x2001);
    CHECK(rsynth_next_pkt_pa(ri, 0, 5, buf, 12, 0) == 12 && buf[1] == 5);
    rsynth_dtor(ri);
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The pause lies between two readings of the same clock, however slow the machine is. */
static void resync_measures_the_pause(void) {
    const struct timespec pause = {0, 30000000};
    struct numbers n = {{1, 0, 100}, 0};
    struct rsynth_seq was = {0, 0}, next = {0, 0};
    char buf[12];
    double before, made, asked, done;
    void* const ri = synth_from(&n, 1000000, 1);
    rsynth_resync(ri, NULL);
    rsynth_resync(ri, &was);
    CHECK(was.ts == 0 && was.seq == 100); /* no packet yet */
    before = seconds();
    CHECK(rsynth_next_pkt_pa(ri, 0, 0, buf, 12, 0) == 12);
    made = seconds();
    nanosleep(&pause, NULL);
    rsynth_resync(ri, &was);
    CHECK(was.ts == 1000 && was.seq == 101);
    asked = seconds();
    rsynth_resync(ri, &was);
    done = seconds();
    CHECK(was.seq == 101);
    CHECK((double)was.ts >= 30000 - 1 && (double)was.ts <= (asked - before) * 1e6 + 1);
    rsynth_skip(ri, 0);
    CHECK(rsynth_next_pkt_pa(ri, 0, 0, buf, 12, 0) == 12);
    next.ts = timestamp_of(buf);
    CHECK((double)next.ts >= (asked - made) * 1e6 - 1);
    CHECK((double)next.ts <= (done - before) * 1e6 + 1); /* the pause once */
    rsynth_dtor(ri);
}

/* ---- random sources ---- */

static uint32_t number_from_a_packet(void* arg) {
    uint32_t value;
    void *ri, *p;
    rsynth_set_randfunc(NULL, NULL);
    ri = rsynth_ctor(8000, 20);
    p = rsynth_next_pkt(ri, 160, 0);
    value = p != NULL ? (uint32_t)timestamp_of(p) : 0;
    rsynth_pkt_free(p);
    rsynth_dtor(ri);
    ++*(int*)arg;
    rsynth_set_randfunc(number_from_a_packet, arg);
    return value;
}

static void random_source_may_call_back(void) {
    int calls = 0;
    void* ri;
    rsynth_set_randfunc(number_from_a_packet, &calls);
    ri = rsynth_ctor(8000, 20);
    rsynth_set_randfunc(NULL, NULL);
    CHECK(ri != NULL && calls == 3);
    rsynth_dtor(ri);
}

int main(void) {
    packets_bit_for_bit();
    packets_of_every_size_are_zero();
    many_packets_at_once();
    the_callers_buffer();
    batches();
    a_refused_call_changes_nothing();
    constructor_refuses();
    null_is_tolerated();
    marker_and_skip();
    resync_measures_the_pause();
    random_source_may_call_back();
    return CHECK_RESULT();
}
