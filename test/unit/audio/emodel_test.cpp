// Expected values are of test/python/audio/emodel.py, against which the Python package is held over
// 100,000 random sets of parameters.
#include <boost/test/unit_test.hpp>

#include <rtpsynth/audio/emodel.hpp>

#include <cmath>
#include <limits>

using namespace rtpsynth;

namespace {

struct rated {
    emodel_parameters parameters;
    double r;
};

const rated table[] = {
    {{}, 93.2062},
    {{.t = 100, .tr = 200, .ta = 100}, 90.6637},
    {{.t = 200, .tr = 400, .ta = 200}, 85.8047},
    {{.ppl = 1}, 75.2817},
    {{.bpl = 25.1, .ppl = 5}, 77.4255},
    {{.ie = 11, .bpl = 19, .ppl = 2, .burst_r = 2}, 73.8062},
    {{.stmr = 8, .t = 30, .tr = 60, .ta = 30}, 91.9458},
    {{.stmr = 22, .t = 30, .tr = 60, .ta = 30}, 90.9003},
    // slr, rlr, stmr, lstr, ds, telr, wepl, t, tr, ta, qdu, ie, bpl, ppl, burst_r, nc, nfor, ps,
    // pr, advantage, st, mt: at random
    {{2.4,  11.1, 17.6, 15.6, 0,     32,    73.4, 394.4, 93.9, 14.2, 11.9,
      17.3, 31.5, 0,    4.1,  -51.1, -65.4, 82.3, 80.1,  0.6,  0.42, 90.4},
     -20.6215},
    {{16.9, 2.2,  12.2, 17.2, -2.8,  18.3,  51,   247.9, 233.1, 115.4, 3.8,
      18.4, 14.6, 0.4,  6.9,  -57.7, -57.2, 44.3, 84.6,  17.2,  0.47,  63.3},
     -37.6939},
    {{9.2, 9.8,  15.2, 16.9, -0.1,  6.8,   9.6,  351.7, 983.2, 296.6, 6.1,
      6.8, 22.2, 19.6, 6.4,  -58.4, -52.8, 46.6, 60.7,  19,    0.75,  79.7},
     -175.4322},
    {{2.9, 8.4,  16.8, 18.4, -1.7,  63.5,  88.8, 258.3, 223.2, 324.3, 6.1,
      23,  15.8, 12.6, 1.4,  -68.1, -50.6, 78.8, 50.3,  17.2,  0.59,  142.1},
     -33.2929},
};

} // namespace

BOOST_AUTO_TEST_CASE(rates_as_the_recommendation) {
    for (const auto& [parameters, r] : table) BOOST_CHECK_SMALL(r_factor(parameters) - r, 0.0001);
}

BOOST_AUTO_TEST_CASE(defaults_are_the_best_of_narrowband_telephony) {
    BOOST_CHECK_SMALL(r_factor() - 93.2, 0.01);
    BOOST_CHECK_SMALL(mos_of(r_factor()) - 4.41, 0.005);
}

BOOST_AUTO_TEST_CASE(mos_of_a_rating) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double infinite = std::numeric_limits<double>::infinity();
    for (const double r : {-infinite, -1e9, -1.0, 0.0, nan}) BOOST_CHECK_EQUAL(mos_of(r), 1);
    for (const double r : {100.0, 100.001, 1e9, infinite}) BOOST_CHECK_EQUAL(mos_of(r), 4.5);
    // G.107's polynomial falls below 1 before it rises.
    BOOST_CHECK_EQUAL(mos_of(3), 1);
    // Table B.1.
    BOOST_CHECK_SMALL(mos_of(90) - 4.34, 0.01);
    BOOST_CHECK_SMALL(mos_of(80) - 4.03, 0.01);
    BOOST_CHECK_SMALL(mos_of(70) - 3.60, 0.01);
    BOOST_CHECK_SMALL(mos_of(60) - 3.10, 0.01);
    BOOST_CHECK_SMALL(mos_of(50) - 2.58, 0.01);
    for (double r = 7; r < 100; r += 0.5) BOOST_CHECK_LT(mos_of(r), mos_of(r + 0.5));
}

BOOST_AUTO_TEST_CASE(parameters_out_of_range_do_no_harm) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    BOOST_CHECK(std::isnan(r_factor({.ppl = nan})));
    BOOST_CHECK_EQUAL(mos_of(r_factor({.stmr = -100})), 1); // a root of a negative number
    BOOST_CHECK_EQUAL(mos_of(r_factor({.ta = 1e300, .ppl = 100})), 1);
}

BOOST_AUTO_TEST_CASE(impairments_of_codecs) {
    const codec_impairment concealed{0, 25.1}, silent{0, 4.3}, g729{11, 19};
    for (const char* g711 : {"PCMU", "pcmu", "PCMA", "L16", "G722"}) {
        BOOST_CHECK(impairment_of(g711) == concealed);
        BOOST_CHECK(impairment_of(g711, false) == silent);
    }
    BOOST_CHECK(impairment_of("opus", false) == concealed); // conceals by itself
    BOOST_CHECK(impairment_of("Opus") == concealed);
    BOOST_CHECK(impairment_of("gsm-efr") == impairment_of("GSM-EFR"));
    BOOST_CHECK(impairment_of("G729") == g729);
    BOOST_CHECK(impairment_of("G729", false) == g729);
    for (const char* unknown : {"", "PCM", "PCMU8", "speex"}) BOOST_CHECK(!impairment_of(unknown));
}
