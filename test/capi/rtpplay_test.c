/* The C face of the playout, as a C99 program uses it. */
#include <rtpplay.h>

#include "check.h"

#include <stdlib.h>
#include <string.h>

#define TICK 160 /* samples, and bytes of PCMU, in 20 ms */
#define MS 1000000LL

static unsigned char datagram[12 + TICK];

/* Packet n of a stream of this payload type, of bytes of one value. */
static size_t make(unsigned n, unsigned payload_type, int value) {
    memset(datagram, 0, sizeof datagram);
    datagram[0] = 0x80;
    datagram[1] = (unsigned char)payload_type;
    datagram[2] = (unsigned char)(n >> 8);
    datagram[3] = (unsigned char)n;
    datagram[6] = (unsigned char)(n * TICK >> 8);
    datagram[7] = (unsigned char)(n * TICK);
    datagram[11] = 1;
    memset(datagram + 12, value, TICK);
    return sizeof datagram;
}

static void* make_play(void) {
    const struct rtpplay_opts opts = RTPPLAY_OPTS_INIT(8000);
    return rtpplay_ctor(&opts);
}

static struct rtpplay_stats stats_of(const void* play) {
    struct rtpplay_stats s;
    rtpplay_get_stats(play, &s);
    return s;
}

static void null_is_tolerated(void) {
    static const struct rtpplay_stats zero;
    struct rtpplay_decoder decoder = RTPPLAY_DECODER_INIT(8000, 8000, NULL);
    struct rtpplay_stats s = stats_of(NULL);
    int16_t pcm[2] = {5, 5};
    void* const play = make_play();
    CHECK(memcmp(&s, &zero, sizeof s) == 0);
    rtpplay_get_stats(play, NULL);
    rtpplay_dtor(NULL);
    CHECK(rtpplay_ctor(NULL) == NULL);
    CHECK(rtpplay_add_codec(NULL, 0, "PCMU/8000") == RTPPLAY_EINVAL);
    CHECK(rtpplay_add_codec(play, 0, NULL) == RTPPLAY_EINVAL);
    CHECK(rtpplay_add_decoder(NULL, 0, &decoder) == RTPPLAY_EINVAL);
    CHECK(rtpplay_add_decoder(play, 0, NULL) == RTPPLAY_EINVAL);
    CHECK(rtpplay_add_decoder(play, 0, &decoder) == RTPPLAY_EINVAL); /* without functions */
    CHECK(rtpplay_add_comfort_noise(NULL, 13) == RTPPLAY_EINVAL);
    CHECK(rtpplay_add_event(NULL, 101) == RTPPLAY_EINVAL);
    CHECK(rtpplay_insert(NULL, datagram, make(0, 0, 0), 0) == RTP_PARSER_PTOOSHRT);
    CHECK(rtpplay_insert(play, NULL, 100, 0) == RTP_PARSER_PTOOSHRT);
    CHECK(rtpplay_pull(NULL, 0, pcm, 2) == RTPPLAY_SILENCE && pcm[0] == 0 && pcm[1] == 0);
    CHECK(rtpplay_pull(NULL, 0, NULL, 2) == RTPPLAY_SILENCE);
    CHECK(rtpplay_pull(play, 0, NULL, 2) == RTPPLAY_SILENCE);
    CHECK(rtpplay_pull(play, 0, pcm, 0) == RTPPLAY_SILENCE);
    rtpplay_dtor(play);
}

static void options_out_of_range_are_refused(void) {
    const struct rtpplay_opts defaults = RTPPLAY_OPTS_INIT(8000);
    struct rtpplay_opts o = RTPPLAY_OPTS_INIT(7999);
    void* play;
    CHECK(rtpplay_ctor(&o) == NULL);
    o = defaults;
    --o.size; /* of another version of the library */
    CHECK(rtpplay_ctor(&o) == NULL);
    o = defaults;
    o.initial_delay_ns = -1;
    CHECK(rtpplay_ctor(&o) == NULL);
    o = defaults;
    o.min_delay_ns = 600 * MS;
    CHECK(rtpplay_ctor(&o) == NULL);
    o = defaults;
    o.max_delay_ns = INT64_MAX;
    CHECK(rtpplay_ctor(&o) == NULL);
    o = defaults;
    o.late_target = 0.5;
    CHECK(rtpplay_ctor(&o) == NULL);
    play = rtpplay_ctor(&defaults);
    CHECK(play != NULL);
    CHECK(rtpplay_add_codec(play, 128, "PCMU/8000") == RTPPLAY_EINVAL);
    CHECK(rtpplay_add_codec(play, 256, "PCMU/8000") == RTPPLAY_EINVAL); /* and not as 0 */
    CHECK(rtpplay_add_codec(play, 0, "GSM/8000") == RTPPLAY_EINVAL);
    CHECK(rtpplay_add_codec(play, 0, "") == RTPPLAY_EINVAL);
    CHECK(rtpplay_add_comfort_noise(play, 256 + 13) == RTPPLAY_EINVAL);
    CHECK(rtpplay_add_event(play, (unsigned)-1) == RTPPLAY_EINVAL);
    make(0, 0, 0);
    datagram[0] = 0;
    CHECK(rtpplay_insert(play, datagram, sizeof datagram, 0) == RTP_PARSER_IHDRVER);
    CHECK(stats_of(play).received == 0);
    rtpplay_dtor(play);
}

