#include <boost/test/unit_test.hpp>

#include <rtpsynth/audio/telephone_event.hpp>

#include <array>
#include <string_view>

using namespace rtpsynth;

BOOST_AUTO_TEST_CASE(reads_a_report) {
    const std::uint8_t payload[] = {11, 0x8a, 0x03, 0x20, 0xff};
    const telephone_event expected{11, true, 10, 800};
    BOOST_CHECK(telephone_event::parse(payload).value() == expected);
    const std::uint8_t reserved_bit[] = {255, 0x7f, 0xff, 0xff};
    const telephone_event loudest{255, false, 63, 0xffff};
    BOOST_CHECK(telephone_event::parse(reserved_bit).value() == loudest);
    for (std::size_t size = 0; size < 4; ++size)
        BOOST_CHECK(telephone_event::parse({payload, size}).error() == errc::packet_too_short);
}

BOOST_AUTO_TEST_CASE(reads_what_it_writes) {
    for (const bool end : {false, true}) {
        for (unsigned n = 0; n < 256; ++n) {
            const auto byte = static_cast<std::uint8_t>(n);
            const telephone_event event{byte, end, static_cast<std::uint8_t>(n & 63),
                                        static_cast<std::uint16_t>(n * 257)};
            std::array<std::uint8_t, telephone_event_size> payload;
            event.store(payload);
            BOOST_CHECK(telephone_event::parse(payload).value() == event);
        }
    }
}

BOOST_AUTO_TEST_CASE(digits_have_codes) {
    constexpr std::string_view digits = "0123456789*#ABCD";
    for (std::size_t code = 0; code < digits.size(); ++code) {
        BOOST_CHECK_EQUAL(*event_of(digits[code]), code);
        BOOST_CHECK_EQUAL(*digit_of(static_cast<std::uint8_t>(code)), digits[code]);
    }
    BOOST_CHECK_EQUAL(*event_of('a'), 12);
    BOOST_CHECK_EQUAL(*event_of('d'), 15);
    for (const char other : {'\0', ' ', 'e', 'E', ',', '\xff'}) BOOST_CHECK(!event_of(other));
    for (const int code : {16, 64, 255}) BOOST_CHECK(!digit_of(static_cast<std::uint8_t>(code)));
}
