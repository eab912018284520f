// When RTCP is sent (RFC 3550 §6.2, §6.3, A.7): bounds and means of the intervals, as a caller with
// one timer sees them.
#include "session_tools.hpp"

#include <algorithm>

using namespace rtpsynth;
using namespace rtpsynth::test;
using namespace std::chrono_literals;
namespace tt = boost::test_tools;

namespace {

constexpr double compensation = 1.21828;

double seconds(duration d) { return static_cast<double>(d.count()) / 1e9; }

// A participant among others who answer each of its reports, so that they do not time out, with a
// compound of `size` bytes.
class crowd {
public:
    crowd(const rtp_session_options& o, std::uint64_t seed, std::size_t receivers,
          std::size_t senders, bool we_send)
        : us(o, seed), receivers_(receivers), senders_(senders), we_send_(we_send) {
        us.join(now);
        speak();
    }

    void speak() {
        ++seq_;
        for (std::uint32_t i = 0; i < receivers_ + senders_; ++i) {
            compound_of(1000 + i).cname("someone@example.net").to(us, now);
            if (i < senders_) {
                give(us, 1000 + i, 2 * seq_, now);
                give(us, 1000 + i, 2 * seq_ + 1, now);
            }
        }
        if (we_send_) us.sent(seq_ * 160, 160, now);
    }

    // From one report to the next.
    double interval() {
        const time_point begin = now;
        next_report(us, now);
        speak();
        return seconds(now - begin);
    }

    rtp_session us;
    time_point now = t0;

private:
    std::size_t receivers_;
    std::size_t senders_;
    bool we_send_;
    unsigned seq_ = 0;
};

struct summary {
    double least = 1e9, most = 0, mean = 0;
};

summary intervals(crowd& c, int count) {
    summary s;
    for (int i = 0; i < count; ++i) {
        const double v = c.interval();
        s.least = std::min(s.least, v);
        s.most = std::max(s.most, v);
        s.mean += v / count;
    }
    return s;
}

rtp_session_options large_group() {
    rtp_session_options o = options_of_us();
    o.max_members = 100'000;
    o.max_sources = 64;
    return o;
}

} // namespace

// §6.3.1: half of the minimum at first.
BOOST_AUTO_TEST_CASE(the_first_report_comes_after_half_the_minimum) {
    double mean = 0, least = 1e9, most = 0;
    constexpr int count = 2000;
    for (int seed = 0; seed < count; ++seed) {
        rtp_session s(options_of_us(), static_cast<std::uint64_t>(seed));
        s.join(t0);
        time_point now = t0;
        next_report(s, now);
        const double v = seconds(now - t0);
        mean += v / count;
        least = std::min(least, v);
        most = std::max(most, v);
    }
    BOOST_TEST(least >= 2.5 * 0.5 / compensation);
    BOOST_TEST(most <= 2.5 * 1.5 / compensation);
    // Reconsideration makes of the uniform distribution one with a mean of (e - 3/2) times the
    // interval, which the compensation divides by.
    BOOST_TEST(mean == 2.5, tt::tolerance(0.02));
}

BOOST_AUTO_TEST_CASE(two_participants_report_every_five_seconds) {
    for (const bool we_send : {false, true}) {
        crowd c(options_of_us(), 7, 0, 1, we_send);
        c.interval(); // the first
        const summary s = intervals(c, 3000);
        BOOST_TEST(s.least >= 5 * 0.5 / compensation);
        BOOST_TEST(s.most <= 5 * 1.5 / compensation);
        BOOST_TEST(s.mean == 5.0, tt::tolerance(0.02));
    }
}

// §6.2: 360 s over the bandwidth in kbit/s.
BOOST_AUTO_TEST_CASE(the_reduced_minimum_depends_on_the_bandwidth) {
    for (const double kilobits : {64.0, 72.0, 360.0, 3600.0}) {
        rtp_session_options o = options_of_us();
        o.reduced_minimum = true;
        o.bandwidth = kilobits * 1000;
        crowd c(o, 3, 0, 1, true);
        c.interval();
        BOOST_TEST(intervals(c, 2000).mean == std::min(5.0, 360 / kilobits), tt::tolerance(0.03));
    }
}

