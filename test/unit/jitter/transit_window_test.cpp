#include <boost/test/unit_test.hpp>

#include "../effort.hpp"

#include "jitter/transit_window.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <utility>
#include <vector>

using rtpsynth::detail::transit_window;

namespace {

/// The definition: all packets, and a look at each of them for each question.
class model {
public:
    void clear() { packets_.clear(); }
    std::size_t size() const { return packets_.size(); }
    void add(std::int64_t arrival, std::int64_t transit) {
        while (!packets_.empty() && (packets_.size() == transit_window::capacity ||
                                     arrival - packets_.front().first > transit_window::span_us))
            packets_.erase(packets_.begin());
        packets_.emplace_back(arrival, std::clamp<std::int64_t>(transit, -INT32_MAX, INT32_MAX));
    }
    std::int64_t least() const { return falling().back(); }
    std::int64_t exceeded_by(double share) const {
        return falling()[static_cast<std::size_t>(share * static_cast<double>(size()))];
    }

private:
    std::vector<std::int64_t> falling() const {
        std::vector<std::int64_t> all;
        for (const auto& packet : packets_) all.push_back(packet.second);
        std::sort(all.begin(), all.end(), std::greater<>{});
        return all;
    }

    std::vector<std::pair<std::int64_t, std::int64_t>> packets_;
};

} // namespace

// Few different transits, so that equal ones come and go; many; those out of range; pauses.
BOOST_AUTO_TEST_CASE(it_answers_as_one_that_looks_at_all_packets) {
    std::mt19937 random(1);
    for (int round = 0; round < effort(40); ++round) {
        transit_window window;
        model expected;
        std::int64_t now = 4'000'000'000; // the window's clock wraps on the way
        const std::int64_t spread = std::int64_t{1} << random() % 40;
        const std::uint32_t interval = round % 3 == 0 ? 5000 : 40000; // µs; more than fit, or fewer
        const double usual_share = 0.1 * static_cast<double>(random() % 11) / 10;
        for (int i = 0; i < 3000; ++i) {
            now += random() % interval;
            if (random() % 500 == 0) now += 3'000'000;
            if (random() % 1000 == 0) {
                window.clear();
                expected.clear();
            }
            const auto bits = static_cast<std::int64_t>(std::uint64_t{random()} << 16 ^ random());
            window.add(now, bits % spread - spread / 2);
            expected.add(now, bits % spread - spread / 2);
            BOOST_REQUIRE_EQUAL(window.size(), expected.size());
            if (random() % 8 == 0) continue; // not asked after each
            const double share = random() % 50 == 0 ? 0.1 - usual_share : usual_share;
            BOOST_REQUIRE_EQUAL(window.least(), expected.least());
            BOOST_REQUIRE_EQUAL(window.exceeded_by(share), expected.exceeded_by(share));
        }
    }
}
