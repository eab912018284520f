/* RTCP and reception statistics, as a C99 program uses them. */
#include <rtpreport.h>

#include "check.h"

#include <limits.h>
#include <string.h>

#define MS 1000000LL
#define OURS 0x11223344U
#define THEIRS 0x55667788U

/* A packet of PCMU of 20 ms. */
static void write_packet(uint8_t packet[172], unsigned seq) {
    const uint32_t timestamp = seq * 160;
    memset(packet, 0, 172);
    packet[0] = 0x80;
    packet[2] = (uint8_t)(seq >> 8);
    packet[3] = (uint8_t)seq;
    packet[4] = (uint8_t)(timestamp >> 24);
    packet[5] = (uint8_t)(timestamp >> 16);
    packet[6] = (uint8_t)(timestamp >> 8);
    packet[7] = (uint8_t)timestamp;
    packet[8] = 0x55;
    packet[9] = 0x66;
    packet[10] = 0x77;
    packet[11] = (uint8_t)0x88;
}

static int count_packet(struct rtpreport_stats* stats, unsigned seq, int64_t arrival) {
    uint8_t packet[172];
    write_packet(packet, seq);
    return rtpreport_stats_packet(stats, packet, sizeof packet, arrival);
}

static int same_block(const struct rtpreport_block* a, const struct rtpreport_block* b) {
    return a->ssrc == b->ssrc && a->fraction_lost == b->fraction_lost &&
           a->cumulative_lost == b->cumulative_lost && a->highest_seq == b->highest_seq &&
           a->jitter == b->jitter && a->last_sr == b->last_sr &&
           a->delay_since_last_sr == b->delay_since_last_sr;
}

static void packets_are_counted(void) {
    struct rtpreport_stats* const stats = rtpreport_stats_ctor(8000);
    struct rtpreport_counters counters;
    struct rtpreport_block block;
    unsigned i;
    CHECK(stats != NULL);
    CHECK(rtpreport_stats_block(stats, THEIRS, 0, &block) == 0);
    CHECK(count_packet(stats, 100, 0) == RTPREPORT_PROBATION);
    CHECK(count_packet(stats, 101, 20 * MS) == RTPREPORT_IN_ORDER);
    for (i = 102; i != 200; ++i) /* a tenth is lost */
        if (i % 10 != 5) CHECK(count_packet(stats, i, (i - 100) * 20 * MS) == RTPREPORT_IN_ORDER);
    CHECK(count_packet(stats, 199, 1990 * MS) == RTPREPORT_DUPLICATE);
    CHECK(count_packet(stats, 195, 1990 * MS) == RTPREPORT_REORDERED);
    CHECK(count_packet(stats, 30000, 1990 * MS) == RTPREPORT_REJECTED);
    rtpreport_stats_get(stats, &counters);
    CHECK(counters.received == 91 && counters.expected == 99 && counters.missing == 9);
    CHECK(counters.cumulative_lost == 8 && counters.highest_seq == 199);
    CHECK(counters.duplicates == 1 && counters.reordered == 1 && counters.rejected == 2);
    CHECK(counters.restarts == 0 && counters.collisions == 0);
    CHECK(counters.max_jitter_ms >= counters.jitter_ms && counters.jitter_ms > 0);
    CHECK(counters.mean_jitter_ms > 0 && counters.mean_jitter_ms < counters.max_jitter_ms);

    rtpreport_stats_sender(stats, 0x0001234567890000U, 1000 * MS);
    CHECK(rtpreport_stats_block(stats, THEIRS, 2000 * MS, &block) == 1);
    CHECK(block.ssrc == THEIRS && block.cumulative_lost == 8 && block.highest_seq == 199);
    CHECK(block.fraction_lost == 8 * 256 / 99);
    CHECK(block.last_sr == 0x23456789U && block.delay_since_last_sr == 65536);
    CHECK(block.jitter > 0);
    CHECK(rtpreport_stats_block(stats, THEIRS, 2000 * MS, &block) == 0 && block.ssrc == 0);
    CHECK(count_packet(stats, 200, 2000 * MS) == RTPREPORT_IN_ORDER);
    CHECK(rtpreport_stats_block(stats, THEIRS, 2000 * MS, &block) == 1 && block.fraction_lost == 0);
    rtpreport_stats_dtor(stats);
}

