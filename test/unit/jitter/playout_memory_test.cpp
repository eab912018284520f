#include <boost/test/unit_test.hpp>

#include "../counted_heap.hpp"

#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/jitter/playout.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

// What a playout allocates, and what it does without memory.

namespace {

using namespace rtpsynth;
using std::chrono::milliseconds;

class call {
public:
    explicit call(playout& p) : playout_(p) {}

    playout_kind tick(bool is_lost) {
        packet_[0] = 0x80;
        packet_[2] = static_cast<std::uint8_t>(n_ >> 8);
        packet_[3] = static_cast<std::uint8_t>(n_);
        for (unsigned i = 0; i < 4; ++i)
            packet_[4 + i] = static_cast<std::uint8_t>(n_ * 160 >> (24 - 8 * i));
        ++n_;
        const time_point now{milliseconds(20) * n_};
        if (!is_lost) BOOST_REQUIRE(playout_.insert(packet_, now + milliseconds(n_ % 7)));
        return playout_.pull(now + milliseconds(10), pcm_);
    }

private:
    playout& playout_;
    std::uint32_t n_ = 0;
    std::array<std::uint8_t, 172> packet_{};
    std::array<std::int16_t, 160> pcm_{};
};

} // namespace

BOOST_AUTO_TEST_CASE(ten_thousand_playouts_take_less_than_100_mb) {
    constexpr std::size_t count = 100;
    const std::size_t before = heap::live_bytes;
    std::vector<playout> all;
    all.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        all.emplace_back();
        all.back().add_decoder(0, codec_set().make_decoder("PCMU/8000"));
        call c(all.back());
        for (int tick = 0; tick < 500; ++tick) c.tick(tick % 20 == 7);
    }
    BOOST_TEST_MESSAGE((heap::live_bytes - before) / count << " bytes each");
    BOOST_CHECK_LT((heap::live_bytes - before) / count, 10'000);
}

BOOST_AUTO_TEST_CASE(nothing_is_allocated_per_packet) {
    playout p;
    p.add_decoder(0, codec_set().make_decoder("PCMU/8000"));
    call c(p);
    for (int tick = 0; tick < 500; ++tick) c.tick(tick % 20 == 7);
    const std::size_t before = heap::allocations;
    for (int tick = 0; tick < 5000; ++tick) c.tick(tick % 20 == 7);
    BOOST_CHECK_EQUAL(heap::allocations, before);
}

BOOST_AUTO_TEST_CASE(without_memory_packets_are_discarded_and_ticks_are_silent) {
    playout p;
    p.add_decoder(0, codec_set().make_decoder("PCMU/8000"));
    call c(p);
    heap::is_refused = true;
    std::size_t silent = 0;
    for (int tick = 0; tick < 50; ++tick) silent += c.tick(false) == playout_kind::silence;
    heap::is_refused = false;
    BOOST_CHECK_EQUAL(silent, 50);
    BOOST_CHECK_EQUAL(p.stats().discarded, 50);
    std::size_t spoken = 0;
    for (int tick = 0; tick < 50; ++tick) spoken += c.tick(false) == playout_kind::speech;
    BOOST_CHECK_GT(spoken, 40);
}

namespace {

// One packet of audio after another, put in as they are due, and none is pulled.
class flood {
public:
    explicit flood(playout& p) : playout_(p) {
        playout_.add_decoder(0, codec_set().make_decoder("PCMU/8000"));
    }
    void send(std::uint8_t type, std::size_t size) {
        packet_.assign(12 + size, 0xff);
        packet_[0] = 0x80;
        packet_[1] = type;
        packet_[2] = static_cast<std::uint8_t>(seq_ >> 8);
        packet_[3] = static_cast<std::uint8_t>(seq_);
        for (unsigned i = 0; i < 8; ++i)
            packet_[4 + i] = i < 4 ? static_cast<std::uint8_t>(timestamp_ >> (24 - 8 * i)) : 0;
        BOOST_REQUIRE(
            playout_.insert(packet_, time_point{std::chrono::microseconds(125) * timestamp_}));
        ++seq_;
        if (type == 0) timestamp_ += static_cast<std::uint32_t>(size);
    }

private:
    playout& playout_;
    std::uint16_t seq_ = 0;
    std::uint32_t timestamp_ = 0;
    std::vector<std::uint8_t> packet_ = std::vector<std::uint8_t>(70'000);
};

} // namespace

BOOST_AUTO_TEST_CASE(packets_without_audio_take_no_room_for_their_payload) {
    playout p;
    flood f(p);
    f.send(0, 160);
    const std::size_t before = heap::live_bytes;
    f.send(77, 65'400);
    for (int i = 0; i < 2000; ++i) f.send(77, 0);
    for (int i = 0; i < 500; ++i) f.send(77, 30'000);
    BOOST_CHECK_LT(heap::live_bytes - before, 1'000'000);
    BOOST_CHECK_EQUAL(p.stats().waiting, 2502);
}

BOOST_AUTO_TEST_CASE(packets_that_nobody_pulls_take_a_bounded_room) {
    playout p;
    flood f(p);
    const std::size_t before = heap::live_bytes;
    for (int i = 0; i < 2000; ++i) f.send(0, 960);
    BOOST_CHECK_LT(heap::live_bytes - before, 400'000);
    BOOST_CHECK_EQUAL(p.stats().waiting + p.stats().discarded, 2000);
    BOOST_CHECK_GT(p.stats().waiting, 200);
}

BOOST_AUTO_TEST_CASE(packets_that_grow_seldom_move_the_others) {
    playout p;
    flood f(p);
    const std::size_t before = heap::allocations;
    for (std::size_t size = 9; size < 960; size += 9) f.send(0, size);
    BOOST_CHECK_LT(heap::allocations - before, 50);
    BOOST_CHECK_EQUAL(p.stats().discarded, 0);
}
