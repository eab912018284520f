// voice_stream: what strangers send to a call that is going on, and what is heard of it.
#include "own_clock.hpp"
#include "voice_tools.hpp"

#include <rtpsynth/rtcp/builder.hpp>
#include <rtpsynth/rtcp/packet.hpp>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <random>

namespace rtpsynth::asio_server {

std::ostream& operator<<(std::ostream& out, latch_policy policy) {
    return out << static_cast<int>(policy);
}

constexpr std::uint32_t alice = 7; // the phone's SSRC

/// A call with a phone that sends a level of 7932 every 20 ms. What is louder is a stranger's.
class attacked_call final {
public:
    static constexpr int loud = 20'000;

    explicit attacked_call(const std::function<void(voice_stream_options&)>& change = {}) {
        voice_stream_options o = silent_stream_to(phone.endpoint());
        o.channel.receive_buffer_size = 1 << 20;
        o.playout.initial_delay = 20ms;
        o.sender.idle = idle_policy::silence;
        o.on_audio = [this](voice_stream&, const audio_tick&, std::span<const std::int16_t> pcm) {
            for (const std::int16_t sample : pcm) peak_ = std::max(peak_, std::abs(int{sample}));
        };
        o.on_event = [this](voice_stream&, const voice_event& event) {
            events += text_of(event) + ";";
        };
        if (change) change(o);
        stream.emplace(server_, o);
    }
    ~attacked_call() {
        stream.reset();
        server_.poll();
    }

    /// For so many ticks, after each of whose packets \p attack is called.
    void run(unsigned ticks, const std::function<void()>& attack = {}) {
        for (unsigned tick = 0; tick != ticks; ++tick) {
            if (phone_sends) {
                phone.send_rtp(stream->local_endpoint(), seq++, alice);
                ++sent_;
            }
            if (attack) attack();
            for (int i = 0; i != 20; ++i) {
                own_clock::now += 1ms;
                std::this_thread::sleep_for(1100us);
                serve();
            }
        }
    }
    /// Until the stream has read all that was sent.
    void serve() {
        for (int tries = 0; tries != 10'000; ++tries) {
            server_.poll();
            if (stats().rtp.received == sent_) break;
            std::this_thread::sleep_for(100us);
        }
        server_.poll();
    }
    void send(plain_phone& from, std::span<const std::uint8_t> bytes) {
        from.send(bytes, stream->local_endpoint());
        ++sent_;
    }
    void send_loud(plain_phone& from, unsigned number, std::uint32_t ssrc) {
        std::array<std::uint8_t, rtp_header_size + 160> p{};
        p.fill(0x80);
        p[1] = 0;
        rtpsynth::detail::store_be16(&p[2], static_cast<std::uint16_t>(number));
        rtpsynth::detail::store_be32(&p[4], 160 * number);
        rtpsynth::detail::store_be32(&p[8], ssrc);
        send(from, p);
    }
    voice_stream_stats stats() const { return stream->stats(); }
    /// The loudest sample heard since the last call.
    int take_peak() { return std::exchange(peak_, 0); }
    bool replies_go_to(const plain_phone& p) const { return stream->peer() == p.endpoint(); }

