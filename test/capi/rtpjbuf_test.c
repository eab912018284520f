/* The C face of the jitter buffer, as a C99 program uses it. */
#include "rtpjbuf_packets.h"

#include "check.h"

#include <stdlib.h>

static void null_is_tolerated(void) {
    static const struct rtpjbuf_stats zero;
    const struct rjb_datagram datagram = {packet[0], HEADER};
    struct rtpjbuf_stats s;
    int64_t deadline = 5;
    size_t taken = 5, n;
    void* const jb = rtpjbuf_ctor(2);
    rtpjbuf_dtor(NULL);
    rtpjbuf_frame_dtor(NULL);
    CHECK(is_nothing(rtpjbuf_udp_in(NULL, packet[0], HEADER), RJB_ENOMEM));
    CHECK(is_nothing(rtpjbuf_udp_in_at(NULL, packet[0], HEADER, 0), RJB_ENOMEM));
    CHECK(is_nothing(rtpjbuf_udp_in_many(NULL, &datagram, 1, 0, &taken), RJB_ENOMEM));
    CHECK(taken == 0);
    CHECK(is_nothing(rtpjbuf_udp_in_many(NULL, &datagram, 1, 0, NULL), RJB_ENOMEM));
    CHECK(is_nothing(rtpjbuf_udp_in_many(jb, NULL, 1, 0, &taken), RJB_ENOMEM) && taken == 0);
    CHECK(is_nothing(rtpjbuf_udp_in_many(jb, NULL, 0, 0, &taken), 0) && taken == 0);
    for (n = 0; n != 8; ++n) /* more than there are */
        CHECK(
            is_nothing(rtpjbuf_udp_in_many(jb, &datagram, (size_t)-1 >> n, 0, &taken), RJB_ENOMEM));
    CHECK(is_nothing(rtpjbuf_expire(NULL, 0), RJB_ENOMEM));
    CHECK(is_nothing(rtpjbuf_flush(NULL), RJB_ENOMEM));
    CHECK(rtpjbuf_next_deadline(NULL, &deadline) == 0 && deadline == 5);
    CHECK(rtpjbuf_next_deadline(jb, NULL) == 0);
    CHECK(rtpjbuf_drop_reason(NULL) == RJB_DROP_NONE);
    s = stats_of(NULL);
    CHECK(memcmp(&s, &zero, sizeof s) == 0);
    rtpjbuf_get_stats(jb, NULL);
    CHECK(is_nothing(rtpjbuf_udp_in(jb, NULL, 100), RTP_PARSER_PTOOSHRT));
    CHECK(rtp_packet_parse_raw(NULL, 100, NULL) == RTP_PARSER_PTOOSHRT);
    CHECK(rtp_packet_parse_raw(packet[0], HEADER, NULL) == RTP_PARSER_OK);
    rtpjbuf_dtor(jb);
}

static void options_out_of_range_are_refused(void) {
    struct rtpjbuf_opts o = RTPJBUF_OPTS_INIT(16383);
    void* jb = rtpjbuf_ctor(16383);
    CHECK(o.capacity == 16383 && o.max_dropout == 3000 && o.max_misorder == 3000);
    CHECK(o.max_delay_ns < 0);
    CHECK(jb != NULL);
    rtpjbuf_dtor(jb);
    CHECK(rtpjbuf_ctor(0) == NULL);
    CHECK(rtpjbuf_ctor(16384) == NULL);
    CHECK(rtpjbuf_ctor((unsigned)-1) == NULL);
    CHECK(rtpjbuf_ctor_opts(NULL) == NULL);
    o.max_delay_ns = INT64_MAX;
    o.max_dropout = o.max_misorder = (unsigned)-1;
    jb = rtpjbuf_ctor_opts(&o);
    CHECK(jb != NULL);
    rtpjbuf_dtor(jb);
    --o.size; /* of another version of the library */
    CHECK(rtpjbuf_ctor_opts(&o) == NULL);
    ++o.size;
    o.capacity = 0;
    CHECK(rtpjbuf_ctor_opts(&o) == NULL);
}

