#include "protocol/answer_cache.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

using relay::answer_cache;
using namespace std::chrono_literals;

namespace {
constexpr rtpsynth::time_point start{1h};
}

BOOST_AUTO_TEST_CASE(a_command_that_is_sent_again_has_its_answer) {
    answer_cache cache(30s, 100);
    BOOST_TEST(!cache.find("a 1", start));
    cache.store("a 1", "4000", start);
    cache.store("b 1", "5000", start);
    BOOST_TEST_REQUIRE(cache.find("a 1", start + 29s));
    BOOST_TEST(*cache.find("a 1", start + 29s) == "4000");
    BOOST_TEST(*cache.find("b 1", start + 31s) == "5000");
    BOOST_TEST(!cache.find("c 1", start + 31s));
    BOOST_TEST(!cache.find("a 1", start + 62s));
}

BOOST_AUTO_TEST_CASE(answers_of_which_nobody_asked_for_long_are_gone) {
    answer_cache cache(30s, 100);
    cache.store("a", "1", start);
    BOOST_TEST(!cache.find("a", start + 1h));
}

BOOST_AUTO_TEST_CASE(the_number_of_answers_has_a_limit) {
    answer_cache cache(1h, 10);
    for (int i = 0; i != 25; ++i) cache.store(std::to_string(i), "x", start);
    BOOST_TEST(cache.find("24", start));
    BOOST_TEST(cache.find("15", start));
    BOOST_TEST(!cache.find("9", start));
}
