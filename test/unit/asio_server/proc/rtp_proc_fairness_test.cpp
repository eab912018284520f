#include <boost/test/unit_test.hpp>

#include <rtpsynth/asio_server/proc/rtp_proc.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

// How many calls each of those always overdue has. This program has a clock of its own, which goes
// on while a call works and at no other time: the system, which interrupts calls on a busy machine,
// does not change what they cost.

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
using namespace std::chrono_literals;

namespace {

std::chrono::steady_clock::time_point clock_time{1h};

} // namespace

// In place of the standard library's.
std::chrono::steady_clock::time_point std::chrono::steady_clock::now() noexcept {
    return clock_time;
}

namespace {

struct always_overdue {
    static constexpr std::size_t channels = 50;

    boost::asio::io_context context;
    rtp_proc proc{context.get_executor()};
    std::vector<std::shared_ptr<rtp_proc_channel>> all;
    std::vector<std::size_t> counts = std::vector<std::size_t>(channels);
    std::size_t calls = 0;

    // The first call of the channel in the middle takes longer.
    void start(duration cost, duration first_of_one) {
        for (std::size_t i = 0; i != channels; ++i)
            all.push_back(proc.create_channel([=, this](time_point, time_point) {
                clock_time += i == channels / 2 && counts[i] == 0 ? first_of_one : cost;
                ++counts[i];
                ++calls;
                return time_point{};
            }));
    }

    // Between the channel that had most calls and the one that had fewest.
    std::size_t difference_after(std::size_t total) {
        while (calls < total) BOOST_TEST_REQUIRE(context.poll_one() == 1U);
        const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
        return *most - *least;
    }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(those_always_overdue_take_turns, always_overdue) {
    start(10us, 10us);
    for (const std::size_t total : {200U, 500U, 1'000U, 5'000U, 20'000U})
        BOOST_TEST(difference_after(total) <=
                   2U); // one, and one more for a first call's short cost
}

// By the system, for example, which looked elsewhere meanwhile.
BOOST_FIXTURE_TEST_CASE(a_first_call_that_was_interrupted_does_not_count, always_overdue) {
    start(10us, 50ms);
    for (const std::size_t total : {200U, 500U, 1'000U, 5'000U})
        BOOST_TEST(difference_after(total) <= 2U);
}
