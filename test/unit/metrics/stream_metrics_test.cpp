#include <rtpsynth/metrics/stream_metrics.hpp>

#include "exposition.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <random>

using namespace rtpsynth;
using namespace std::chrono_literals;
using exposition::read;

namespace {

/// The one sample of a name, with these labels.
double sample(const metrics_page& page, const std::string& name, exposition::labels l = {}) {
    return read(page.text()).at(name).samples.at({name, std::move(l)});
}

} // namespace

BOOST_AUTO_TEST_CASE(a_jitter_buffers) {
    const jitter_buffer_stats s{.received = 1,
                                .invalid = 2,
                                .duplicate = 3,
                                .late = 4,
                                .stale = 5,
                                .stray = 6,
                                .erasures = 7,
                                .erased = 8,
                                .restarts = 9};
    metrics_page page;
    add_metrics(page, s, {{"call", "x"}});
    const auto at = [&](const std::string& name, exposition::labels more = {}) {
        more.emplace("call", "x");
        return sample(page, "rtpsynth_jitter_buffer_" + name, more);
    };
    BOOST_TEST(at("packets_received_total") == 1);
    BOOST_TEST(at("datagrams_invalid_total") == 2);
    BOOST_TEST(at("packets_dropped_total", {{"reason", "duplicate"}}) == 3);
    BOOST_TEST(at("packets_dropped_total", {{"reason", "late"}}) == 4);
    BOOST_TEST(at("packets_dropped_total", {{"reason", "stale"}}) == 5);
    BOOST_TEST(at("packets_dropped_total", {{"reason", "stray"}}) == 6);
    BOOST_TEST(at("erasures_total") == 7);
    BOOST_TEST(at("packets_erased_total") == 8);
    BOOST_TEST(at("restarts_total") == 9);
}

BOOST_AUTO_TEST_CASE(a_playouts) {
    const playout_stats s{.received = 1,
                          .played = 2,
                          .late = 3,
                          .duplicate = 4,
                          .discarded = 5,
                          .waiting = 6,
                          .underruns = 7,
                          .restarts = 8,
                          .grown = 9,
                          .shrunk = 10,
                          .ticks = {11, 12, 13, 14, 15, 16},
                          .delay = 40ms,
                          .target = 50ms,
                          .mean_delay = 60ms};
    metrics_page page;
    add_metrics(page, s);
    const auto at = [&](const std::string& name, exposition::labels l = {}) {
        return sample(page, "rtpsynth_playout_" + name, l);
    };
    BOOST_TEST(at("packets_received_total") == 1);
    BOOST_TEST(at("packets_played_total") == 2);
    BOOST_TEST(at("packets_dropped_total", {{"reason", "late"}}) == 3);
    BOOST_TEST(at("packets_dropped_total", {{"reason", "duplicate"}}) == 4);
    BOOST_TEST(at("packets_dropped_total", {{"reason", "discarded"}}) == 5);
    BOOST_TEST(at("packets_waiting") == 6);
    BOOST_TEST(at("underruns_total") == 7);
    BOOST_TEST(at("restarts_total") == 8);
    BOOST_TEST(at("delay_changes_total", {{"direction", "grown"}}) == 9);
    BOOST_TEST(at("delay_changes_total", {{"direction", "shrunk"}}) == 10);
    double expected = 11;
    for (const auto* kind :
         {"concealed", "stretched", "compressed", "speech", "comfort_noise", "silence"})
        BOOST_TEST(at("ticks_total", {{"kind", kind}}) == expected++);
    BOOST_TEST(static_cast<int>(playout_kind::silence) == 5);
    BOOST_TEST(at("ticks_total", {{"kind", "comfort_noise"}}) ==
               static_cast<double>(s.ticks_of(playout_kind::comfort_noise)));
    BOOST_TEST(at("delay_seconds") == 0.04);
    BOOST_TEST(at("delay_target_seconds") == 0.05);
    BOOST_TEST(at("delay_mean_seconds") == 0.06);
}

BOOST_AUTO_TEST_CASE(a_calls_quality_is_left_out_before_it_is_known) {
    call_quality q;
    metrics_page before;
    add_metrics(before, q);
    BOOST_TEST(read(before.text()).count("rtpsynth_call_mos") == 0U);
    q.received(99);
    q.lost(1);
    metrics_page page;
    add_metrics(page, q);
    BOOST_TEST(sample(page, "rtpsynth_call_mos") == *q.mos());
    BOOST_TEST(sample(page, "rtpsynth_call_listening_mos") == *q.listening_mos());
    BOOST_TEST(sample(page, "rtpsynth_call_rating_factor") == *q.r());
    BOOST_TEST(sample(page, "rtpsynth_call_packets_total") == 100);
    BOOST_TEST(sample(page, "rtpsynth_call_packets_lost_total") == 1);
    BOOST_TEST(sample(page, "rtpsynth_call_burst_ratio") == 1);
    BOOST_TEST(sample(page, "rtpsynth_call_bursts") == 0);
}

BOOST_AUTO_TEST_CASE(no_counter_of_a_receiver_ever_falls) {
    std::mt19937 random{1};
    for (int round = 0; round != 50; ++round) {
        receiver_stats stats{8000};
        std::map<std::string, double> last;
        std::uint16_t seq = static_cast<std::uint16_t>(random());
        std::uint32_t timestamp = 0;
        time_point now{1h};
        for (int i = 0; i != 200; ++i) {
            const auto dice = random() % 30;
            if (dice == 0) seq = static_cast<std::uint16_t>(random()); // a restart or a stray
            seq = static_cast<std::uint16_t>(seq + (dice == 1 ? 200 : dice == 2 ? -3 : 1));
            timestamp += 160;
            now += 20ms;
            stats.update(seq, timestamp, now);
            metrics_page page;
            add_metrics(page, stats);
            for (const auto& [name, family] : read(page.text())) {
                BOOST_TEST((family.type == "counter") == name.ends_with("_total"));
                if (family.type != "counter") continue;
                const double value = family.samples.begin()->second;
                BOOST_TEST(value >= last[name]);
                last[name] = value;
            }
        }
        metrics_page page;
        add_metrics(page, stats);
        BOOST_TEST(sample(page, "rtpsynth_receiver_packets_received_total") ==
                   static_cast<double>(stats.received()));
        BOOST_TEST(sample(page, "rtpsynth_receiver_packets_missing") ==
                   static_cast<double>(stats.missing()));
        BOOST_TEST(sample(page, "rtpsynth_receiver_packets_duplicate_total") ==
                   static_cast<double>(stats.duplicates()));
        BOOST_TEST(sample(page, "rtpsynth_receiver_jitter_seconds") == stats.jitter_ms() / 1000);
    }
}

BOOST_AUTO_TEST_CASE(a_jitter_that_is_not_known_is_left_out) {
    metrics_page page;
    add_metrics(page, receiver_stats{8000});
    BOOST_TEST(read(page.text()).count("rtpsynth_receiver_jitter_seconds") == 0U);
    BOOST_TEST(read(page.text()).count("rtpsynth_receiver_packets_received_total") == 1U);
}