static void a_compound_is_read_as_it_was_written(void) {
    const struct rtpreport_sender sender = {0x0123456789abcdefU, 1, 2, 3};
    const struct rtpreport_block blocks[2] = {{THEIRS, 25, -8388608, 65536 + 7, 5, 6, 7},
                                              {OURS + 1, 255, 8388607, UINT32_MAX, 8, 9, 10}};
    struct rtpreport_packet packet;
    uint8_t buf[256];
    size_t at = 0;
    long size = rtpreport_add_report(buf, sizeof buf, 0, OURS, &sender, blocks, 2);
    CHECK(size == 28 + 48);
    size = rtpreport_add_report(buf, sizeof buf, (size_t)size, OURS, NULL, blocks, 1);
    CHECK(size == 76 + 32);
    size = rtpreport_add_cname(buf, sizeof buf, (size_t)size, OURS, "me@host");
    CHECK(size == 108 + 20);
    size = rtpreport_add_bye(buf, sizeof buf, (size_t)size, OURS, "end");
    CHECK(size == 128 + 12);

    CHECK(rtpreport_next(buf, (size_t)size, &at, &packet) == 1 && at == 76);
    CHECK(packet.type == RTPREPORT_SR && packet.ssrc == OURS && packet.count == 2);
    CHECK(packet.sender.ntp == sender.ntp && packet.sender.rtp_timestamp == 1);
    CHECK(packet.sender.packets == 2 && packet.sender.octets == 3);
    CHECK(same_block(&packet.blocks[0], &blocks[0]) && same_block(&packet.blocks[1], &blocks[1]));
    CHECK(rtpreport_next(buf, (size_t)size, &at, &packet) == 1);
    CHECK(packet.type == RTPREPORT_RR && packet.count == 1 && packet.sender.ntp == 0);
    CHECK(same_block(&packet.blocks[0], &blocks[0]) && packet.blocks[1].ssrc == 0);
    CHECK(rtpreport_next(buf, (size_t)size, &at, &packet) == 1);
    CHECK(packet.type == RTPREPORT_SDES && packet.count == 1 && packet.ssrcs[0] == OURS);
    CHECK(packet.texts[0].size == 7 && memcmp(packet.texts[0].bytes, "me@host", 7) == 0);
    CHECK(rtpreport_next(buf, (size_t)size, &at, &packet) == 1);
    CHECK(packet.type == RTPREPORT_BYE && packet.count == 1 && packet.ssrc == OURS);
    CHECK(packet.texts[0].size == 3 && memcmp(packet.texts[0].bytes, "end", 3) == 0);
    CHECK(rtpreport_next(buf, (size_t)size, &at, &packet) == 0 && at == (size_t)size);
    CHECK(rtpreport_next(buf, (size_t)size, &at, &packet) == 0);

    size = rtpreport_add_report(buf, sizeof buf, 0, OURS, NULL, NULL, 0);
    size = rtpreport_add_bye(buf, sizeof buf, (size_t)size, OURS, NULL);
    CHECK(size == 16);
    at = 8;
    CHECK(rtpreport_next(buf, (size_t)size, &at, &packet) == 1 && packet.texts[0].bytes == NULL);
}