    plain_phone phone, mallory;
    std::optional<voice_stream> stream;
    std::string events;
    bool phone_sends = true;
    unsigned seq = 100; // of the phone's next packet

private:
    rtp_server server_{caller_runs, immediate()};
    std::uint64_t sent_ = 0;
    int peak_ = 0;
};

void check_that_the_phone_is_heard(attacked_call& call) {
    call.take_peak();
    const auto before = call.stats().playout;
    call.run(10);
    const auto after = call.stats().playout;
    const int peak = call.take_peak();
    BOOST_TEST(peak > 4000);
    BOOST_TEST(peak < attacked_call::loud);
    BOOST_TEST(after.received - before.received == 10u);
    BOOST_TEST(after.ticks_of(playout_kind::concealed) == before.ticks_of(playout_kind::concealed));
    BOOST_TEST(call.replies_go_to(call.phone));
}

const auto policies =
    boost::unit_test::data::make({latch_policy::none, latch_policy::once, latch_policy::follow});

BOOST_AUTO_TEST_SUITE(voice_hostile)

BOOST_DATA_TEST_CASE(packets_of_random_sources_are_not_heard, policies, policy) {
    attacked_call call{[policy](voice_stream_options& o) { o.latch.latch = policy; }};
    call.run(10);
    const auto before = call.stats();
    call.take_peak();
    std::mt19937 random{1};
    call.run(20, [&] {
        for (int i = 0; i != 50; ++i)
            call.send_loud(call.mallory, static_cast<unsigned>(random()),
                           static_cast<std::uint32_t>(random()) | 0x100);
    });
    BOOST_TEST(call.take_peak() < attacked_call::loud);
    const auto after = call.stats();
    BOOST_TEST(after.playout.received - before.playout.received == 20u);
    // Each is counted once.
    const bool latches = policy != latch_policy::none;
    BOOST_TEST(after.not_played - before.not_played == (latches ? 0u : 1000u));
    BOOST_TEST(after.latch.rejected - before.latch.rejected == (latches ? 1000u : 0u));
    check_that_the_phone_is_heard(call);
    BOOST_TEST(call.events == "first 7;");
}

BOOST_DATA_TEST_CASE(packets_of_the_guessed_source_are_not_heard, policies, policy) {
    attacked_call call{[policy](voice_stream_options& o) { o.latch.latch = policy; }};
    call.run(10);
    const auto before = call.stats();
    call.take_peak();
    std::mt19937 random{2};
    call.run(20, [&] {
        for (int i = 0; i != 50; ++i)
            call.send_loud(call.mallory, static_cast<unsigned>(random()), alice);
    });
    BOOST_TEST(call.take_peak() < attacked_call::loud);
    const auto after = call.stats();
    BOOST_TEST(after.playout.received - before.playout.received == 20u);
    if (policy == latch_policy::none)
        BOOST_TEST(after.session.rtp_conflicts - before.session.rtp_conflicts == 1000u);
    else
        BOOST_TEST(after.latch.rejected - before.latch.rejected == 1000u);
    check_that_the_phone_is_heard(call);
    BOOST_TEST(call.events == "first 7;");
}

// With our own SSRC, which is in every packet that we send: ours changes once in 5 s.
BOOST_AUTO_TEST_CASE(our_own_ssrc_does_not_silence_us) {
    attacked_call call{[](voice_stream_options& o) { o.session.ssrc = 77; }};
    call.run(10);
    call.run(10, [&] {
        for (unsigned i = 0; i != 20; ++i) call.send_loud(call.mallory, i, 77);
    });
    const auto s = call.stats();
    BOOST_TEST(s.session.collisions == 1u);
    BOOST_TEST(s.session.collisions + s.session.looped + s.not_played == 200u);
    const auto sent = s.rtp.sent;
    check_that_the_phone_is_heard(call);
    BOOST_TEST(call.stats().rtp.sent - sent >= 10u);
}

// Sources that are valid, and then many that are not: those that have room do not take the phone's.
BOOST_AUTO_TEST_CASE(made_up_sources_are_bounded_and_not_heard) {
    attacked_call call;
    call.run(10);
    const auto before = call.stats();
    call.take_peak();
    std::uint32_t ssrc = 0x4000'0000;
    call.run(20, [&] {
        for (int i = 0; i != 250; ++i, ++ssrc) {
            call.send_loud(call.mallory, 1, ssrc);
            call.send_loud(call.mallory, 2, ssrc);
            if (i % 25 == 24) call.serve(); // so that the socket's buffer is large enough
        }
    });
    BOOST_TEST(call.take_peak() < attacked_call::loud);
    const auto after = call.stats();
    BOOST_TEST(after.playout.received - before.playout.received == 20u);
    BOOST_TEST(after.session.rtp_refused == 5000u - (rtp_session_options{}.max_sources - 1));
    BOOST_TEST(after.session.rtp_probation - before.session.rtp_probation == 5000u);
    check_that_the_phone_is_heard(call);
    BOOST_TEST(call.events == "first 7;");
}

BOOST_AUTO_TEST_CASE(a_hijacker_who_sends_before_the_phone_loses_the_call_to_it) {
    for (const latch_policy policy : {latch_policy::once, latch_policy::follow}) {
        attacked_call call{[policy](voice_stream_options& o) { o.latch.latch = policy; }};
        call.phone_sends = false;
        unsigned number = 1000;
        const auto hijack = [&] { call.send_loud(call.mallory, number++, 9); };
        call.run(10, hijack);
        BOOST_TEST(call.take_peak() > attacked_call::loud); // nobody else is there to be heard
        BOOST_TEST(call.replies_go_to(call.mallory));
        call.phone_sends = true;
        call.run(10, hijack);
        BOOST_TEST(call.replies_go_to(call.phone));
        call.take_peak();
        const auto before = call.stats();
        call.run(10, hijack);
        const auto after = call.stats();
        BOOST_TEST(after.latch.rejected - before.latch.rejected == 10u);
        BOOST_TEST(after.playout.received - before.playout.received == 10u);
        BOOST_TEST(call.take_peak() < attacked_call::loud);
        check_that_the_phone_is_heard(call);
        BOOST_TEST(call.events == "first 9;changed 7;");
    }
}

// Who copies what the phone sends, from elsewhere: neither heard twice nor followed.
BOOST_AUTO_TEST_CASE(copies_of_the_phones_packets_move_nothing) {
    attacked_call call{[](voice_stream_options& o) { o.latch.latch = latch_policy::follow; }};
    call.run(10);
    call.take_peak();
    call.run(20, [&] {
        for (int i = 0; i != 3; ++i) call.send_loud(call.mallory, call.seq - 1, alice);
    });
    BOOST_TEST(call.take_peak() < attacked_call::loud);
    check_that_the_phone_is_heard(call);
    BOOST_TEST(call.stats().latch.latched == 1u);
    BOOST_TEST(call.stats().latch.rejected == 60u);
}

// A phone whose NAT gives it another port goes on.
BOOST_AUTO_TEST_CASE(a_nat_that_moves_is_followed_and_a_stranger_meanwhile_is_not) {
    attacked_call call{[](voice_stream_options& o) { o.latch.latch = latch_policy::follow; }};
    call.run(10);
    call.phone_sends = false;
    call.take_peak();
    plain_phone moved;
    unsigned number = 1000;
    const auto before = call.stats();
    call.run(20, [&] {
        std::array<std::uint8_t, rtp_header_size + 160> p{};
        p.fill(0xa0);
        p[0] = 0x80;
        p[1] = 0;
        rtpsynth::detail::store_be16(&p[2], static_cast<std::uint16_t>(call.seq));
        rtpsynth::detail::store_be32(&p[4], 160 * call.seq++);
        rtpsynth::detail::store_be32(&p[8], alice);
        call.send(moved, p);
        call.send_loud(call.mallory, number++, 9);
    });
    const auto after = call.stats();
    BOOST_TEST(call.replies_go_to(moved));
    BOOST_TEST(after.playout.received - before.playout.received == 20u);
    BOOST_TEST(after.latch.rejected - before.latch.rejected == 20u);
    const int peak = call.take_peak();
    BOOST_TEST(peak > 4000);
    BOOST_TEST(peak < attacked_call::loud);
    BOOST_TEST(call.events == "first 7;changed 7;");
}

BOOST_AUTO_TEST_CASE(reports_that_lie_are_not_believed) {
    attacked_call call{[](voice_stream_options& o) {
        o.latch.latch = latch_policy::once;
        o.session.bandwidth = 1e8;
        o.session.reduced_minimum = true;
    }};
    call.run(10);
    std::optional<std::uint32_t> ours, last_sr;
    // Without waiting: the clock stands still.
    for (auto bytes = call.phone.receive(-1ms); !bytes.empty(); bytes = call.phone.receive(-1ms)) {
        const auto compound = rtcp_compound_view::parse(bytes);
        const auto report = compound ? rtcp_report_view::parse(*compound->begin())
                                     : result<rtcp_report_view>{compound.error()};
        if (!report || !report->sender()) continue;
        ours = report->ssrc();
        last_sr = report->sender()->ntp.compact();
    }
    BOOST_REQUIRE(last_sr.has_value());
    const auto report = [&](plain_phone& from, const report_block& block) {
        std::array<std::uint8_t, 100> storage;
        rtcp_builder builder{storage};
        builder.add_receiver_report(alice, {&block, 1}).value();
        call.send(from, builder.bytes());
        call.serve();
    };
    report_block block;
    block.ssrc = *ours;
    block.last_sr = *last_sr;
    block.delay_since_last_sr = 60 * 65536; // a minute, in a call of less than a second
    report(call.phone, block);
    BOOST_TEST(call.stats().session.unbelieved_reports == 1u);
    block.delay_since_last_sr = 0;
    block.cumulative_lost = 0x7fffff; // more than we have sent
    report(call.phone, block);
    BOOST_TEST(call.stats().session.unbelieved_reports == 2u);
    BOOST_TEST(!call.stats().round_trip_time.has_value());
    block.cumulative_lost = 1;
    report(call.phone, block);
    const auto round_trip = call.stats().round_trip_time;
    BOOST_REQUIRE(round_trip.has_value());
    BOOST_TEST((*round_trip < 1s));
    BOOST_TEST(call.stats().session.unbelieved_reports == 2u);
    check_that_the_phone_is_heard(call);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace rtpsynth::asio_server