// §6.2: three quarters of the bandwidth for receivers, a quarter for senders, while at most a
// quarter of the members send.
BOOST_AUTO_TEST_CASE(receivers_and_senders_share_the_bandwidth) {
    rtp_session_options o = large_group();
    o.bandwidth = 4'000'000;
    o.header_size = 4000; // beside which the blocks of our own reports do not matter
    constexpr double size = 4036;
    constexpr double bandwidth = 4'000'000 / 8 * 0.05; // bytes per second
    struct {
        std::size_t receivers, senders; // others
        bool we_send;
        double share, sharers;
    } const cases[] = {
        {999, 0, false, 0.75, 1000},                         // nobody sends
        {989, 10, false, 0.75, 990},                         // a receiver among 10 senders
        {990, 9, true, 0.25, 10},                            // a sender, with 9 others
        {960, 39, true, 0.25, 40},   {40, 19, false, 1, 60}, // a third sends: all are equal
    };
    for (const auto& k : cases) {
        crowd c(o, 11, k.receivers, k.senders, k.we_send);
        for (int i = 0; i < 20; ++i) c.interval(); // the average size settles
        const double expected = std::max(5.0, size * k.sharers / (bandwidth * k.share));
        BOOST_TEST_CONTEXT(k.receivers << " receivers, " << k.senders << " senders")
        BOOST_TEST(intervals(c, 300).mean == expected, tt::tolerance(0.06));
    }
}

// §6.3.6: when many join, those who wait wait longer.
BOOST_AUTO_TEST_CASE(newcomers_put_a_report_off) {
    rtp_session s(large_group(), 1);
    s.join(t0);
    const time_point first = s.next_rtcp();
    for (std::uint32_t i = 0; i < 1000; ++i)
        compound_of(1000 + i).cname("someone@example.net").to(s, t0 + 100ms);
    BOOST_TEST(s.members() == 1001U);
    BOOST_TEST(s.next_rtcp() == first); // the timer is left alone until it expires
    BOOST_TEST(report_of(s, first).size == 0U);
    const double due = seconds(s.next_rtcp() - t0);
    const double interval = 64.0 * 1001 / (400 * 0.75);
    BOOST_TEST(due >= interval * 0.5 / compensation);
    BOOST_TEST(due <= interval * 1.5 / compensation * 1.05);
}

// §6.3.4: when many leave, those who remain wait no longer than before.
BOOST_AUTO_TEST_CASE(byes_bring_a_report_forward) {
    for (const std::size_t sources : {1U, 2000U}) { // the others are only counted
        rtp_session_options o = large_group();
        o.max_sources = sources;
        rtp_session s(o, 1);
        s.join(t0);
        for (std::uint32_t i = 0; i < 1000; ++i)
            compound_of(1000 + i).cname("someone@example.net").to(s, t0 + 100ms);
        const time_point begin = s.next_rtcp();
        BOOST_TEST(report_of(s, begin).size == 0U);
        const time_point before = s.next_rtcp();
        for (std::uint32_t i = 0; i < 900; ++i)
            compound_of(1000 + i).cname("someone@example.net").bye().to(s, begin);
        BOOST_TEST(s.members() == 101U);
        const double ratio = seconds(s.next_rtcp() - begin) / seconds(before - begin);
        BOOST_TEST(ratio == 101.0 / 1001, tt::tolerance(0.01));
        BOOST_TEST(s.stats().sources_left == std::min<std::size_t>(sources, 900));
    }
}

// §6.3.5: so do those who time out.
BOOST_AUTO_TEST_CASE(time_outs_are_reconsidered) {
    rtp_session s(large_group(), 1);
    s.join(t0);
    for (std::uint32_t i = 0; i < 1000; ++i)
        compound_of(1000 + i).cname("someone@example.net").to(s, t0 + 100ms);
    time_point now = t0;
    while (s.members() > 1) {
        now = s.next_rtcp();
        const compound_read r = report_of(s, now);
        if (s.members() == 1U) BOOST_TEST(r.size == 0U); // put off, but not for long
    }
    BOOST_TEST(seconds(s.next_rtcp() - now) <= 5 * 1.5 / compensation);
}