static void what_cannot_be_written_is_refused(void) {
    struct rtpreport_block blocks[RTPREPORT_MAX_COUNT + 1];
    char long_name[257];
    uint8_t buf[1500], before[1500];
    long size;
    memset(blocks, 0, sizeof blocks);
    memset(long_name, 'x', sizeof long_name);
    long_name[256] = 0;
    memset(buf, 7, sizeof buf);
    memcpy(before, buf, sizeof buf);
    CHECK(rtpreport_add_report(buf, sizeof buf, 0, OURS, NULL, blocks, 32) == RTPREPORT_EINVAL);
    CHECK(rtpreport_add_report(buf, sizeof buf, 0, OURS, NULL, NULL, 1) == RTPREPORT_EINVAL);
    CHECK(rtpreport_add_report(NULL, 8, 0, OURS, NULL, NULL, 0) == RTPREPORT_EINVAL);
    CHECK(rtpreport_add_report(buf, 8, 9, OURS, NULL, NULL, 0) == RTPREPORT_EINVAL);
    CHECK(rtpreport_add_report(buf, 7, 0, OURS, NULL, NULL, 0) == RTPREPORT_ENOSPC);
    CHECK(rtpreport_add_report(NULL, 0, 0, OURS, NULL, NULL, 0) == RTPREPORT_ENOSPC);
    blocks[0].cumulative_lost = 8388608;
    CHECK(rtpreport_add_report(buf, sizeof buf, 0, OURS, NULL, blocks, 1) == RTPREPORT_EINVAL);
    CHECK(rtpreport_add_cname(buf, sizeof buf, 0, OURS, "a") == RTPREPORT_EINVAL);
    CHECK(rtpreport_add_bye(buf, sizeof buf, 0, OURS, "a") == RTPREPORT_EINVAL);
    CHECK(rtpreport_add_cname(buf, sizeof buf, 8, OURS, NULL) == RTPREPORT_EINVAL);
    CHECK(rtpreport_add_cname(buf, sizeof buf, 8, OURS, "") == RTPREPORT_EINVAL);
    CHECK(rtpreport_add_cname(buf, sizeof buf, 8, OURS, long_name) == RTPREPORT_EINVAL);
    CHECK(rtpreport_add_bye(buf, sizeof buf, 8, OURS, long_name) == RTPREPORT_EINVAL);
    CHECK(rtpreport_add_cname(buf, 20, 8, OURS, "abcdefgh") == RTPREPORT_ENOSPC);
    CHECK(rtpreport_add_bye(NULL, 20, 8, OURS, NULL) == RTPREPORT_EINVAL);
    CHECK(memcmp(buf, before, sizeof buf) == 0);
    blocks[0].cumulative_lost = 0;
    size = rtpreport_add_report(buf, sizeof buf, 0, OURS, NULL, blocks, 31);
    CHECK(size == 8 + 31 * 24);
}

static void what_is_no_compound_is_refused(void) {
    struct rtpreport_packet packet;
    uint8_t buf[64] = {0};
    size_t at = 0, size;
    CHECK(rtpreport_next(buf, 0, &at, &packet) == 0); /* a loop over its packets ends */
    CHECK(rtpreport_next(buf, 3, &at, &packet) == RTPREPORT_ESHORT && at == 3);
    at = 0;
    CHECK(rtpreport_next(buf, 8, &at, &packet) == RTPREPORT_EVERSION && at == 8);
    CHECK(rtpreport_next(buf, 8, &at, &packet) == 0);
    at = 0;
    size = (size_t)rtpreport_add_report(buf, sizeof buf, 0, OURS, NULL, NULL, 0);
    CHECK(rtpreport_next(buf, size - 4, &at, &packet) == RTPREPORT_ERTCP);
    at = 4;
    CHECK(rtpreport_next(buf, size, &at, &packet) == RTPREPORT_EINVAL && at == size);
    at = SIZE_MAX;
    CHECK(rtpreport_next(buf, size, &at, &packet) == RTPREPORT_EINVAL && at == size);
    at = 0;
    CHECK(rtpreport_next(NULL, size, &at, &packet) == 0 && at == 0);
    CHECK(rtpreport_next(buf, size, NULL, &packet) == 0);
    CHECK(rtpreport_next(buf, size, &at, NULL) == 0 && at == 0);

    /* No packet is there, or not all of it, or more padding than it has. */
    at = size;
    size = (size_t)rtpreport_add_bye(buf, sizeof buf, size, OURS, NULL);
    CHECK(rtpreport_next(buf, size - 4, &at, &packet) == RTPREPORT_EINVAL && at == size - 4);
    buf[8] |= 0x20;
    for (buf[size - 1] = 8;; buf[size - 1] = 2) {
        at = 8;
        CHECK(rtpreport_next(buf, size, &at, &packet) == RTPREPORT_EINVAL && at == size);
        if (buf[size - 1] == 2) break;
    }
    at = 0;
    size = 8;

    /* A packet that is malformed hides no other, and an unknown one has its count. */
    size = (size_t)rtpreport_add_bye(buf, sizeof buf, size, OURS, NULL);
    buf[8] = 0x82; /* two sources, with room for one */
    size = (size_t)rtpreport_add_bye(buf, sizeof buf, size, OURS, NULL);
    buf[16] = 0x85;
    buf[17] = 204;
    CHECK(rtpreport_next(buf, size, &at, &packet) == 1 && packet.type == RTPREPORT_RR);
    CHECK(rtpreport_next(buf, size, &at, &packet) == RTPREPORT_ERTCP && at == 16);
    CHECK(packet.count == 0);
    CHECK(rtpreport_next(buf, size, &at, &packet) == 1 && packet.type == 204 && packet.count == 5);
    CHECK(rtpreport_next(buf, size, &at, &packet) == 0);
}