static void a_stream_is_played(void) {
    void* const play = make_play();
    struct rtpplay_stats s;
    int16_t pcm[TICK];
    unsigned n, concealed = 0, spoken = 0;
    CHECK(rtpplay_add_codec(play, 0, "PCMU/8000") == RTPPLAY_OK);
    CHECK(rtpplay_add_codec(play, 9, "G722/8000") == RTPPLAY_OK); /* resampled */
    CHECK(rtpplay_add_comfort_noise(play, 13) == RTPPLAY_OK);
    CHECK(rtpplay_add_event(play, 101) == RTPPLAY_OK);
    for (n = 0; n != 100; ++n) {
        const size_t size = make(n, 0, 0x80);
        if (n != 50) CHECK(rtpplay_insert(play, datagram, size, n * 20 * MS) == RTP_PARSER_OK);
        switch (rtpplay_pull(play, n * 20 * MS + MS, pcm, TICK)) {
        case RTPPLAY_CONCEALED:
            ++concealed;
            break;
        case RTPPLAY_SPEECH:
            ++spoken;
            if (concealed == 0) CHECK(pcm[TICK - 1] == 32124);
            break;
        default:
            break;
        }
    }
    s = stats_of(play);
    CHECK(concealed >= 1 && concealed <= 2);
    CHECK(spoken >= 90);
    CHECK(s.received == 99 && s.received == s.played + s.waiting && s.late + s.discarded == 0);
    CHECK(s.ticks[RTPPLAY_CONCEALED] == concealed && s.ticks[RTPPLAY_SPEECH] == spoken);
    CHECK(s.mean_delay_ns > 0 && s.mean_delay_ns < 60 * MS);
    rtpplay_dtor(play);
}

/* A decoder of the application's: a payload is that many samples of its first byte. */
struct calls {
    unsigned decoded, concealed, resets, destroyed;
    long of_samples, of_decode; /* returned instead, unless 0 */
    int is_fickle;              /* so many samples more each time */
};

static long count_samples(void* arg, const unsigned char* payload, size_t size) {
    struct calls* const calls = arg;
    (void)payload;
    if (calls->is_fickle) return 1 + 160 * (calls->is_fickle++ % 7);
    return calls->of_samples != 0 ? calls->of_samples : (long)size;
}
static long decode(void* arg, const unsigned char* payload, size_t size, int16_t* pcm, size_t n) {
    struct calls* const calls = arg;
    size_t i;
    (void)size;
    for (i = 0; i != n; ++i) pcm[i] = payload[0];
    ++calls->decoded;
    return calls->of_decode != 0 ? calls->of_decode : (long)n;
}
static long conceal(void* arg, int16_t* pcm, size_t n) {
    struct calls* const calls = arg;
    size_t i;
    for (i = 0; i != n; ++i) pcm[i] = 7;
    ++calls->concealed;
    return (long)n + 5; /* more than there is room for */
}
static void reset(void* arg) { ++((struct calls*)arg)->resets; }
static void destroy(void* arg) { ++((struct calls*)arg)->destroyed; }

static struct rtpplay_decoder decoder_of(struct calls* calls) {
    struct rtpplay_decoder d = RTPPLAY_DECODER_INIT(8000, 8000, NULL);
    d.arg = calls;
    d.samples = count_samples;
    d.decode = decode;
    d.conceal = conceal;
    d.reset = reset;
    d.destroy = destroy;
    return d;
}