// §6.3.7
BOOST_AUTO_TEST_CASE(in_a_large_session_a_bye_waits) {
    for (const std::size_t others : {49U, 50U}) {
        crowd c(large_group(), 5, others, 0, true);
        BOOST_TEST(c.us.members() == others + 1);
        c.us.leave(c.now);
        if (others == 49) {
            BOOST_TEST(c.us.next_rtcp() == c.now);
            BOOST_TEST(report_of(c.us, c.now).byes.size() == 1U);
            continue;
        }
        // The interval of a session that has one member, whose first packet it is.
        const double wait = seconds(c.us.next_rtcp() - c.now);
        BOOST_TEST(wait >= 2.5 * 0.5 / compensation);
        BOOST_TEST(wait <= 2.5 * 1.5 / compensation);
        // It goes on by those who leave at the same time, and by nobody else.
        const time_point due = c.us.next_rtcp();
        for (std::uint32_t i = 0; i < 49; ++i)
            compound_of(5000 + i).cname("another@example.net").to(c.us, c.now);
        BOOST_TEST(c.us.next_rtcp() == due);
        time_point now = c.now;
        const compound_read r = next_report(c.us, now);
        BOOST_TEST(r.byes.size() == 1U);
        BOOST_TEST(seconds(now - c.now) <= 2.5 * 1.5 / compensation);
    }
}

BOOST_AUTO_TEST_CASE(a_bye_among_many_waits_its_turn) {
    for (const std::size_t sources : {64U, 3000U}) {
        rtp_session_options o = large_group();
        o.max_sources = sources;
        crowd c(o, 5, 2000, 0, true);
        c.us.leave(c.now);
        const time_point begin = c.now;
        for (std::uint32_t i = 0; i < 2000; ++i)
            compound_of(1000 + i).cname("someone@example.net").bye().to(c.us, begin);
        time_point now = begin;
        next_report(c.us, now);
        // 2001 packets of about 72 bytes share three quarters of 400 bytes per second.
        BOOST_TEST(seconds(now - begin) >= 2001 * 68 / 300.0 * 0.5 / compensation);
    }
}

// §6.3.7: from leaving on, sizes are those of BYEs.
BOOST_AUTO_TEST_CASE(reports_do_not_put_a_bye_off) {
    rtp_session_options o = large_group();
    o.bandwidth = 1000;
    const std::string long_name(255, 'x');
    double waits[2];
    for (const bool reports : {false, true}) {
        rtp_session s(o, 1);
        s.sent(0, 160, t0);
        for (std::uint32_t i = 0; i < 100; ++i) compound_of(1000 + i).cname(long_name).to(s, t0);
        s.leave(t0);
        for (std::uint32_t i = 0; reports && i < 100; ++i)
            compound_of(1000 + i).cname(long_name).to(s, t0);
        time_point now = t0;
        const compound_read r = next_report(s, now);
        BOOST_TEST(r.byes.size() == 1U);
        waits[reports] = seconds(now - t0);
        const double interval = (28.0 + 28 + 28 + 8) / (6.25 * 0.75);
        BOOST_TEST(waits[reports] <= interval * 1.5 / compensation);
        BOOST_TEST(waits[reports] >= interval * 0.5 / compensation);
    }
    BOOST_TEST(waits[0] == waits[1]);
}

// §6.2: sizes are those of whole datagrams, with what is below RTCP.
BOOST_AUTO_TEST_CASE(larger_packets_make_longer_intervals) {
    const auto mean = [](std::size_t header_size) {
        rtp_session_options o = large_group();
        o.header_size = header_size;
        crowd c(o, 9, 400, 0, false);
        for (int i = 0; i < 20; ++i) c.interval();
        return intervals(c, 300).mean;
    };
    BOOST_TEST(mean(228) / mean(28) == (228 + 36.0) / (28 + 36), tt::tolerance(0.1));
}