static void times_are_those_of_rfc_3550(void) {
    struct rtpreport_block block = {OURS, 0, 0, 0, 0, 0xb7052000U, 0x00054000U};
    CHECK(rtpreport_ntp(0) == 2208988800ULL << 32);
    CHECK(rtpreport_ntp(500 * MS) == (2208988800ULL << 32 | 0x80000000U));
    CHECK(rtpreport_ntp(-1000 * MS) == 2208988799ULL << 32);
    /* The example of section 6.4.1: 6.125 s. */
    CHECK(rtpreport_round_trip(&block, 0xb710800000000000ULL >> 16) == 6125 * MS);
    block.last_sr = 0;
    CHECK(rtpreport_round_trip(&block, 1ULL << 40) == -1);
    CHECK(rtpreport_round_trip(NULL, 0) == -1);
}

static void null_is_taken_everywhere(void) {
    struct rtpreport_counters counters;
    struct rtpreport_block block;
    uint8_t packet[172];
    struct rtpreport_stats* const stats = rtpreport_stats_ctor(8000);
    write_packet(packet, 1);
    memset(&counters, 1, sizeof counters);
    rtpreport_stats_get(NULL, &counters);
    CHECK(counters.received == 0 && counters.mean_jitter_ms == 0);
    rtpreport_stats_get(stats, NULL);
    CHECK(rtpreport_stats_ctor(0) == NULL);
    CHECK(rtpreport_stats_packet(NULL, packet, sizeof packet, 0) == RTPREPORT_EINVAL);
    CHECK(rtpreport_stats_packet(stats, NULL, 1, 0) == RTPREPORT_EINVAL);
    CHECK(rtpreport_stats_packet(stats, NULL, 0, 0) == RTPREPORT_ESHORT);
    packet[0] = 0;
    CHECK(rtpreport_stats_packet(stats, packet, sizeof packet, 0) == RTPREPORT_EVERSION);
    CHECK(rtpreport_stats_block(NULL, THEIRS, 0, &block) == 0 && block.ssrc == 0);
    CHECK(rtpreport_stats_block(stats, THEIRS, 0, NULL) == 0);
    rtpreport_stats_sender(NULL, 1, 0);
    rtpreport_stats_dtor(NULL);
    rtpreport_stats_dtor(stats);
}

int main(void) {
    packets_are_counted();
    a_compound_is_read_as_it_was_written();
    what_cannot_be_written_is_refused();
    what_is_no_compound_is_refused();
    times_are_those_of_rfc_3550();
    null_is_taken_everywhere();
    return CHECK_RESULT();
}
