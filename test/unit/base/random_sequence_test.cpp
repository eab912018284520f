#include <boost/test/unit_test.hpp>

#include <rtpsynth/base/detail/random_sequence.hpp>

#include <cstdint>

using rtpsynth::detail::random_sequence;

// Those of the algorithm's public implementation (Sebastiano Vigna's splitmix64.c) with this seed.
BOOST_AUTO_TEST_CASE(the_numbers_are_those_of_splitmix64) {
    random_sequence sequence(1'234'567);
    for (const std::uint64_t expected :
         {6'457'827'717'110'365'317U, 3'203'168'211'198'807'973U, 9'817'491'932'198'370'423U,
          4'593'380'528'125'082'431U, 16'408'922'859'458'223'821U})
        BOOST_TEST(sequence.bits() == expected);
}

BOOST_AUTO_TEST_CASE(any_number_can_be_had_without_those_before) {
    random_sequence sequence(5);
    for (std::uint64_t n = 0; n < 100; ++n)
        BOOST_TEST(random_sequence(5 + n * random_sequence::step).bits() == sequence.bits());
}

BOOST_AUTO_TEST_CASE(other_forms_are_of_the_highest_bits) {
    random_sequence all(7), high(7), unit(7);
    for (int i = 0; i < 1000; ++i) {
        const std::uint64_t bits = all.bits();
        BOOST_TEST(high.bits32() == bits >> 32);
        const double u = unit.unit();
        BOOST_TEST((u >= 0 && u < 1));
        BOOST_TEST(static_cast<std::uint64_t>(u * 0x1p53) == bits >> 11);
    }
}
