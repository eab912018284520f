#include <boost/test/unit_test.hpp>

#include <rtpsynth/audio/loss_bursts.hpp>

#include <algorithm>
#include <random>
#include <string_view>
#include <vector>

using namespace rtpsynth;

namespace {

// 'x' is a loss.
loss_bursts counted(std::string_view packets, std::uint8_t gmin = 4) {
    loss_bursts bursts(gmin);
    for (const char c : packets) c == 'x' ? bursts.lost() : bursts.received();
    return bursts;
}

struct expectation {
    std::string_view packets;
    std::uint64_t bursts, gaps;
    double burst_density, gap_density, mean_burst, mean_gap;
};

// RFC 3611 §4.7.2 word by word: slow, and the definition of right.
struct definition {
    std::uint64_t bursts = 0, gaps = 0, burst_packets = 0, burst_losses = 0, gap_losses = 0;
    std::uint64_t gap_packets = 0;

    definition(const std::vector<bool>& lost, std::size_t gmin) {
        const std::size_t n = lost.size();
        std::vector<bool> in_burst(n);
        const auto isolated = [&](std::size_t i) { // gmin received on either side
            for (std::size_t d = 1; d <= gmin; ++d) {
                if (i >= d && lost[i - d]) return false;
                if (i + d < n && lost[i + d]) return false;
            }
            return true;
        };
        std::size_t last = n; // the last loss that is in a burst
        for (std::size_t i = 0; i < n; ++i) {
            if (!lost[i] || isolated(i)) continue;
            in_burst[i] = true;
            if (last != n && i - last <= gmin)
                std::fill(in_burst.begin() + static_cast<std::ptrdiff_t>(last),
                          in_burst.begin() + static_cast<std::ptrdiff_t>(i), true);
            last = i;
        }
        for (std::size_t i = 0; i < n; ++i) {
            const bool begins = i == 0 || in_burst[i] != in_burst[i - 1];
            bursts += begins && in_burst[i];
            gaps += begins && !in_burst[i];
            burst_packets += in_burst[i];
            gap_packets += !in_burst[i];
            burst_losses += in_burst[i] && lost[i];
            gap_losses += !in_burst[i] && lost[i];
        }
    }
};

double share(std::uint64_t part, std::uint64_t whole) {
    return whole ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

} // namespace

BOOST_AUTO_TEST_CASE(by_hand) {
    const expectation table[] = {
        {"", 0, 0, 0, 0, 0, 0},
        {".....", 0, 1, 0, 0, 0, 5},
        {"x", 0, 1, 0, 1, 0, 1},
        {"....x....", 0, 1, 0, 1.0 / 9, 0, 9},       // isolated: a gap
        {".....xx.....", 1, 2, 1, 0, 2, 5},          // both sides
        {"xx", 1, 0, 1, 0, 2, 0},                    // nothing but a burst
        {"xx.....", 1, 1, 1, 0, 2, 5},               // at the start
        {".....xx", 1, 1, 1, 0, 2, 5},               // at the end
        {"x...x", 1, 0, 0.4, 0, 5, 0},               // 3 received: less than gmin
        {"x....x", 0, 1, 0, 2.0 / 6, 0, 6},          // 4: two isolated ones
        {"xx....x....xx", 2, 1, 1, 1.0 / 9, 2, 9},   // an isolated one between bursts
        {"x....xx.x.....", 1, 2, 0.75, 0.1, 4, 5.0}, // isolated at first, then a burst
    };
    for (const auto& [packets, bursts, gaps, burst, gap, mean_burst, mean_gap] : table) {
        BOOST_TEST_CONTEXT(packets) {
            const loss_bursts b = counted(packets);
            BOOST_CHECK_EQUAL(b.bursts(), bursts);
            BOOST_CHECK_EQUAL(b.gaps(), gaps);
            BOOST_CHECK_CLOSE(b.burst_density(), burst, 1e-9);
            BOOST_CHECK_CLOSE(b.gap_density(), gap, 1e-9);
            BOOST_CHECK_CLOSE(b.mean_burst(), mean_burst, 1e-9);
            BOOST_CHECK_CLOSE(b.mean_gap(), mean_gap, 1e-9);
        }
    }
}

BOOST_AUTO_TEST_CASE(as_defined_after_every_packet) {
    std::mt19937 random(3);
    std::uint64_t bursts_seen = 0;
    for (int round = 0; round < 300; ++round) {
        const auto gmin = static_cast<std::uint8_t>(round % 3 ? 16 : 1 + random() % 20);
        const auto one_in = 2 + random() % 40;
        loss_bursts bursts(gmin);
        std::vector<bool> lost;
        for (int i = 0; i < 120; ++i) {
            lost.push_back(random() % one_in == 0);
            lost.back() ? bursts.lost() : bursts.received();
            const definition d(lost, gmin);
            BOOST_REQUIRE_EQUAL(bursts.expected(), lost.size());
            BOOST_REQUIRE_EQUAL(bursts.losses(), d.burst_losses + d.gap_losses);
            BOOST_REQUIRE_EQUAL(bursts.bursts(), d.bursts);
            BOOST_REQUIRE_EQUAL(bursts.gaps(), d.gaps);
            BOOST_REQUIRE_EQUAL(bursts.burst_density(), share(d.burst_losses, d.burst_packets));
            BOOST_REQUIRE_EQUAL(bursts.gap_density(), share(d.gap_losses, d.gap_packets));
            BOOST_REQUIRE_EQUAL(bursts.mean_burst(), share(d.burst_packets, d.bursts));
            BOOST_REQUIRE_EQUAL(bursts.mean_gap(), share(d.gap_packets, d.gaps));
        }
        bursts_seen += bursts.bursts();
    }
    BOOST_CHECK_GT(bursts_seen, 300U);
}

BOOST_AUTO_TEST_CASE(many_at_once_are_one_after_another) {
    std::mt19937 random(4);
    loss_bursts at_once, singly;
    for (int i = 0; i < 1000; ++i) {
        const std::uint64_t received = random() % 40, lost = random() % 4;
        at_once.received(received);
        at_once.lost(lost);
        for (std::uint64_t n = 0; n < received; ++n) singly.received();
        for (std::uint64_t n = 0; n < lost; ++n) singly.lost();
    }
    BOOST_CHECK_EQUAL(at_once.bursts(), singly.bursts());
    BOOST_CHECK_EQUAL(at_once.mean_burst(), singly.mean_burst());
    BOOST_CHECK_EQUAL(at_once.burst_ratio(), singly.burst_ratio());
    BOOST_CHECK_EQUAL(at_once.gap_density(), singly.gap_density());
}

BOOST_AUTO_TEST_CASE(no_gmin_is_one) {
    BOOST_CHECK_EQUAL(loss_bursts{}.gmin(), 16);
    BOOST_CHECK_EQUAL(loss_bursts{0}.gmin(), 1);
}

BOOST_AUTO_TEST_CASE(burst_ratio_by_hand) {
    BOOST_CHECK_EQUAL(counted("").burst_ratio(), 1);
    BOOST_CHECK_EQUAL(counted("....").burst_ratio(), 1);
    BOOST_CHECK_EQUAL(counted("xxxx").burst_ratio(), 1);
    BOOST_CHECK_EQUAL(counted("x.x.x.").burst_ratio(), 1); // less than random
    BOOST_CHECK_CLOSE(counted("..xx..xxxx..").burst_ratio(), 3 * 0.5, 1e-9);
}

// In G.107's two-state model, with p from received to lost and q back, the ratio is 1 / (p + q).
BOOST_AUTO_TEST_CASE(burst_ratio_of_markov_losses) {
    std::mt19937 random(5);
    std::uniform_real_distribution<double> uniform;
    for (const double loss : {0.01, 0.05, 0.2}) {
        for (const double ratio : {1.0, 2.0, 4.0}) {
            const double p = loss / ratio, q = (1 - loss) / ratio;
            loss_bursts bursts;
            for (bool lost = false; bursts.expected() < 1'000'000;) {
                lost = uniform(random) < (lost ? 1 - q : p);
                lost ? bursts.lost() : bursts.received();
            }
            BOOST_CHECK_CLOSE(bursts.burst_ratio(), ratio, 4);
            BOOST_CHECK_CLOSE(share(bursts.losses(), bursts.expected()), loss, 8);
        }
    }
}
