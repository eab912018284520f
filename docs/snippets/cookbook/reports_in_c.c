/* Cookbook: RTCP in C. Alice sends, a network of 30 ms loses every tenth packet, Bob counts, and
 * his report tells Alice. Time is virtual here; yours is that of clock_gettime(). */
#include <inttypes.h>
#include <rtpreport.h>
#include <rtpsynth.h>
#include <stdio.h>

#define MS INT64_C(1000000)
#define DELAY (30 * MS)

enum { ALICE = 1, BOB = 2 };

/* What Bob does with RTCP: Alice's time goes into his next report. */
static void bob_hears(struct rtpreport_stats* stats, const uint8_t* bytes, size_t size,
                      int64_t now) {
    static struct rtpreport_packet packet; /* 1.5 KB */
    size_t at = 0;
    for (int found; (found = rtpreport_next(bytes, size, &at, &packet)) != 0;)
        if (found > 0 && packet.type == RTPREPORT_SR)
            rtpreport_stats_sender(stats, packet.sender.ntp, now);
}

static void alice_hears(const uint8_t* bytes, size_t size, uint64_t ntp) {
    static struct rtpreport_packet packet;
    size_t at = 0;
    for (int found; (found = rtpreport_next(bytes, size, &at, &packet)) != 0;)
        for (size_t i = 0; found > 0 && i < packet.count; i++) {
            const struct rtpreport_block* block = &packet.blocks[i];
            if (packet.type == RTPREPORT_SDES && packet.texts[i].bytes)
                printf("%.*s hears us\n", (int)packet.texts[i].size, packet.texts[i].bytes);
            else if (packet.type == RTPREPORT_RR && block->ssrc == ALICE)
                printf("%" PRId32 " packets lost, round trip %" PRId64 " ms\n",
                       block->cumulative_lost, rtpreport_round_trip(block, ntp) / MS);
        }
}

int main(void) {
    struct rtpreport_stats* bob = rtpreport_stats_ctor(8000);
    void* alice = rsynth_ctor(8000, 20);
    uint8_t packet[172], report[1500];
    int64_t now = 0; /* also the time since 1970, for a wall clock */
    for (int i = 0; i < 100; i++, now += 20 * MS) {
        rsynth_next_pkt_pa(alice, 160, 0, (char*)packet, sizeof packet, 0);
        if (i % 10 != 5) rtpreport_stats_packet(bob, packet, sizeof packet, now + DELAY);
    }

    const struct rtpreport_sender sent = {
        .ntp = rtpreport_ntp(now), .packets = 100, .octets = 16000};
    long size = rtpreport_add_report(report, sizeof report, 0, ALICE, &sent, NULL, 0);
    if (size > 0) size = rtpreport_add_cname(report, sizeof report, (size_t)size, ALICE, "alice");
    if (size > 0) bob_hears(bob, report, (size_t)size, now + DELAY);

    now += 500 * MS; /* Bob's turn */
    struct rtpreport_block block;
    if (rtpreport_stats_block(bob, ALICE, now, &block))
        size = rtpreport_add_report(report, sizeof report, 0, BOB, NULL, &block, 1);
    if (size > 0) size = rtpreport_add_cname(report, sizeof report, (size_t)size, BOB, "bob");
    if (size > 0) alice_hears(report, (size_t)size, rtpreport_ntp(now + DELAY));

    rsynth_dtor(alice);
    rtpreport_stats_dtor(bob);
}
