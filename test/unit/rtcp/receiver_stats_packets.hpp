/// \file
/// Packets for the tests of receiver_stats.
#pragma once

#include <rtpsynth/rtcp/receiver_stats.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>

BOOST_TEST_DONT_PRINT_LOG_VALUE(rtpsynth::receiver_stats::outcome)

namespace rtpsynth::test {

constexpr time_point t0{std::chrono::hours{100}};
constexpr receiver_stats::options from_first{.min_sequential = 0};

/// A sender that sends a packet every 20 ms, which arrives at once.
struct paced_sender {
    std::uint16_t seq = 0;
    std::uint32_t timestamp = 0;
    time_point now = t0;
    payload_format format{8000, payload_kind::media};
    duration ptime = std::chrono::milliseconds{20};

    std::uint32_t step() const {
        return static_cast<std::uint32_t>(ptime.count() * format.clock_rate / 1'000'000'000);
    }
    /// So many packets are sent but never arrive.
    void lose(unsigned count) {
        seq = static_cast<std::uint16_t>(seq + count);
        timestamp += count * step();
        now += count * ptime;
    }
    /// Nothing is sent for so long.
    void pause(duration d) {
        now += d;
        timestamp += static_cast<std::uint32_t>(d.count() / 1'000'000 * format.clock_rate / 1000);
    }
    receiver_stats::outcome send(receiver_stats& stats) {
        const auto outcome = stats.update(seq, timestamp, now, format);
        lose(1);
        return outcome;
    }
    void send(receiver_stats& stats, unsigned count) {
        for (unsigned i = 0; i < count; ++i) send(stats);
    }
};

} // namespace rtpsynth::test
