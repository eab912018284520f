// RTP sessions of many participants in virtual time: how often they send RTCP, how much of the
// bandwidth it takes, what happens when many join or leave at once, and whether all of them know
// how many they are (RFC 3550 §6.2, §6.3).
//
//     session_simulation [first seed] [seeds] [most members]
//     session_simulation members [members] [seed]
//
// A seed that fails is printed as the line that runs it again.
#include "conference.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace {

using namespace simulation;

struct wrong : std::runtime_error {
    using std::runtime_error::runtime_error;
};

void require(bool ok, const char* what, double is, double limit) {
    if (ok) return;
    char text[200];
    std::snprintf(text, sizeof text, "%s: %g, and the limit is %g", what, is, limit);
    throw wrong(text);
}

duration from_seconds(double s) { return duration{static_cast<std::int64_t>(s * 1e9)}; }

// Intervals as §6.3.1 defines them, written down once more.
struct intervals {
    double minimum;
    std::array<double, 2> expected; // of senders, of others

    intervals(const conference_options& o, std::size_t members, std::size_t senders, double size) {
        minimum = o.reduced_minimum ? std::min(5.0, 360'000 / o.bandwidth) : 5.0;
        const double bandwidth = o.bandwidth / 8 * 0.05;
        const auto n = static_cast<double>(members), s = static_cast<double>(senders);
        const bool shared = 4 * senders > members;
        expected[0] = shared ? n * size / bandwidth : s * size / (bandwidth / 4);
        expected[1] = shared ? n * size / bandwidth : (n - s) * size / (bandwidth * 3 / 4);
        for (double& e : expected) e = std::max(e, minimum);
    }
    double longest() const { return std::max(expected[0], expected[1]); }
};

// The relative mean of all intervals of all sessions, by kind, and their number.
struct totals {
    std::array<double, 2> sum{};
    std::array<std::uint64_t, 2> count{};
};

constexpr double shortest_factor = 0.5 / 1.21828;
// Deviation of an interval, over its mean: less than that of a uniform distribution.
constexpr double deviation = 0.3;
double tolerance(std::uint64_t samples) {
    return 0.04 +
           5 * deviation / std::sqrt(static_cast<double>(std::max<std::uint64_t>(samples, 1)));
}

// Returns the share of the bandwidth meant for RTCP.
double check_steady(conference& c, const conference_options& o, std::size_t members,
                    std::size_t senders, int count, totals* all) {
    const traffic first = c.take();
    const double guess =
        first.packets == 0 ? 100.0
                           : static_cast<double>(first.bytes) / static_cast<double>(first.packets);
    const double time = count * intervals(o, members, senders, guess).longest();
    c.run(from_seconds(time));
    const traffic t = c.take();
    require(t.packets > 0, "packets", 0, 1);
    const double size = static_cast<double>(t.bytes) / static_cast<double>(t.packets);
    const intervals want(o, members, senders, size);
    require(t.shortest >= want.minimum * shortest_factor * 0.999, "shortest interval", t.shortest,
            want.minimum * shortest_factor);
    for (std::size_t kind = 0; kind < 2; ++kind) {
        // Short ones are more often complete within the time than long ones: only many tell.
        if (t.intervals[kind] < 50) continue;
        const double mean = t.seconds[kind] / static_cast<double>(t.intervals[kind]);
        const double relative = mean / want.expected[kind];
        require(std::abs(relative - 1) < tolerance(t.intervals[kind]), "mean interval", mean,
                want.expected[kind]);
        if (all == nullptr) continue;
        all->sum[kind] += relative * static_cast<double>(t.intervals[kind]);
        all->count[kind] += t.intervals[kind];
    }
    const double share = static_cast<double>(t.bytes) / time / (o.bandwidth / 8 * 0.05);
    require(share < 1 + tolerance(t.packets), "share of RTCP's bandwidth", share,
            1 + tolerance(t.packets));
    return share;
}

// What the first \p count participants know.
void check_members(const conference& c, std::size_t count, std::size_t members, std::size_t senders,
                   const char* when) {
    for (std::size_t i = 0; i < count; ++i) {
        const rtp_session& s = c[i];
        const std::string text = std::string(when) + ", participant " + std::to_string(i);
        require(s.members() == members, (text + ": members").c_str(),
                static_cast<double>(s.members()), static_cast<double>(members));
        require(s.senders() == senders, (text + ": senders").c_str(),
                static_cast<double>(s.senders()), static_cast<double>(senders));
    }
}

// They join, report, some leave at once, and the others go on.
void session(std::uint64_t seed, const conference_options& o, int count, std::size_t leaving,
             totals* all) {
    conference c(o, seed);
    const double size = 92 + 24 * static_cast<double>(std::min<std::size_t>(o.senders, 31));
    const intervals initial(o, o.members, o.senders, size);
    // Until all have been heard: the first reports are put off as more are heard (§6.3.6).
    c.run(o.join_within + from_seconds(4 * initial.longest() + 10));
    if (o.loss == 0) check_members(c, o.members, o.members, o.senders, "after joining");
    check_steady(c, o, o.members, o.senders, count, all);

    // The last leave: receivers, and then senders.
    const std::size_t rest = o.members - leaving;
    const std::size_t senders = std::min(o.senders, rest);
    for (std::size_t i = rest; i < o.members; ++i) c.leave(i);
    c.run(1ms);
    const traffic at_once = c.take();
    if (o.members > 50)
        require(at_once.byes <= leaving / 10 + 1, "BYEs at once", static_cast<double>(at_once.byes),
                static_cast<double>(leaving) / 10 + 1);
    // Half the minimum, or the time that so many packets take.
    const double wait = 10 + 4 * static_cast<double>(leaving) * size / (o.bandwidth / 8 * 0.05);
    c.run(from_seconds(wait));
    for (std::size_t i = rest; i < o.members; ++i)
        require(c.has_left(i), "BYEs not sent after s", wait, wait);
    if (o.loss != 0) return;
    c.run(12s + from_seconds(2 * initial.longest())); // until those who left are no senders
    if (rest == 0) return;
    // Some may have timed out, as the interval is shorter now than those that are under way
    // (§6.3.4). They are back once they have reported.
    c.run(from_seconds(4 * intervals(o, rest, senders, size).longest()));
    check_members(c, rest, rest, senders, "after leaving");
    check_steady(c, o, rest, senders, count, all);
    check_members(c, rest, rest, senders, "at the end");
}

void random_session(std::uint64_t seed, std::size_t most, totals& all) {
    detail::random_sequence random(seed);
    const auto upto = [&](std::size_t n) {
        return static_cast<std::size_t>(random.unit() * static_cast<double>(n + 1));
    };
    conference_options o;
    const double kind = random.unit();
    o.members = 2 + (kind < 0.9 ? upto(14) : kind < 0.999 ? upto(100) : upto(600));
    o.members = std::min(o.members, most);
    o.senders = std::min(random.unit() < 0.5 ? upto(2) : upto(o.members), o.members);
    o.senders = std::min<std::size_t>(o.senders, 32); // so many have statistics
    o.bandwidth = 16'000 * std::exp2(random.unit() * 7);
    o.reduced_minimum = random.unit() < 0.3;
    o.loss = random.unit() < 0.2 ? 0.05 * random.unit() : 0;
    if (random.unit() < 0.5) o.join_within = from_seconds(20 * random.unit());
    const std::size_t leaving = upto(o.members);
    session(seed, o, o.members > 100 ? 6 : 20, leaving, &all);
}

// One large session, all of whose members join within a second; what they send in the meantime.
void large_session(std::size_t members, std::uint64_t seed) {
    conference_options o;
    o.members = members;
    o.senders = 2;
    o.join_within = 1s;
    conference c(o, seed);
    std::printf("%zu members join within a second\n", members);
    const double allowed = o.bandwidth / 8 * 0.05;
    double until = 0;
    for (const double stretch : {5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 240.0}) {
        c.run(from_seconds(stretch));
        const traffic t = c.take();
        std::printf("  %4.0f..%4.0f s: %6llu packets, %5.2f of RTCP's bandwidth\n", until,
                    until + stretch, static_cast<unsigned long long>(t.packets),
                    static_cast<double>(t.bytes) / stretch / allowed);
        until += stretch;
    }
    const double interval = intervals(o, members, o.senders, 100).longest();
    c.run(from_seconds(3 * interval));
    std::size_t least = members, most = 0;
    for (std::size_t i = 0; i < members; ++i) {
        least = std::min(least, c[i].members());
        most = std::max(most, c[i].members());
    }
    std::printf("  after %.0f s they know %zu..%zu members\n", until + 3 * interval, least, most);
    totals all;
    const double share = check_steady(c, o, members, o.senders, 2, &all);
    std::printf("  steady: mean interval of receivers %.3f of §6.3.1's, share of bandwidth %.3f\n",
                all.sum[1] / static_cast<double>(std::max<std::uint64_t>(all.count[1], 1)), share);
    for (std::size_t i = members / 10; i < members; ++i) c.leave(i);
    c.take();
    until = 0;
    std::printf("%zu leave at once\n", members - members / 10);
    for (const double stretch : {1.0, 4.0, 15.0, 60.0, 240.0, 960.0}) {
        c.run(from_seconds(stretch));
        const traffic t = c.take();
        std::printf("  %4.0f..%4.0f s: %6llu BYEs, %5.2f of RTCP's bandwidth\n", until,
                    until + stretch, static_cast<unsigned long long>(t.byes),
                    static_cast<double>(t.bytes) / stretch / allowed);
        until += stretch;
    }
    c.run(from_seconds(4 * static_cast<double>(members) * 100 / allowed));
    check_members(c, members / 10, members / 10, o.senders, "after leaving");
}

} // namespace

