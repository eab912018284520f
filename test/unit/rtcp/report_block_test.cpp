#include <boost/test/unit_test.hpp>

#include <rtpsynth/base/ntp_time.hpp>
#include <rtpsynth/rtcp/report_block.hpp>

#include <random>

using namespace rtpsynth;
using namespace std::chrono_literals;

namespace {

report_block seen(std::uint32_t lsr, std::uint32_t dlsr) {
    return {.last_sr = lsr, .delay_since_last_sr = dlsr};
}

ntp_time at(std::uint32_t compact) {
    return ntp_time{std::uint64_t{compact} << 16 | 0xb44d'0000'0000'ffff};
}

} // namespace

BOOST_AUTO_TEST_CASE(ntp_time_of_known_instants) {
    BOOST_CHECK_EQUAL(ntp_time::from_unix(0s).value(), 0x83aa'7e80'0000'0000U);
    BOOST_CHECK_EQUAL(ntp_time::from_unix(500ms).fraction(), 0x8000'0000U);
    BOOST_CHECK_EQUAL(ntp_time::from_unix(-500ms).value(), 0x83aa'7e7f'8000'0000U);
    BOOST_CHECK_EQUAL(ntp_time::from_unix(999'999'999ns).value(), 0x83aa'7e80'ffff'fffcU);
    // The second era begins on 2036-02-07 at 06:28:16.
    BOOST_CHECK_EQUAL(ntp_time::from_unix(2'085'978'495s).seconds(), 0xffff'ffffU);
    BOOST_CHECK_EQUAL(ntp_time::from_unix(2'085'978'496s).seconds(), 0U);
    BOOST_CHECK(ntp_time{0}.unix_time() == 2'085'978'496s);
    // RFC 3550 figure 2: the SR of 1995-11-10 11:33:25.125 UTC.
    const ntp_time sr{0xb44d'b705'2000'0000};
    BOOST_CHECK(sr.unix_time() == 816'003'205s + 125ms);
    BOOST_CHECK(ntp_time::from_unix(816'003'205s + 125ms) == sr);
    BOOST_CHECK_EQUAL(sr.compact(), 0xb705'2000U);
}

BOOST_AUTO_TEST_CASE(unix_time_round_trips_to_the_nanosecond) {
    std::mt19937_64 random(3);
    for (unsigned i = 0; i < 100'000; ++i) {
        const auto year_1968_to_2104 =
            static_cast<std::int64_t>(random() % 4'294'967'296) - 61'505'152;
        const std::chrono::nanoseconds t{year_1968_to_2104 * 1'000'000'000 +
                                         static_cast<std::int64_t>(random() % 1'000'000'000)};
        BOOST_REQUIRE_EQUAL(ntp_time::from_unix(t).unix_time().count(), t.count());
    }
}

BOOST_AUTO_TEST_CASE(ntp_time_takes_any_argument) {
    for (const auto t : {std::chrono::nanoseconds::min(), std::chrono::nanoseconds::max()}) {
        BOOST_CHECK(ntp_time::from_unix(t) != ntp_time{});
    }
    BOOST_CHECK_EQUAL(ntp_time{~0ULL}.unix_time().count(), 2'085'978'496'000'000'000);
}

BOOST_AUTO_TEST_CASE(round_trip_of_rfc_3550_figure_2) {
    BOOST_CHECK(round_trip_time(seen(0xb705'2000, 0x0005'4000), at(0xb710'8000)) == 6125ms);
}

BOOST_AUTO_TEST_CASE(no_round_trip_without_a_sender_report) {
    BOOST_CHECK(!round_trip_time(seen(0, 0), at(5)));
    BOOST_CHECK(!round_trip_time(seen(0, 7), at(5)));
}

BOOST_AUTO_TEST_CASE(round_trip_over_the_wrap_of_18_hours) {
    BOOST_CHECK(round_trip_time(seen(0xffff'8000, 0x0000'4000), at(0x0000'8000)) == 750ms);
    BOOST_CHECK(round_trip_time(seen(0xffff'ffff, 0), at(0)) == 15'258ns);
    // The longest: 2^31 - 1 units, a little below 9.1 hours.
    BOOST_CHECK(round_trip_time(seen(1, 0), at(0x8000'0000)) == 32'767'999'984'741ns);
    BOOST_CHECK(!round_trip_time(seen(1, 0), at(0x8000'0001)));
}

BOOST_AUTO_TEST_CASE(small_negative_round_trips_are_0_and_others_nullopt) {
    BOOST_CHECK(round_trip_time(seen(1000, 0), at(1000)) == 0ns);
    BOOST_CHECK(round_trip_time(seen(1000, 1), at(1000)) == 0ns);
    BOOST_CHECK(round_trip_time(seen(1000, 65), at(1000)) == 0ns);
    BOOST_CHECK(!round_trip_time(seen(1000, 66), at(1000)));
    BOOST_CHECK(!round_trip_time(seen(1000, 0x7fff'ffff), at(1000)));
}
