#include <boost/test/unit_test.hpp>

#include "stream/digit_reader.hpp"

#include <array>
#include <chrono>
#include <cstdint>

using namespace replay;

namespace {

// Presses an event for 60 ms, in packets of 20 ms.
class phone {
public:
    void press(digit_reader& reader, std::uint8_t event, std::uint32_t clock_rate = 8000) {
        timestamp_ += 4000;
        for (std::uint16_t i = 1; i <= 5; ++i) {
            const auto duration = static_cast<std::uint16_t>(160 * (i < 3 ? i : 3));
            const std::array<std::uint8_t, 16> bytes{
                0x80,
                static_cast<std::uint8_t>(i == 1 ? 0x80 | 101 : 101),
                static_cast<std::uint8_t>(seq_ >> 8),
                static_cast<std::uint8_t>(seq_),
                0,
                static_cast<std::uint8_t>(timestamp_ >> 16),
                static_cast<std::uint8_t>(timestamp_ >> 8),
                static_cast<std::uint8_t>(timestamp_),
                0,
                0,
                0,
                1,
                event,
                static_cast<std::uint8_t>(i >= 3 ? 0x8a : 0x0a),
                static_cast<std::uint8_t>(duration >> 8),
                static_cast<std::uint8_t>(duration)};
            ++seq_;
            now_ += std::chrono::milliseconds(20);
            reader.add(rtpsynth::rtp_packet_view::parse(bytes).value(), clock_rate, now_);
        }
        now_ += std::chrono::milliseconds(400);
    }

private:
    std::uint16_t seq_ = 65530;
    std::uint32_t timestamp_ = 0;
    rtpsynth::time_point now_{};
};

} // namespace

BOOST_AUTO_TEST_CASE(digits_are_read_once_each) {
    digit_reader reader;
    phone p;
    for (const int event : {1, 1, 2, 11, 10, 12, 16, 70})
        p.press(reader, static_cast<std::uint8_t>(event));
    BOOST_CHECK_EQUAL(reader.digits(), "112#*A!"); // 70 is a tone
    BOOST_CHECK_EQUAL(reader.left_out(), 0);
}

BOOST_AUTO_TEST_CASE(an_unknown_clock_is_taken_for_the_usual_one) {
    digit_reader reader;
    phone().press(reader, 5, 0);
    BOOST_CHECK_EQUAL(reader.digits(), "5");
}

BOOST_AUTO_TEST_CASE(memory_is_bounded) {
    digit_reader reader;
    phone p;
    for (int i = 0; i < 100; ++i) p.press(reader, 7);
    BOOST_CHECK_EQUAL(reader.digits().size(), digit_reader::most);
    BOOST_CHECK_EQUAL(reader.left_out(), 100 - digit_reader::most);
}
