/* The C face of the synthesiser, as a C99 program with threads uses it. */
#include <rtpsynth.h>

#include "check.h"
#include "rtpsynth_packets.h"

#include <pthread.h>
#include <string.h>

static const int arg_a, arg_b;

static uint32_t source_a(void* arg) { return arg == &arg_a ? 0xaaaaaaaa : 0; }
static uint32_t source_b(void* arg) { return arg == &arg_b ? 0xbbbbbbba : 0; }

static void* make_synths(void* arg) {
    int i, *const wrong = arg;
    for (i = 0; i != 20000; ++i) {
        unsigned char p[12];
        void* const ri = rsynth_ctor(8000, 20);
        const int made = rsynth_next_pkt_pa(ri, 0, 0, (char*)p, 12, 0) == 12;
        const int mixed = made && !(all(p + 4, 8, 0xaa) && seq_of(p) == 0xaaaa) &&
                          memcmp(p + 4, "\xbb\xbb\xbb\xba\xbb\xbb\xbb\xba", 8) != 0;
        *wrong += !made || mixed;
        rsynth_dtor(ri);
    }
    return NULL;
}

static void random_source_changes_as_a_pair(void) {
    pthread_t thread[3];
    int wrong[3] = {0, 0, 0}, i;
    rsynth_set_randfunc(source_a, (void*)&arg_a);
    for (i = 0; i != 3; ++i) pthread_create(&thread[i], NULL, make_synths, &wrong[i]);
    for (i = 0; i != 20000; ++i) {
        rsynth_set_randfunc(source_b, (void*)&arg_b);
        rsynth_set_randfunc(source_a, (void*)&arg_a);
    }
    for (i = 0; i != 3; ++i) pthread_join(thread[i], NULL);
    rsynth_set_randfunc(NULL, NULL);
    CHECK(wrong[0] + wrong[1] + wrong[2] == 0);
}

enum { HANDED_ON = 100 };

static pthread_key_t at_thread_exit;

static void free_late(void* packet) { rsynth_pkt_free(packet); }

/* Makes packets, keeps some for a moment, and leaves the rest to whoever joins it. */
static void* make_packets(void* arg) {
    void **const packets = arg, *const ri = rsynth_ctor(8000, 20);
    int i;
    pthread_setspecific(at_thread_exit, rsynth_next_pkt(ri, 160, 0));
    for (i = 0; i != 200; ++i) rsynth_pkt_free(rsynth_next_pkt(ri, i * 20, 0));
    for (i = 0; i != HANDED_ON; ++i) packets[i] = rsynth_next_pkt(ri, i * 30, 0);
    rsynth_dtor(ri);
    return NULL;
}

/* Frees packets of a thread that has ended, and does nothing else with the C face. */
static void* free_packets(void* arg) {
    void** const packets = arg;
    int i;
    for (i = 0; i != HANDED_ON; ++i) {
        if (packets[i] != NULL) memset(packets[i], 1, 12 + (size_t)i * 30);
        rsynth_pkt_free(packets[i]);
    }
    return NULL;
}

static void packets_travel_between_threads(void) {
    static void* packets[4][HANDED_ON];
    pthread_t thread[4];
    int round, i, j;
    CHECK(pthread_key_create(&at_thread_exit, free_late) == 0);
    for (round = 0; round != 50; ++round) {
        for (i = 0; i != 4; ++i) pthread_create(&thread[i], NULL, make_packets, packets[i]);
        for (i = 0; i != 4; ++i) {
            pthread_join(thread[i], NULL);
            for (j = 0; j != HANDED_ON; ++j) {
                CHECK(packets[i][j] != NULL && seq_of(packets[i][j]) != seq_of(packets[i][!j]));
            }
        }
        for (i = 0; i != 4; ++i) pthread_create(&thread[i], NULL, free_packets, packets[i]);
        for (i = 0; i != 4; ++i) pthread_join(thread[i], NULL);
    }
    pthread_key_delete(at_thread_exit);
}

int main(void) {
    random_source_changes_as_a_pair();
    packets_travel_between_threads();
    return CHECK_RESULT();
}
