#include <boost/test/unit_test.hpp>

#include <rtpsynth/audio/call_quality.hpp>

#include <limits>
#include <random>

using namespace rtpsynth;
using namespace std::chrono_literals;

namespace {

const codec_impairment g711 = *impairment_of("PCMU");

call_quality with_losses(unsigned percent) {
    call_quality quality(g711);
    std::mt19937 random(9);
    for (int i = 0; i < 20'000; ++i) random() % 100 < percent ? quality.lost() : quality.received();
    return quality;
}

} // namespace

BOOST_AUTO_TEST_CASE(unknown_before_there_is_anything_to_judge) {
    call_quality quality(g711);
    quality.set_delay(40ms, 60ms);
    quality.received(0);
    quality.lost(0);
    BOOST_CHECK(!quality.r());
    BOOST_CHECK(!quality.mos());
    BOOST_CHECK(!quality.listening_mos());
    const voip_metrics m = quality.metrics(1, 20ms);
    BOOST_CHECK_EQUAL(m.r_factor, 127);
    BOOST_CHECK_EQUAL(m.mos_lq, 127);
    BOOST_CHECK_EQUAL(m.mos_cq, 127);
    BOOST_CHECK_EQUAL(m.loss_rate, 0);
    BOOST_CHECK_EQUAL(quality.loss_percent(), 0);
    quality.received();
    BOOST_CHECK(quality.r() && quality.mos() && quality.listening_mos());
}

BOOST_AUTO_TEST_CASE(all_received_is_the_best_and_all_lost_the_worst) {
    call_quality quality;
    quality.received(1000);
    BOOST_CHECK_SMALL(*quality.r() - 93.2, 0.01);
    BOOST_CHECK_SMALL(*quality.mos() - 4.41, 0.005);
    call_quality silent;
    silent.lost(1000);
    BOOST_CHECK_LT(*silent.r(), 20);
    BOOST_CHECK_LT(*silent.mos(), 1.2);
    BOOST_CHECK_EQUAL(silent.loss_percent(), 100);
}

BOOST_AUTO_TEST_CASE(losses_are_rated_as_the_e_model_does) {
    for (const unsigned percent : {1U, 3U, 10U}) {
        const call_quality quality = with_losses(percent);
        BOOST_CHECK_CLOSE(quality.loss_percent(), percent, 10);
        const emodel_parameters same{.ie = g711.ie,
                                     .bpl = g711.bpl,
                                     .ppl = quality.loss_percent(),
                                     .burst_r = quality.losses().burst_ratio()};
        BOOST_CHECK_EQUAL(*quality.r(), r_factor(same));
        BOOST_CHECK_SMALL(quality.losses().burst_ratio() - 1, 0.1);
    }
    BOOST_CHECK_LT(*with_losses(3).mos(), *with_losses(1).mos());
}

BOOST_AUTO_TEST_CASE(bursts_hurt_more_than_random_losses) {
    call_quality random(g711), bursty(g711);
    for (int i = 0; i < 200; ++i) {
        random.received(19);
        random.lost();
        bursty.received(i % 4 == 3 ? 76 : 0);
        bursty.lost(i % 4 == 3 ? 4 : 0);
    }
    BOOST_CHECK_EQUAL(random.loss_percent(), bursty.loss_percent());
    BOOST_CHECK_GT(*random.r(), *bursty.r() + 1);
}

BOOST_AUTO_TEST_CASE(discarded_packets_are_as_bad_as_lost_ones) {
    call_quality lost(g711), discarded(g711);
    for (call_quality* q : {&lost, &discarded}) q->received(90);
    lost.lost(10);
    discarded.discarded(10);
    BOOST_CHECK_EQUAL(*lost.r(), *discarded.r());
    BOOST_CHECK_EQUAL(lost.metrics(1, 20ms).loss_rate, 25);
    BOOST_CHECK_EQUAL(lost.metrics(1, 20ms).discard_rate, 0);
    BOOST_CHECK_EQUAL(discarded.metrics(1, 20ms).loss_rate, 0);
    BOOST_CHECK_EQUAL(discarded.metrics(1, 20ms).discard_rate, 25);
}

BOOST_AUTO_TEST_CASE(delay_lowers_conversational_quality_only) {
    call_quality quality(g711);
    quality.received(500);
    const double best = *quality.mos();
    BOOST_CHECK_EQUAL(*quality.listening_mos(), best);
    const voip_metrics without = quality.metrics(1, 20ms); // delay is not known
    BOOST_CHECK_EQUAL(without.r_factor, 127);
    BOOST_CHECK_EQUAL(without.mos_lq, 44);
    BOOST_CHECK_EQUAL(without.mos_cq, 127);
    quality.set_delay(200ms, 80ms, 120ms); // 200 ms from mouth to ear
    BOOST_CHECK_EQUAL(*quality.r(),
                      r_factor({.t = 200, .tr = 400, .ta = 200, .ie = g711.ie, .bpl = g711.bpl}));
    BOOST_CHECK_EQUAL(*quality.listening_mos(), best);
    quality.set_delay(200ms, 100ms); // the other side as ours
    BOOST_CHECK_EQUAL(*quality.r(),
                      r_factor({.t = 200, .tr = 400, .ta = 200, .ie = g711.ie, .bpl = g711.bpl}));
    const voip_metrics m = quality.metrics(1, 20ms);
    BOOST_CHECK_EQUAL(m.round_trip_delay, 200);
    BOOST_CHECK_EQUAL(m.end_system_delay, 100);
    BOOST_CHECK_EQUAL(m.r_factor, static_cast<int>(*quality.r() + 0.5));
    BOOST_CHECK_EQUAL(m.mos_lq, 44);
    BOOST_CHECK_EQUAL(m.mos_cq, 42);
    quality.set_delay(-5s, -5s, -5s);
    BOOST_CHECK_EQUAL(*quality.mos(), best);
}

BOOST_AUTO_TEST_CASE(braces_are_a_codec) {
    call_quality quality({0, 25.1}), same(*impairment_of("PCMU"));
    for (call_quality* q : {&quality, &same}) {
        q->received(9);
        q->lost();
    }
    BOOST_CHECK_EQUAL(*quality.r(), *same.r());
}

BOOST_AUTO_TEST_CASE(another_codec) {
    call_quality quality(g711);
    quality.received(100);
    const double before = *quality.r();
    quality.set_codec(*impairment_of("G729"));
    BOOST_CHECK_CLOSE(*quality.r(), before - 11, 1e-9);
}

BOOST_AUTO_TEST_CASE(metrics_in_the_units_of_the_report) {
    call_quality quality(g711);
    quality.set_delay(0s, 0s);
    quality.received(84);
    quality.lost(8);
    quality.received(8);
    quality.discarded(4);
    quality.received(96);
    const voip_metrics m = quality.metrics(0x01020304, 30ms);
    BOOST_CHECK_EQUAL(m.ssrc, 0x01020304U);
    BOOST_CHECK_EQUAL(m.gmin, 16);
    BOOST_CHECK_EQUAL(m.loss_rate, 256 * 8 / 200);
    BOOST_CHECK_EQUAL(m.discard_rate, 256 * 4 / 200);
    BOOST_CHECK_EQUAL(m.burst_density, 256 * 12 / 20);
    BOOST_CHECK_EQUAL(m.gap_density, 0);
    BOOST_CHECK_EQUAL(m.burst_duration, 20 * 30);
    BOOST_CHECK_EQUAL(m.gap_duration, 90 * 30);
    BOOST_CHECK_EQUAL(m.r_factor, static_cast<int>(*quality.r() + 0.5));
    BOOST_CHECK_EQUAL(m.mos_lq, static_cast<int>(*quality.mos() * 10 + 0.5));
    // What the report has no room for.
    call_quality bad(g711);
    bad.set_delay(1h, 1h);
    bad.lost(1'000'000);
    const voip_metrics worst = bad.metrics(1, 1s);
    BOOST_CHECK_EQUAL(worst.loss_rate, 255);
    BOOST_CHECK_EQUAL(worst.burst_density, 255);
    BOOST_CHECK_EQUAL(worst.burst_duration, 65535);
    BOOST_CHECK_EQUAL(worst.round_trip_delay, 65535);
    BOOST_CHECK_EQUAL(worst.r_factor, 0);
    BOOST_CHECK_EQUAL(worst.mos_cq, 10);
    call_quality nonsense(emodel_parameters{.ds = std::numeric_limits<double>::quiet_NaN()});
    nonsense.set_delay(0s, 0s);
    nonsense.received();
    BOOST_CHECK_EQUAL(nonsense.metrics(1, 20ms).r_factor, 127);
}