static void a_decoder_of_the_application_is_used(void) {
    struct calls calls = {0}, second = {0};
    struct rtpplay_decoder d = decoder_of(&calls);
    void* const play = make_play();
    int16_t pcm[TICK];
    unsigned n, sevens = 0;
    CHECK(rtpplay_add_decoder(play, 96, &d) == RTPPLAY_OK);
    for (n = 0; n != 20; ++n) {
        const size_t size = make(n, 96, 100);
        if (n != 10) CHECK(rtpplay_insert(play, datagram, size, n * 20 * MS) == RTP_PARSER_OK);
        rtpplay_pull(play, n * 20 * MS + MS, pcm, TICK);
        sevens += pcm[TICK / 2] == 7;
    }
    CHECK(calls.decoded >= 15 && calls.concealed >= 1 && sevens >= 1);
    CHECK(calls.destroyed == 0);
    make(9000, 96, 100); /* a restart: the second packet proves it */
    CHECK(rtpplay_insert(play, datagram, sizeof datagram, 400 * MS) == RTP_PARSER_OK);
    make(9001, 96, 100);
    CHECK(rtpplay_insert(play, datagram, sizeof datagram, 420 * MS) == RTP_PARSER_OK);
    for (n = 21; n != 30; ++n) rtpplay_pull(play, n * 20 * MS + MS, pcm, TICK);
    CHECK(calls.resets == 1);

    d = decoder_of(&second);
    CHECK(rtpplay_add_decoder(play, 96, &d) == RTPPLAY_OK);
    CHECK(calls.destroyed == 1);
    rtpplay_dtor(play);
    CHECK(calls.destroyed == 1 && second.destroyed == 1);
}

static void a_decoder_that_is_not_taken_stays_the_callers(void) {
    struct calls calls = {0};
    struct rtpplay_decoder d = decoder_of(&calls);
    void* const play = make_play();
    CHECK(rtpplay_add_decoder(play, 128, &d) == RTPPLAY_EINVAL);
    d.rate = 7999;
    CHECK(rtpplay_add_decoder(play, 96, &d) == RTPPLAY_EINVAL);
    d = decoder_of(&calls);
    d.clock_rate = 0;
    CHECK(rtpplay_add_decoder(play, 96, &d) == RTPPLAY_EINVAL);
    d = decoder_of(&calls);
    --d.size;
    CHECK(rtpplay_add_decoder(play, 96, &d) == RTPPLAY_EINVAL);
    d = decoder_of(&calls);
    d.decode = NULL;
    CHECK(rtpplay_add_decoder(play, 96, &d) == RTPPLAY_EINVAL);
    rtpplay_dtor(play);
    CHECK(calls.destroyed == 0);
}

static void wrong_answers_of_a_decoder_do_no_harm(void) {
    static const long answers[] = {-1, 1, TICK + 1, 961, 100000, 2147483647, -2147483647};
    size_t i;
    for (i = 0; i != 4 * (sizeof answers / sizeof answers[0]); ++i) {
        struct calls calls = {0};
        struct rtpplay_decoder d = decoder_of(&calls);
        struct rtpplay_stats s;
        const struct rtpplay_opts opts = RTPPLAY_OPTS_INIT(i % 4 < 2 ? 8000 : 16000);
        void* const play = rtpplay_ctor(&opts);
        int16_t pcm[TICK];
        unsigned n;
        if (i % 2 == 0)
            calls.of_samples = answers[i / 4];
        else
            calls.of_decode = answers[i / 4];
        if (i % 8 == 7) d.conceal = NULL;
        CHECK(rtpplay_add_decoder(play, 96, &d) == RTPPLAY_OK);
        for (n = 0; n != 50; ++n) {
            const size_t size = make(n, 96, 100);
            if (n % 7 == 3) continue;
            calls.is_fickle = i % 8 == 6; /* another answer each time */
            rtpplay_insert(play, datagram, size, n * 20 * MS);
            rtpplay_pull(play, n * 20 * MS + MS, pcm, TICK);
        }
        s = stats_of(play);
        CHECK(s.received == s.played + s.waiting + s.late + s.duplicate + s.discarded);
        rtpplay_dtor(play);
        CHECK(calls.destroyed == 1);
    }
}

int main(void) {
    null_is_tolerated();
    options_out_of_range_are_refused();
    a_stream_is_played();
    a_decoder_of_the_application_is_used();
    a_decoder_that_is_not_taken_stays_the_callers();
    wrong_answers_of_a_decoder_do_no_harm();
    return CHECK_RESULT();
}