int main(int argc, char** argv) {
    const auto argument = [&](int i, std::uint64_t otherwise) {
        return argc > i ? std::strtoull(argv[i], nullptr, 10) : otherwise;
    };
    if (argc > 1 && std::string(argv[1]) == "members") {
        try {
            large_session(argument(2, 1000), argument(3, 1));
        } catch (const wrong& e) {
            std::printf("%s\n", e.what());
            return 1;
        }
        return 0;
    }
    const std::uint64_t first = argument(1, 1), count = argument(2, 100);
    const std::uint64_t most = argument(3, 1000);
    std::uint64_t failed = 0;
    totals all;
    for (std::uint64_t seed = first; seed - first < count; ++seed) {
        try {
            random_session(seed, most, all);
        } catch (const wrong& e) {
            std::printf("session_simulation %llu 1 %llu: %s\n",
                        static_cast<unsigned long long>(seed),
                        static_cast<unsigned long long>(most), e.what());
            ++failed;
        }
    }
    bool ok = failed == 0;
    for (std::size_t kind = 0; kind < 2; ++kind) {
        const double mean =
            all.count[kind] == 0 ? 1 : all.sum[kind] / static_cast<double>(all.count[kind]);
        std::printf("%s: %llu intervals, mean %.4f of that of §6.3.1\n",
                    kind == 0 ? "senders" : "receivers",
                    static_cast<unsigned long long>(all.count[kind]), mean);
        if (all.count[kind] > 100'000 && std::abs(mean - 1) > 0.02) ok = false;
    }
    std::printf("seeds from %llu, %llu sessions: %llu failed\n",
                static_cast<unsigned long long>(first), static_cast<unsigned long long>(count),
                static_cast<unsigned long long>(failed));
    return ok ? 0 : 1;
}
