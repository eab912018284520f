// A listener's playout over many switches.
#include "rewriter_packets.hpp"

#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/audio/g711.hpp>
#include <rtpsynth/jitter/playout.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

using namespace rewriter_test;

namespace {

bytes tone() {
    bytes payload(160); // 200 Hz: four whole periods
    for (std::size_t i = 0; i < payload.size(); ++i)
        payload[i] = ulaw_encode(static_cast<std::int16_t>(
            std::lrint(8000 * std::sin(2 * 3.14159265 * static_cast<double>(i % 40) / 40))));
    return payload;
}

} // namespace

BOOST_AUTO_TEST_CASE(no_switch_is_a_stall_or_a_restart) {
    std::mt19937 random(3);
    const bytes payload = tone();
    stream_rewriter rewriter(8000, origin);
    playout listener;
    listener.add_decoder(pcmu, codec_set().make_decoder("PCMU/8000"));
    std::array<std::int16_t, 160> pcm;
    std::uint64_t quiet = 0;
    duration longest{};
    std::uint32_t ssrc = 0;
    fields f;
    for (int tick = 0; tick < 200 * 40; ++tick) {
        const time_point now = time_point{std::chrono::hours(1) + tick * milliseconds(20)};
        if (tick % 40 == 0)
            f = {++ssrc, static_cast<std::uint16_t>(random()),
                 static_cast<std::uint32_t>(random())};
        bytes p = packet(f, payload);
        const time_point arrival = now + std::chrono::microseconds(random() % 10'000);
        BOOST_REQUIRE(is_forwarded(rewriter.rewrite(p, arrival)));
        BOOST_REQUIRE(listener.insert(p, arrival));
        ++f.seq;
        f.timestamp += 160;
        const playout_kind kind = listener.pull(now + milliseconds(15), pcm);
        if (tick < 10) continue; // the first packet is heard after a while
        if (kind == playout_kind::silence || kind == playout_kind::concealed) ++quiet;
        longest = std::max(longest, listener.stats().delay);
    }
    const playout_stats stats = listener.stats();
    BOOST_TEST(rewriter.stats().switches == 200U);
    BOOST_TEST(stats.restarts == 0U);
    BOOST_TEST(stats.late + stats.discarded + stats.duplicate == 0U);
    BOOST_TEST(quiet <= 10U);
    BOOST_TEST((longest <= milliseconds(80)));
    BOOST_TEST_MESSAGE(quiet << " ticks without speech, " << longest.count() / 1'000'000
                             << " ms at most, grown " << stats.grown << ", shrunk "
                             << stats.shrunk);
}
