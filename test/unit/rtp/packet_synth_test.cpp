#include <boost/test/unit_test.hpp>

#include "packet_synth_model.hpp"

#include <rtpsynth/rtp/packet.hpp>
#include <rtpsynth/rtp/packet_synth.hpp>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace rtpsynth;
using namespace packet_synth_model;
using namespace std::chrono_literals;

namespace {

using bytes = std::vector<std::uint8_t>;

constexpr packet_format g711{.payload_size = 160, .payload_type = 0};

bytes random_bytes(std::mt19937_64& random, std::size_t n) {
    bytes result(n);
    for (auto& byte : result) byte = static_cast<std::uint8_t>(random());
    return result;
}

packet_synth made(packet_synth synth, int packets) {
    bytes out(12);
    for (int i = 0; i != packets; ++i) BOOST_REQUIRE(synth.stamp({}, {}, out));
    return synth;
}

template <class Result>
bool refused(const Result& result, errc e) {
    return !result && result.error() == e;
}

} // namespace

BOOST_AUTO_TEST_CASE(first_packets_bit_for_bit) {
    packet_synth synth{8000, 20ms, {.ssrc = 0x01020304, .timestamp = 0xfffffff0, .seq = 0xffff}};
    const bytes payload{7, 8, 9};
    bytes out(16, 0xee);
    BOOST_TEST(synth.write({}, {.payload_size = 4, .payload_type = 96}, out, payload).value() ==
               16U);
    BOOST_TEST(out ==
                   (bytes{0x80, 0xe0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf0, 1, 2, 3, 4, 7, 8, 9, 0}),
               boost::test_tools::per_element());
    BOOST_TEST(synth.write({}, {.payload_size = 3, .payload_type = 127}, out).value() == 15U);
    BOOST_TEST(out == (bytes{0x80, 0x7f, 0, 0, 0, 0, 0, 0x90, 1, 2, 3, 4, 0, 0, 0, 0}),
               boost::test_tools::per_element());
    BOOST_TEST(synth.ssrc() == 0x01020304U);
    BOOST_TEST((synth.clock_rate() == 8000U && synth.ptime() == 20ms));
}

BOOST_AUTO_TEST_CASE(constructor_names_the_bad_argument) {
    const auto names = [](const char* name) {
        return [name](const std::invalid_argument& e) {
            return std::string_view{e.what()}.starts_with(std::string("rtpsynth::packet_synth: ") +
                                                          name);
        };
    };
    BOOST_CHECK_EXCEPTION(packet_synth(0, 20ms, {}), std::invalid_argument, names("clock_rate"));
    for (const duration bad : {duration{0}, duration{-1}, duration::min()})
        BOOST_CHECK_EXCEPTION(packet_synth(8000, bad, {}), std::invalid_argument, names("ptime"));
    BOOST_CHECK_NO_THROW(packet_synth(1, 1ns, {}));
    BOOST_CHECK_NO_THROW(packet_synth(UINT32_MAX, duration::max(), {}));
}

BOOST_AUTO_TEST_CASE(origin_is_drawn_in_order) {
    std::uint32_t next = 0xfffffffd;
    const auto origin = stream_origin::draw([&] { return next++; });
    BOOST_TEST(origin.ssrc == 0xfffffffdU);
    BOOST_TEST(origin.timestamp == 0xfffffffeU);
    BOOST_TEST(origin.seq == 0xffffU);
    BOOST_TEST(next == 0U);
    BOOST_TEST(stream_origin::draw([] { return 0xffffffffU; }).timestamp == 0xfffffffeU);
    BOOST_CHECK_THROW(stream_origin::draw([]() -> std::uint32_t { throw std::logic_error("x"); }),
                      std::logic_error);
}