static void every_code_has_a_phrase(void) {
    static const int codes[] = {RTP_PARSER_OK,
                                RTP_PARSER_PTOOSHRT,
                                RTP_PARSER_IHDRVER,
                                RTP_PARSER_PTOOSHRTXS,
                                RTP_PARSER_PTOOSHRTXH,
                                RTP_PARSER_PTOOSHRTPS,
                                RTP_PARSER_IPS,
                                RTP_PARSER_PTOOSHRTP,
                                RJB_ENOMEM,
                                12345};
    enum { N = sizeof codes / sizeof *codes };
    int i, j;
    for (i = 0; i != N; ++i) {
        const char* const s = rtp_packet_parse_errstr((rtp_parser_err_t)codes[i]);
        CHECK(s != NULL && strlen(s) > 3);
        for (j = 0; j != i; ++j)
            CHECK(strcmp(s, rtp_packet_parse_errstr((rtp_parser_err_t)codes[j])) != 0);
    }
}

static void each_malformed_packet_has_its_code(void) {
    static const struct {
        int code;
        size_t size;
        unsigned char bytes[17];
    } bad[] = {
        {RTP_PARSER_PTOOSHRT, 0, {0}},
        {RTP_PARSER_PTOOSHRT, 11, {0x80}},
        {RTP_PARSER_IHDRVER, 12, {0x40}},
        {RTP_PARSER_PTOOSHRTXS, 15, {0x90}},
        {RTP_PARSER_PTOOSHRTXH, 16, {0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
        {RTP_PARSER_PTOOSHRTXH, 15, {0x81}},
        {RTP_PARSER_PTOOSHRTPS, 12, {0xa0}},
        {RTP_PARSER_IPS, 13, {0xa0}},
        {RTP_PARSER_PTOOSHRTP, 13, {0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}},
    };
    enum { N = sizeof bad / sizeof *bad };
    void* const jb = rtpjbuf_ctor(3);
    struct rtp_info info, before;
    unsigned i;
    memset(&info, 0x5a, sizeof info);
    before = info;
    for (i = 0; i != N; ++i) {
        unsigned char* const exact = malloc(bad[i].size + 1); /* no byte more for a sanitizer */
        unsigned char* const at = exact == NULL ? NULL : exact + 1;
        if (at == NULL) continue;
        memcpy(at, bad[i].bytes, bad[i].size);
        CHECK(rtp_packet_parse_raw(at, bad[i].size, &info) == (rtp_parser_err_t)bad[i].code);
        CHECK(memcmp(&info, &before, sizeof info) == 0);
        CHECK(is_nothing(rtpjbuf_udp_in(jb, at, bad[i].size), bad[i].code));
        CHECK(is_nothing(rtpjbuf_udp_in_at(jb, at, bad[i].size, 1), bad[i].code));
        free(exact);
    }
    CHECK(stats_of(jb).invalid == 2 * N);
    CHECK(stats_of(jb).received == 0);
    rtpjbuf_dtor(jb);
}

/* A frame and the parser give the same fields. */
static void frame_fields(void) {
    static unsigned char p[12 + 8 + 4 + 4 + 66 + 3];
    static const struct {
        int pt;
        size_t payload;
        int nsamples, appendable;
        const char* name;
    } cases[] = {{0, 66, 66, 1, "PCMU"},   {8, 1, 1, 1, "PCMA"},     {9, 40, 40, 1, "G722"},
                 {18, 20, 160, 1, "G729"}, {18, 22, 240, 0, "G729"}, {3, 66, 320, 1, "GSM"},
                 {0, 0, -1, 1, "PCMU"},    {96, 20, -1, 1, NULL}};
    unsigned i;
    for (i = 0; i != sizeof cases / sizeof *cases; ++i) {
        void* const jb = rtpjbuf_ctor(1);
        const size_t size = 12 + 8 + 8 + cases[i].payload + 3;
        struct rjb_udp_in_r r;
        struct rtp_info info;
        memset(p, 0, sizeof p);
        write_header(p, 0x80 | cases[i].pt, 0xfffe, 0xf0000001, 0xdeadbeef);
        p[0] = 0xb2; /* padding, an extension, two CSRCs */
        p[12 + 8 + 3] = 1;
        p[size - 1] = 3;
        CHECK(rtp_packet_parse_raw(p, size, &info) == RTP_PARSER_OK);
        CHECK(info.data_size == cases[i].payload && info.data_offset == 28);
        CHECK(info.seq == 0xfffe && info.ts == 0xf0000001 && info.ssrc == 0xdeadbeef);
        CHECK(info.nsamples == cases[i].nsamples && info.appendable == cases[i].appendable);
        CHECK((info.rtp_profile == NULL) == (cases[i].name == NULL));
        if (info.rtp_profile != NULL) {
            CHECK(strcmp(info.rtp_profile->encoding_name, cases[i].name) == 0);
            CHECK(info.rtp_profile->clock_rate == 8000 && info.rtp_profile->channels == 1);
            CHECK(info.rtp_profile->kind == RTP_MEDIA_AUDIO);
        }
        r = rtpjbuf_udp_in(jb, p, size);
        CHECK(r.error == 0 && r.drop == NULL && length(r.ready) == 1);
        if (r.ready != NULL) {
            const struct rtp_packet* const got = &r.ready->rtp;
            CHECK(r.ready->type == RFT_RTP && got->data == p);
            CHECK(got->lseq == 0xfffe && got->jbcnt == 1);
            CHECK(got->info.data_size == info.data_size && got->info.data_offset == 28);
            CHECK(got->info.seq == info.seq && got->info.ts == info.ts);
            CHECK(got->info.ssrc == info.ssrc && got->info.nsamples == info.nsamples);
            CHECK(got->info.appendable == info.appendable);
            CHECK(got->info.rtp_profile == info.rtp_profile);
        }
        release(r.ready);
        rtpjbuf_dtor(jb);
    }
}

static void order_gaps_and_numbers(void) {
    void* const jb = rtpjbuf_ctor(3);
    struct rjb_udp_in_r r;
    CHECK(done(put(jb, 0), 1, 0));
    CHECK(is_nothing(put(jb, 2), 0));
    r = put(jb, 1);
    CHECK(is_packet(r.ready, 1) && is_packet(r.ready->next, 2));
    CHECK(r.ready->rtp.jbcnt == 3 && r.ready->next->rtp.jbcnt == 2);
    CHECK(rtpjbuf_drop_reason(r.ready) == RJB_DROP_NONE);
    CHECK(done(r, 2, 0));
    CHECK(is_nothing(put(jb, 7), 0));
    CHECK(is_nothing(put(jb, 5), 0));
    r = put(jb, 6);
    CHECK(is_erasure(r.ready, 3, 4, 320, 0) && is_packet(r.ready->next, 5));
    CHECK(rtpjbuf_drop_reason(r.ready) == RJB_DROP_NONE);
    CHECK(done(r, 4, 0));
    CHECK(stats_of(jb).erasures == 1 && stats_of(jb).erased == 2);
    rtpjbuf_dtor(jb);
}

static void a_number_before_0_is_negative(void) {
    static unsigned char first[HEADER], before[HEADER];
    void* const jb = rtpjbuf_ctor(2);
    struct rjb_udp_in_r r;
    write_header(first, 0, 1, 1000, 1);
    write_header(before, 0, 0xffff, 680, 1);
    CHECK(is_nothing(rtpjbuf_udp_in(jb, first, HEADER), 0));
    r = rtpjbuf_udp_in(jb, before, HEADER);
    CHECK(r.ready != NULL && (int64_t)r.ready->rtp.lseq == -1);
    CHECK(done(r, 1, 0));
    r = rtpjbuf_flush(jb);
    CHECK(is_erasure(r.ready, 0, 0, 160, 0));
    CHECK(done(r, 2, 0));
    rtpjbuf_dtor(jb);
}

static void drop_reasons(void) {
    static unsigned char stranger[2][HEADER];
    void* const jb = rtpjbuf_ctor(3);
    struct rjb_udp_in_r r;
    struct rtpjbuf_stats s;
    int i;
    write_header(stranger[0], 0, 500, 0, 7);
    write_header(stranger[1], 0, 501, 160, 7);
    CHECK(done(put(jb, 0), 1, 0));
    CHECK(done(put(jb, 1), 1, 0));
    r = put(jb, 1);
    CHECK(is_packet(r.drop, 1) && r.drop->rtp.lseq == 1);
    CHECK(rtpjbuf_drop_reason(r.drop) == RJB_DROP_DUPLICATE);
    CHECK(done(r, 0, 1));
    r = put(jb, 0);
    CHECK(is_packet(r.drop, 0) && rtpjbuf_drop_reason(r.drop) == RJB_DROP_LATE);
    CHECK(done(r, 0, 1));
    CHECK(is_nothing(put(jb, 3), 0));
    CHECK(is_nothing(put(jb, 600), 0)); /* the tail of a buffer that is full but for one place */
    for (i = 0; i != 2; ++i) {
        r = put(jb, 3);
        CHECK(rtpjbuf_drop_reason(r.drop) == RJB_DROP_DUPLICATE);
        CHECK(done(r, 0, 1));
    }
    r = put(jb, 3);
    CHECK(is_packet(r.drop, 600) && rtpjbuf_drop_reason(r.drop) == RJB_DROP_STALE);
    CHECK(done(r, 0, 2));
    CHECK(is_nothing(rtpjbuf_udp_in(jb, stranger[0], HEADER), 0));
    r = put(jb, 2);
    CHECK(r.drop != NULL && r.drop->rtp.data == stranger[0]);
    CHECK(rtpjbuf_drop_reason(r.drop) == RJB_DROP_STRAY);
    CHECK(done(r, 2, 1));
    CHECK(is_nothing(put(jb, 5), 0));
    CHECK(is_nothing(rtpjbuf_udp_in(jb, stranger[0], HEADER), 0));
    CHECK(
        done(rtpjbuf_udp_in(jb, stranger[1], HEADER), 2, 0)); /* a restart: the old stream leaves */
    r = rtpjbuf_flush(jb);
    CHECK(is_erasure(r.ready, 6, 131072 + 499, 0, 1));
    CHECK(done(r, 3, 0));
    s = stats_of(jb);
    CHECK(s.received == 14 && s.invalid == 0 && s.duplicate == 4 && s.late == 1);
    CHECK(s.stale == 1 && s.stray == 1 && s.restarts == 1 && s.erasures == 2 && s.erased == 1);
    rtpjbuf_dtor(jb);
}

static void delay_and_deadline(void) {
    struct rtpjbuf_opts o = RTPJBUF_OPTS_INIT(20);
    struct rjb_udp_in_r r;
    int64_t deadline = -7;
    void* jb;
    o.max_delay_ns = 60;
    jb = rtpjbuf_ctor_opts(&o);
    CHECK(rtpjbuf_next_deadline(jb, &deadline) == 0 && deadline == -7);
    CHECK(done(rtpjbuf_udp_in_at(jb, packet[0], HEADER, 100), 1, 0));
    CHECK(is_nothing(rtpjbuf_udp_in_at(jb, packet[3], HEADER, 120), 0));
    CHECK(is_nothing(rtpjbuf_udp_in_at(jb, packet[2], HEADER, 110), 0));
    CHECK(rtpjbuf_next_deadline(jb, &deadline) == 1 && deadline == 170);
    CHECK(is_nothing(rtpjbuf_expire(jb, 169), 0));
    r = rtpjbuf_expire(jb, 170);
    CHECK(is_erasure(r.ready, 1, 1, 160, 0));
    CHECK(done(r, 3, 0));
    CHECK(rtpjbuf_next_deadline(jb, &deadline) == 0);
    rtpjbuf_dtor(jb);

    jb = rtpjbuf_ctor(20); /* without a delay */
    CHECK(done(rtpjbuf_udp_in_at(jb, packet[0], HEADER, 100), 1, 0));
    CHECK(is_nothing(rtpjbuf_udp_in_at(jb, packet[2], HEADER, 100), 0));
    CHECK(rtpjbuf_next_deadline(jb, &deadline) == 0);
    CHECK(is_nothing(rtpjbuf_expire(jb, INT64_MAX), 0));
    rtpjbuf_dtor(jb); /* what is inside goes with it */
}

int main(void) {
    make_packets();
    null_is_tolerated();
    options_out_of_range_are_refused();
    every_code_has_a_phrase();
    each_malformed_packet_has_its_code();
    frame_fields();
    order_gaps_and_numbers();
    a_number_before_0_is_negative();
    drop_reasons();
    delay_and_deadline();
    return CHECK_RESULT();
}
