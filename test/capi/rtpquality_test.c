/* The C face of the E-model and of call quality, as a C99 program uses it. */
#include <rtpquality.h>

#include "check.h"

#include <string.h>

#define MS 1000000LL

static int is_near(double a, double b, double by) { return a - b <= by && b - a <= by; }

static void the_e_model_is_that_of_the_recommendation(void) {
    struct rtpquality_emodel e = RTPQUALITY_EMODEL_INIT;
    CHECK(is_near(rtpquality_r_factor(&e), 93.2, 0.05));
    CHECK(is_near(rtpquality_mos_of(93.2), 4.41, 0.005));
    CHECK(rtpquality_mos_of(-10) == 1 && rtpquality_mos_of(120) == 4.5);
    e.ie = 11; /* additive, as G.107 has it */
    CHECK(is_near(rtpquality_r_factor(&e), 82.2, 0.05));
    --e.size;
    CHECK(rtpquality_r_factor(&e) != rtpquality_r_factor(&e)); /* NaN */
    CHECK(rtpquality_r_factor(NULL) != rtpquality_r_factor(NULL));
    CHECK(rtpquality_mos_of(rtpquality_r_factor(NULL)) == 1);
}

/* Each member arrives in the model: away from its default it moves R. */
static void every_parameter_counts(void) {
    static const size_t members[] = {
        offsetof(struct rtpquality_emodel, slr),     offsetof(struct rtpquality_emodel, rlr),
        offsetof(struct rtpquality_emodel, stmr),    offsetof(struct rtpquality_emodel, lstr),
        offsetof(struct rtpquality_emodel, ds),      offsetof(struct rtpquality_emodel, telr),
        offsetof(struct rtpquality_emodel, wepl),    offsetof(struct rtpquality_emodel, t),
        offsetof(struct rtpquality_emodel, tr),      offsetof(struct rtpquality_emodel, ta),
        offsetof(struct rtpquality_emodel, qdu),     offsetof(struct rtpquality_emodel, ie),
        offsetof(struct rtpquality_emodel, bpl),     offsetof(struct rtpquality_emodel, ppl),
        offsetof(struct rtpquality_emodel, burst_r), offsetof(struct rtpquality_emodel, nc),
        offsetof(struct rtpquality_emodel, nfor),    offsetof(struct rtpquality_emodel, ps),
        offsetof(struct rtpquality_emodel, pr),      offsetof(struct rtpquality_emodel, advantage),
        offsetof(struct rtpquality_emodel, st),      offsetof(struct rtpquality_emodel, mt)};
    struct rtpquality_emodel base = RTPQUALITY_EMODEL_INIT;
    size_t i, j;
    double seen[sizeof members / sizeof members[0]];
    base.t = base.ta = 250; /* so that echo, delay, loss and noise are heard */
    base.tr = 500;
    base.ppl = 3;
    base.burst_r = 2;
    base.telr = 45;
    base.wepl = 50;
    base.st = 0.8;
    base.qdu = 4;
    base.ps = base.pr = 60;
    for (i = 0; i != sizeof members / sizeof members[0]; ++i) {
        struct rtpquality_emodel e = base;
        double* const member = (double*)(void*)((char*)&e + members[i]);
        *member = *member * 1.01 + 0.01;
        seen[i] = rtpquality_r_factor(&e);
        CHECK(seen[i] != rtpquality_r_factor(&base));
        for (j = 0; j != i; ++j) CHECK(seen[i] != seen[j]);
    }
}

static void a_codec_is_known_by_its_name(void) {
    struct rtpquality_emodel e = RTPQUALITY_EMODEL_INIT;
    CHECK(rtpquality_impairment(&e, "g729", 1) == RTPAUDIO_OK);
    CHECK(e.ie > 0 && e.bpl > 4.3);
    e.ie = e.bpl = 7;
    CHECK(rtpquality_impairment(&e, "no-such-codec", 1) == RTPAUDIO_EINVAL);
    CHECK(rtpquality_impairment(&e, NULL, 1) == RTPAUDIO_EINVAL);
    CHECK(rtpquality_impairment(NULL, "PCMU", 1) == RTPAUDIO_EINVAL);
    CHECK(e.ie == 7 && e.bpl == 7);
    CHECK(rtpquality_impairment(&e, "PCMU", 0) == RTPAUDIO_OK && is_near(e.bpl, 4.3, 0.01));
    CHECK(rtpquality_impairment(&e, "PCMU", 1) == RTPAUDIO_OK && e.bpl > 20);
    --e.size;
    CHECK(rtpquality_impairment(&e, "PCMU", 1) == RTPAUDIO_EINVAL);
}