// Ten million packets one by one and more by skips: the k-th is at floor(k * rate * ptime).
BOOST_AUTO_TEST_CASE(fractional_steps_never_drift) {
    struct {
        std::uint32_t rate;
        duration ptime;
        std::uint64_t packets, skip_every;
        std::size_t skip;
    } const cases[] = {{11025, 10ms, 10'000'000, 0, 0},
                       {48000, 2500us, 100'000, 3, 300}, // Opus
                       {44100, 7ms, 500'000, 100, 100'000},
                       {22050, 1ms, 500'000, 3, 77},
                       {90001, 13ms, 200'000, 7, 1'000'001},
                       {999, 999ms, 200'000, 5, SIZE_MAX / 1'000'000},
                       {1, 1ns, 200'000, 5, 2'999'999'999},
                       {UINT32_MAX, duration::max(), 200'000, 2, UINT32_MAX}};
    for (const auto& c : cases) {
        const stream_origin origin{.ssrc = 1, .timestamp = 0xfff00000, .seq = 65000};
        packet_synth synth{c.rate, c.ptime, origin};
        const uint128 step = static_cast<uint128>(c.ptime.count()) * c.rate % cycle;
        uint128 k = 0;
        std::uint64_t wrong = 0;
        bytes out(12);
        for (std::uint64_t i = 0; i != c.packets; ++i, ++k) {
            if (c.skip_every != 0 && i % c.skip_every == 0) {
                synth.skip(c.skip);
                k += c.skip;
            }
            synth.stamp({}, {}, out).value();
            wrong += detail::load_be32(&out[4]) != timestamp_of(origin.timestamp * unit + k * step);
            wrong += detail::load_be16(&out[2]) != static_cast<std::uint16_t>(origin.seq + i);
        }
        BOOST_TEST(wrong == 0U, c.rate << " Hz, " << c.ptime.count() << " ns");
        BOOST_TEST((k >= 10'000'000));
    }
}

BOOST_AUTO_TEST_CASE(marker_is_for_one_packet) {
    packet_synth synth{8000, 20ms, {}};
    bytes out(12);
    const auto marker_of_next = [&] {
        synth.stamp({}, {}, out).value();
        return out[1] == 0x80;
    };
    BOOST_TEST(synth.set_marker(true));
    BOOST_TEST(marker_of_next());
    BOOST_TEST(!marker_of_next());
    BOOST_TEST(!synth.set_marker(true));
    synth.skip(5);
    synth.resync({});
    BOOST_TEST(marker_of_next());
    BOOST_TEST(!marker_of_next());
}

BOOST_AUTO_TEST_CASE(payload_may_overlap_the_packet) {
    for (std::size_t from = 0; from <= 40; ++from) {
        bytes out(64);
        for (std::size_t i = 0; i != out.size(); ++i) out[i] = static_cast<std::uint8_t>(i + 100);
        const auto payload = std::span<const std::uint8_t>{out}.subspan(from, 20);
        bytes expected(30);
        std::copy(payload.begin(), payload.end(), expected.begin());
        packet_synth synth{8000, 20ms, {}};
        BOOST_REQUIRE(synth.write({}, {.payload_size = 30}, out, payload));
        BOOST_TEST(bytes(out.begin() + 12, out.begin() + 42) == expected);
        BOOST_TEST(out[42] == 142);
    }
}

BOOST_AUTO_TEST_CASE(largest_packet) {
    packet_synth synth{90000, 20ms, {}};
    bytes out(65507, 1);
    BOOST_TEST(synth.write({}, {.payload_size = 65495}, out).value() == 65507U);
    BOOST_TEST(out[65506] == 0);
}

BOOST_AUTO_TEST_CASE(a_refused_call_changes_nothing) {
    const packet_format good{.payload_size = 4, .payload_type = 9};
    const bytes media(60), before(100, 0xee);
    const time_point now{1s}, later{5s};
    constexpr std::size_t huge = SIZE_MAX;
    for (const int packets : {0, 1, 3}) {
        const packet_synth synth = made({11025, 10ms, {1, 2, 3}}, packets);
        const auto check = [&](errc e, auto&& call) {
            packet_synth tried = synth, untried = synth;
            bytes out = before;
            BOOST_TEST(refused(call(tried, out), e));
            BOOST_TEST((out == before && tried.next_position() == untried.next_position()));
            BOOST_TEST((tried.resync(later) == untried.resync(later)));
            for (int i = 0; i != 2; ++i) { // where resync() led, and the marker
                bytes a(12), b(12);
                BOOST_TEST((tried.stamp(later, {}, a) && untried.stamp(later, {}, b) && a == b));
            }
        };
        const auto single = [&](errc e, packet_format f, std::size_t room) {
            const auto to = [=](bytes& o) { return std::span{o}.first(room); };
            check(e, [&](auto& s, auto& o) { return s.write(now, f, to(o)); });
            check(e, [&](auto& s, auto& o) { return s.stamp(now, f, to(o)); });
        };
        const auto batch = [&](errc e, packet_format f, std::size_t count, std::size_t stride,
                               std::size_t room) {
            const auto to = [=](bytes& o) { return std::span{o}.first(room); };
            check(e, [&](auto& s, auto& o) { return s.write_batch(now, f, count, stride, to(o)); });
            check(e, [&](auto& s, auto& o) { return s.stamp_batch(now, f, count, stride, to(o)); });
        };
        const auto too_long = [&](packet_format f, std::size_t count, std::size_t payload) {
            check(errc::invalid_argument, [&](auto& s, auto& o) {
                return s.write_batch(now, f, count, 16, o, std::span{media}.first(payload));
            });
        };
        for (const packet_format f :
             {packet_format{65496, 0}, packet_format{huge, 0}, packet_format{huge - 11, 0},
              packet_format{4, 128}, packet_format{4, 255}}) {
            single(errc::invalid_argument, f, 100);
            batch(errc::invalid_argument, f, 1, 16, 100);
            batch(errc::invalid_argument, f, 0, 16, 100);
        }
        check(errc::invalid_argument,
              [&](auto& s, auto& o) { return s.write(now, good, o, std::span{media}.first(5)); });
        too_long(good, 3, 13);
        too_long(good, 0, 1);
        too_long({.payload_size = 0}, 3, 1);
        for (const std::size_t room : {0U, 11U, 12U, 15U}) {
            single(errc::buffer_too_small, good, room);
            batch(errc::buffer_too_small, good, 1, 16, room);
        }
        for (const std::size_t stride : {0U, 1U, 15U})
            batch(errc::invalid_argument, good, 2, stride, 100);
        batch(errc::buffer_too_small, good, 3, 20, 55); // the third ends at 56
        for (const std::size_t count : {std::size_t{2}, huge / 16 + 2, huge}) {
            for (const std::size_t stride : {huge, huge / 2 + 1, huge / count + 17}) {
                batch(errc::buffer_too_small, good, count, stride, 100);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(resync_by_the_clock) {
    bytes out(12);
    const auto at = [](duration d) { return time_point{100s + d}; };
    packet_synth synth{8000, 20ms, {.timestamp = 1000, .seq = 7}};
    const auto next = [&] { return synth.next_position().timestamp; };

    BOOST_TEST((synth.resync(at(1h)) == stream_position{1000, 7}));
    BOOST_TEST(next() == 1000U); // no packet, no pause
    BOOST_REQUIRE(synth.stamp(at(0s), {}, out));

    BOOST_TEST((synth.resync(at(2s)) == stream_position{1160, 8}));
    BOOST_TEST((synth.next_position() == stream_position{17000, 8}));
    BOOST_TEST((synth.resync(at(2s)) == stream_position{17000, 8}));
    BOOST_TEST(next() == 17000U); // the same pause, once
    synth.resync(at(3s));
    BOOST_TEST(next() == 25000U); // and a longer one from the same packet
    for (const duration d : {duration{0}, duration{20ms}, duration{-1ns}, duration{-90s}}) {
        synth.resync(at(d));
        BOOST_TEST(next() == 1160U);
    }
    synth.resync(at(20ms + 124us)); // 160.992 units
    BOOST_TEST(next() == 1160U);
    synth.resync(at(20ms + 125us));
    BOOST_TEST(next() == 1161U);

    synth.skip(10); // silence is part of the pause
    synth.resync(at(50ms));
    BOOST_TEST(next() == 1400U);
    synth.skip(1);
    BOOST_TEST(next() == 1560U);

    BOOST_REQUIRE(synth.stamp(at(60ms), {}, out)); // a new packet to go by
    synth.resync(at(160ms));
    BOOST_TEST(next() == 1560U + 800U);
}

BOOST_AUTO_TEST_CASE(resync_over_the_whole_range) {
    bytes out(12);
    packet_synth fast{UINT32_MAX, 1ms, {}};
    BOOST_REQUIRE(fast.stamp(time_point::min(), {}, out));
    fast.resync(time_point::max());
    BOOST_TEST(fast.next_position().timestamp == timestamp_of(uint128{UINT64_MAX} * UINT32_MAX));
    fast.resync(time_point::min());
    BOOST_TEST(fast.next_position().timestamp == 4294967U);

    packet_synth slow{1, 2147483h, {}}; // a step of 245 years
    BOOST_REQUIRE(slow.stamp({}, {}, out));
    slow.resync(time_point{1h});
    BOOST_TEST(slow.next_position().timestamp == static_cast<std::uint32_t>(2147483ULL * 3600));
}

BOOST_AUTO_TEST_CASE(a_batch_equals_single_calls) {
    std::mt19937_64 random{20};
    for (std::size_t count = 0; count != 40; ++count) {
        packet_synth one_by_one = made({44100, 7ms, {9, 8, 65520}}, static_cast<int>(count % 3));
        packet_synth at_once = one_by_one;
        const std::size_t stride = g711.packet_size() + count % 4 * 5;
        bytes singles = random_bytes(random, 40 * 200), batch = singles;
        const bytes media = random_bytes(random, count == 0 ? 0 : count * 160 - count % 170);
        for (std::size_t i = 0; i != count; ++i) {
            const auto rest = std::span{media}.subspan(std::min(i * 160, media.size()));
            const auto payload = rest.first(std::min<std::size_t>(160, rest.size()));
            const auto out = std::span{singles}.subspan(i * stride);
            BOOST_REQUIRE(one_by_one.write({}, g711, out, payload));
        }
        BOOST_TEST(at_once.write_batch({}, g711, count, stride, batch, media).value() == 172U);
        BOOST_TEST((singles == batch && one_by_one.next_position() == at_once.next_position()));
    }
}

BOOST_AUTO_TEST_CASE(random_calls_agree_with_the_model) {
    for (unsigned seed = 0; seed != 400; ++seed) {
        std::mt19937_64 random{seed};
        const auto below = [&](auto n) {
            return static_cast<decltype(n)>(random() % static_cast<std::uint64_t>(n));
        };
        const auto some = [&] { return 1 + below(std::array{50, 96'000, INT_MAX}[below(3U)]); };
        const auto time_below = [&](duration d) { return duration{below(d.count())}; };
        const auto origin =
            stream_origin::draw([&] { return static_cast<std::uint32_t>(random()); });
        const auto rate = static_cast<std::uint32_t>(some());
        const duration ptime =
            below(2) == 0 ? duration(std::chrono::milliseconds(some())) : duration(some());
        packet_synth synth{rate, ptime, origin};
        model expected{rate, ptime, origin};
        time_point now{};
        bytes out(800, 0x55), out_expected = out;
        const auto packets = [&] {
            const packet_format f{below(40U), static_cast<std::uint8_t>(below(128))};
            const bool left = below(2) == 0, batch = below(2) == 0;
            const std::size_t n = batch ? below(9U) : 1, size = f.payload_size;
            const std::size_t stride = f.packet_size() + below(3U) * below(20U);
            const bytes media = random_bytes(random, below(2U) * below(n * size + 1));
            for (std::size_t i = 0; i != n; ++i) {
                std::uint8_t* const p = &out_expected[i * stride];
                expected.stamp(now, f.payload_type, p);
                for (std::size_t j = 0; !left && j != size; ++j) {
                    p[12 + j] = i * size + j < media.size() ? media[i * size + j] : 0;
                }
            }
            const auto result = batch  ? left ? synth.stamp_batch(now, f, n, stride, out)
                                              : synth.write_batch(now, f, n, stride, out, media)
                                 : left ? synth.stamp(now, f, out)
                                       : synth.write(now, f, out, media);
            return result && *result == f.packet_size() && out == out_expected;
        };
        for (int call = 0; call != 300; ++call) {
            now += time_below(below(3) == 0 ? duration{100s} : duration{40ms});
            bool matches = true;
            if (const auto kind = below(6); kind == 0) {
                const std::size_t n =
                    static_cast<std::size_t>(below(2) == 0 ? below(5U) : random());
                synth.skip(n);
                expected.skip(n);
            } else if (kind == 1) {
                const bool marker = below(2) == 0;
                matches = synth.set_marker(marker) == std::exchange(expected.marker, marker);
            } else if (kind == 2) {
                const time_point when = now + time_below(1s) - 500ms;
                matches = synth.resync(when) == expected.position();
                expected.resync(when);
            } else {
                matches = packets();
            }
            BOOST_REQUIRE_MESSAGE(matches && synth.next_position() == expected.position(),
                                  "seed " << seed << ", call " << call);
        }
    }
}
