// Two sessions on a link that loses, delays and reorders packets, with clocks that differ: what
// their reports say is true.
#include "session_tools.hpp"

#include <array>
#include <map>
#include <random>
#include <utility>

using namespace rtpsynth;
using namespace rtpsynth::test;
using namespace std::chrono_literals;
namespace tt = boost::test_tools;

namespace {

struct link_options {
    double loss = 0;
    duration delay = 40ms;
    duration jitter = 0ms; // uniform, on top of the delay
};

// One end: its clock runs `ppm` fast and began at another time, and so did its wall clock.
struct end {
    rtp_session session;
    link_options out;
    double ppm;
    duration offset;
    std::chrono::nanoseconds wall_offset;
    std::uint32_t seq = 0;
    std::uint64_t lost = 0;

    time_point local(time_point t) const {
        const double drift = static_cast<double>((t - t0).count()) * ppm / 1e6;
        return t + offset + duration{static_cast<std::int64_t>(drift)};
    }
    ntp_time wall(time_point t) const {
        return ntp_time::from_unix(local(t).time_since_epoch() + wall_offset);
    }
};

end make_end(const char* name, std::uint64_t seed, link_options out, double ppm, duration offset) {
    rtp_session_options o;
    o.cname = name;
    return {rtp_session(o, seed), out, ppm, offset, 1'700'000'000s + offset * 7};
}

class connection {
public:
    connection(end a, end b) : ends_{std::move(a), std::move(b)} {}

    end& operator[](std::size_t i) { return ends_[i]; }

    void run(duration d) {
        for (const time_point until = now_ + d; now_ < until; now_ += 1ms) {
            for (std::size_t i = 0; i < 2; ++i) tick(i);
            while (!flying_.empty() && flying_.begin()->first <= now_) {
                auto node = flying_.extract(flying_.begin());
                arrive(node.mapped(), node.key());
            }
        }
    }

private:
    struct flight {
        std::size_t to;
        bytes data;
        bool rtcp;
    };

    void tick(std::size_t i) {
        end& e = ends_[i];
        const time_point local = e.local(now_);
        if ((now_ - t0) % 20ms == 0ms) {
            const rtp_datagram d(e.session.ssrc(), static_cast<std::uint16_t>(e.seq), e.seq * 160);
            ++e.seq;
            e.session.sent(d.view(), local);
            e.lost += !send(i, d.data, false);
        }
        if (local >= e.session.next_rtcp()) {
            bytes storage(1500);
            const auto report = e.session.make_rtcp(local, e.wall(now_), storage).value();
            if (!report.empty()) send(i, bytes(report.begin(), report.end()), true);
        }
    }
    bool send(std::size_t from, bytes data, bool rtcp) {
        const link_options& out = ends_[from].out;
        std::uniform_real_distribution<> uniform(0, 1);
        if (uniform(random_) < out.loss) return false;
        const auto more =
            static_cast<std::int64_t>(static_cast<double>(out.jitter.count()) * uniform(random_));
        flying_.emplace(now_ + out.delay + duration{more}, flight{1 - from, std::move(data), rtcp});
        return true;
    }
    void arrive(const flight& f, time_point at) {
        end& e = ends_[f.to];
        if (f.rtcp)
            e.session.receive_rtcp(f.data, e.local(at), 1 + f.to);
        else
            e.session.receive_rtp(rtp_packet_view::parse(f.data).value(), e.local(at), 1 + f.to);
    }

    std::array<end, 2> ends_;
    std::multimap<time_point, flight> flying_;
    time_point now_ = t0;
    std::mt19937 random_{1};
};

const rtp_source& peer_of(const end& e, const end& other) {
    const rtp_source* s = e.session.find(other.session.ssrc());
    BOOST_REQUIRE(s != nullptr);
    return *s;
}

} // namespace

BOOST_AUTO_TEST_CASE(loss_jitter_and_round_trip_time_are_those_of_the_link) {
    const link_options there{0.02, 40ms, 0ms}, back{0.10, 70ms, 16ms};
    connection l(make_end("a@example.net", 1, there, 300, 17h),
                 make_end("b@example.net", 2, back, -200, 90s));
    l.run(600s);
    const rtp_source& b_at_a = peer_of(l[0], l[1]);
    const rtp_source& a_at_b = peer_of(l[1], l[0]);
    BOOST_TEST(b_at_a.cname() == "b@example.net");
    BOOST_TEST(a_at_b.cname() == "a@example.net");

    // What each end saw is what the link did to the other's packets.
    BOOST_TEST(static_cast<double>(b_at_a.reception().missing()) == static_cast<double>(l[1].lost),
               tt::tolerance(0.01));
    BOOST_TEST(static_cast<double>(a_at_b.reception().missing()) == static_cast<double>(l[0].lost),
               tt::tolerance(0.01));
    // And it is what the other end was told, within what has happened since the last report.
    BOOST_REQUIRE(a_at_b.report().has_value());
    BOOST_REQUIRE(b_at_a.report().has_value());
    BOOST_TEST(b_at_a.report()->block.cumulative_lost == static_cast<double>(l[0].lost),
               tt::tolerance(0.05));
    BOOST_TEST(a_at_b.report()->block.cumulative_lost == static_cast<double>(l[1].lost),
               tt::tolerance(0.05));

    // Delays are uniform over 16 ms, and the mean difference of two is a third of it.
    BOOST_TEST(b_at_a.reception().mean_jitter_ms() == 16.0 / 3, tt::tolerance(0.05));
    BOOST_TEST(b_at_a.reception().jitter_packets() > 20'000U);
    BOOST_TEST(a_at_b.reception().mean_jitter_ms() < 0.1);

    // 40 ms there, and 70 to 86 back.
    const double least = 110e6 * 0.95, most = 126e6 * 1.05;
    for (const rtp_source* s : {&a_at_b, &b_at_a}) {
        const auto round_trip = s->report()->round_trip_time;
        BOOST_REQUIRE(round_trip.has_value());
        BOOST_TEST(static_cast<double>(round_trip->count()) > least);
        BOOST_TEST(static_cast<double>(round_trip->count()) < most);
    }
    for (std::size_t i = 0; i < 2; ++i) {
        BOOST_TEST(l[i].session.stats().unbelieved_reports == 0U);
        BOOST_TEST(l[i].session.stats().rtp_conflicts == 0U);
        BOOST_TEST(l[i].session.stats().rtcp_conflicts == 0U);
        BOOST_TEST(l[i].session.stats().collisions == 0U);
        BOOST_TEST(l[i].session.stats().rtcp_sent > 100U);
        BOOST_TEST(l[i].session.stats().rtcp_sent < 140U);
    }
}

BOOST_AUTO_TEST_CASE(round_trip_times_are_exact_on_a_link_of_constant_delay) {
    for (const duration delay : {duration{1ms}, duration{25ms}, duration{400ms}, duration{3s}}) {
        connection l(make_end("a@example.net", 3, {0, delay, 0ms}, 0, 1h),
                     make_end("b@example.net", 4, {0, 2 * delay, 0ms}, 0, -1h));
        l.run(60s);
        const auto expected = static_cast<double>((3 * delay).count());
        for (std::size_t i = 0; i < 2; ++i) {
            const auto& report = peer_of(l[i], l[1 - i]).report();
            BOOST_REQUIRE(report.has_value());
            BOOST_REQUIRE(report->round_trip_time.has_value());
            BOOST_TEST(static_cast<double>(report->round_trip_time->count()) == expected,
                       tt::tolerance(0.01));
        }
    }
}

// The wall clock may be set at any time: round trip times are by the monotonic one.
BOOST_AUTO_TEST_CASE(a_wall_clock_that_is_set_does_not_change_round_trip_times) {
    connection l(make_end("a@example.net", 5, {0, 30ms, 0ms}, 0, 1h),
                 make_end("b@example.net", 6, {0, 30ms, 0ms}, 0, 2h));
    l.run(30s);
    l[0].wall_offset -= 3h;
    for (int i = 0; i < 12; ++i) {
        l.run(1s);
        const auto& report = peer_of(l[0], l[1]).report();
        BOOST_TEST(static_cast<double>(report->round_trip_time.value().count()) == 60e6,
                   tt::tolerance(0.01));
    }
    BOOST_TEST(l[0].session.stats().unbelieved_reports == 0U);
}

// §6.4.1: NTP and RTP timestamps of a sender report tell the source's clock.
BOOST_AUTO_TEST_CASE(sender_reports_tell_the_clock_of_the_source) {
    connection l(make_end("a@example.net", 7, {}, 500, 1h),
                 make_end("b@example.net", 8, {}, 0, 2h));
    l.run(10s);
    const auto first = peer_of(l[1], l[0]).sender_report().value();
    l.run(300s);
    const auto last = peer_of(l[1], l[0]).sender_report().value();
    const double units = last.info.rtp_timestamp - first.info.rtp_timestamp;
    const double wall =
        static_cast<double>((last.info.ntp.unix_time() - first.info.ntp.unix_time()).count()) / 1e9;
    // Its packets are 20 ms of true time apart; its clocks are 500 ppm fast.
    BOOST_TEST(units / wall == 8000 / 1.0005, tt::tolerance(1e-4));
    const double arrivals = static_cast<double>((last.arrival - first.arrival).count()) / 1e9;
    BOOST_TEST(units / arrivals == 8000.0, tt::tolerance(1e-4));
}
