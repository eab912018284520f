#include <boost/test/unit_test.hpp>

#include "stream/clock_drift.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <random>

using namespace replay;

namespace {

constexpr double seconds_of_packets = 0.02;

// A sender whose clock is so fast, through a network whose delay is exponential.
class sender {
public:
    explicit sender(double ppm, double jitter = 0) : ppm_(ppm), jitter_(jitter) {}

    void send(clock_drift& drift, double seconds) {
        for (double left = seconds; left > 0; left -= seconds_of_packets) {
            double late = 0;
            if (jitter_ > 0) late = std::exponential_distribution<>(1 / jitter_)(random_);
            arrival_ = std::max(arrival_, now_ + late); // in order, as in a capture
            const auto ns = std::llround(arrival_ * 1e9);
            drift.add(timestamp_, 8000, rtpsynth::time_point(std::chrono::nanoseconds(ns)));
            timestamp_ += 160;
            now_ += seconds_of_packets / (1 + ppm_ * 1e-6);
        }
    }
    void skip(double seconds) { now_ += seconds; }

    std::uint32_t timestamp_ = 0xffff'0000; // wraps soon

private:
    double ppm_, jitter_;
    double now_ = 1000, arrival_ = 0;
    std::mt19937 random_{1};
};

} // namespace

BOOST_AUTO_TEST_CASE(drift_is_measured_through_jitter) {
    for (const double ppm : {-500.0, -20.0, 0.0, 50.0, 500.0}) {
        clock_drift exact, noisy;
        sender(ppm).send(exact, 60);
        sender(ppm, 0.01).send(noisy, 60);
        BOOST_CHECK_SMALL(exact.ppm().value() - ppm, 0.1);
        BOOST_CHECK_SMALL(noisy.ppm().value() - ppm, 20.0);
    }
}

BOOST_AUTO_TEST_CASE(less_than_ten_seconds_say_nothing) {
    clock_drift drift;
    BOOST_CHECK(!drift.ppm());
    sender s(100);
    s.send(drift, 9);
    BOOST_CHECK(!drift.ppm());
    s.send(drift, 3);
    BOOST_CHECK(drift.ppm());
}

BOOST_AUTO_TEST_CASE(a_jump_of_timestamps_is_no_drift) {
    clock_drift drift;
    sender s(100);
    for (int i = 0; i < 5; ++i) {
        s.send(drift, 12);
        s.timestamp_ += 7'000'000;
        s.send(drift, 12);
        s.skip(30);
    }
    BOOST_CHECK_SMALL(drift.ppm().value() - 100, 1.0);
}

BOOST_AUTO_TEST_CASE(short_lines_say_nothing_however_many) {
    clock_drift drift;
    sender s(0, 0.03);
    for (int i = 0; i < 50; ++i) {
        s.send(drift, 2.5);
        s.timestamp_ += 7'000'000;
    }
    BOOST_CHECK(!drift.ppm());
}

BOOST_AUTO_TEST_CASE(a_change_of_the_clock_rate_is_no_drift) {
    clock_drift drift;
    for (unsigned i = 0; i < 4000; ++i) {
        const bool is_wide = i / 1000 % 2 == 1;
        drift.add(i * (is_wide ? 320 : 160), is_wide ? 16000 : 8000,
                  rtpsynth::time_point(std::chrono::milliseconds(20 * i)));
    }
    BOOST_CHECK_SMALL(drift.ppm().value(), 0.1);
}

BOOST_AUTO_TEST_CASE(any_timestamps_and_times_do_no_harm) {
    clock_drift drift;
    std::mt19937_64 random(1);
    for (int i = 0; i < 10000; ++i)
        drift.add(
            static_cast<std::uint32_t>(random()),
            1 + static_cast<std::uint32_t>(random() % 3) * 4'000'000,
            rtpsynth::time_point(rtpsynth::duration(static_cast<std::int64_t>(random() >> 2))));
    if (const auto ppm = drift.ppm()) BOOST_CHECK(std::isfinite(*ppm));
}