static void a_call_is_rated(void) {
    static const struct rtpquality_rating zero;
    struct rtpquality* const quality = rtpquality_ctor(NULL);
    struct rtpquality_rating rating, worse;
    memset(&rating, 0x55, sizeof rating);
    CHECK(rtpquality_rate(quality, &rating) == 0 && memcmp(&rating, &zero, sizeof zero) == 0);
    CHECK(rtpquality_set_codec(quality, "PCMU", 1) == RTPAUDIO_OK);

    rtpquality_received(quality, 100);
    CHECK(rtpquality_rate(quality, &rating) == 1);
    CHECK(is_near(rating.r, 93.2, 0.05) && is_near(rating.mos, 4.41, 0.005));
    CHECK(rating.mos == rating.listening_mos && rating.packets == 100);
    CHECK(rating.losses == 0 && rating.loss_percent == 0 && rating.burst_ratio == 1);
    CHECK(rating.bursts == 0 && rating.mean_burst == 0 && rating.mean_gap == 100);

    rtpquality_lost(quality, 6); /* a burst of 6, then of 4 out of 5 */
    rtpquality_received(quality, 100);
    rtpquality_discarded(quality, 3);
    rtpquality_received(quality, 1);
    rtpquality_lost(quality, 1);
    rtpquality_received(quality, 89);
    CHECK(rtpquality_rate(quality, &worse) == 1);
    CHECK(worse.packets == 300 && worse.losses == 10 && worse.bursts == 2);
    CHECK(is_near(worse.loss_percent, 10 / 3.0, 1e-9) && worse.burst_ratio > 1);
    CHECK(is_near(worse.mean_burst, 5.5, 1e-9) && is_near(worse.burst_density, 10 / 11.0, 1e-9));
    CHECK(worse.gap_density == 0 && is_near(worse.mean_gap, 289 / 3.0, 1e-9));
    CHECK(worse.r < rating.r && worse.mos < rating.mos);
    CHECK(worse.mos == worse.listening_mos);

    rtpquality_set_delay(quality, 400 * MS, 60 * MS, 60 * MS);
    CHECK(rtpquality_rate(quality, &rating) == 1);
    CHECK(rating.mos < rating.listening_mos && rating.listening_mos == worse.listening_mos);
    rtpquality_set_delay(quality, 400 * MS, 60 * MS, 400 * MS);
    CHECK(rtpquality_rate(quality, &worse) == 1 && worse.mos < rating.mos);
    CHECK(rtpquality_set_codec(quality, "PCMU", 0) == RTPAUDIO_OK); /* silent instead */
    CHECK(rtpquality_rate(quality, &rating) == 1 && rating.mos < worse.mos);
    rtpquality_dtor(quality);
}

static void a_connection_of_ones_own_is_rated(void) {
    struct rtpquality_emodel e = RTPQUALITY_EMODEL_INIT;
    struct rtpquality* quality;
    struct rtpquality_rating rating;
    e.ie = 11;
    quality = rtpquality_ctor(&e);
    rtpquality_received(quality, 1);
    CHECK(rtpquality_rate(quality, &rating) == 1 && is_near(rating.r, 82.2, 0.05));
    rtpquality_dtor(quality);
    ++e.size;
    CHECK(rtpquality_ctor(&e) == NULL);
}

static void null_is_tolerated(void) {
    static const struct rtpquality_rating zero;
    struct rtpquality* const quality = rtpquality_ctor(NULL);
    struct rtpquality_rating rating;
    memset(&rating, 0x55, sizeof rating);
    CHECK(rtpquality_rate(NULL, &rating) == 0 && memcmp(&rating, &zero, sizeof zero) == 0);
    rtpquality_received(quality, 1);
    CHECK(rtpquality_rate(quality, NULL) == 0);
    CHECK(rtpquality_set_codec(NULL, "PCMU", 1) == RTPAUDIO_EINVAL);
    CHECK(rtpquality_set_codec(quality, NULL, 1) == RTPAUDIO_EINVAL);
    CHECK(rtpquality_set_codec(quality, "", 1) == RTPAUDIO_EINVAL);
    rtpquality_received(NULL, 1);
    rtpquality_lost(NULL, 1);
    rtpquality_discarded(NULL, 1);
    rtpquality_set_delay(NULL, 0, 0, 0);
    rtpquality_dtor(NULL);
    rtpquality_dtor(quality);
}

int main(void) {
    the_e_model_is_that_of_the_recommendation();
    every_parameter_counts();
    a_codec_is_known_by_its_name();
    a_call_is_rated();
    a_connection_of_ones_own_is_rated();
    null_is_tolerated();
    return CHECK_RESULT();
}
