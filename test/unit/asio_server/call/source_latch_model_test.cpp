// source_latch beside a model that remembers everything and looks it all up again for each packet.
#include <boost/test/unit_test.hpp>

#include "call/rtp_tools.hpp"

#include <rtpsynth/asio_server/call/source_latch.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

namespace {

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
using namespace std::chrono_literals;
using endpoint = source_latch::endpoint;
using outcome = source_latch::outcome;

struct event {
    endpoint from;
    std::uint32_t ssrc;
    std::uint16_t seq;
    time_point at;
};

class model {
public:
    model(const source_latch_options& o, std::optional<endpoint> signalled)
        : options_{o}, signalled_{signalled} {}

    outcome receive(const event& e) {
        if (options_.latch == latch_policy::none) return outcome::accepted;
        if (latched_ && e.from == latched_->from) {
            const bool is_behind = e.ssrc == latched_->ssrc && ahead(e.seq, latched_->seq) <= 0;
            if (is_behind) behind_.push_back(e.seq);
            if (!is_behind || is_restart()) {
                latched_->ssrc = e.ssrc;
                latched_->seq = e.seq;
                behind_.clear();
                news_ = log_.size();
            }
            latched_->at = e.at;
            return outcome::accepted;
        }
        log_.push_back(e);
        const auto run = run_of(e);
        const bool proved = run.size() >= options_.probation;
        const outcome proving = proved ? outcome::latched : outcome::probation;
        if (!latched_) {
            for (const event& other : log_)
                if (!same_stream(other, e) && leads(other, e, run)) return outcome::rejected;
            return settle(e, proving);
        }
        if (rank(e) > rank(*latched_)) {
            if (proved) former_.reset();
            return settle(e, proving);
        }
        if (options_.latch == latch_policy::once) return outcome::rejected;
        const duration silence = e.at - latched_->at;
        if (e.ssrc == latched_->ssrc && continues(e, *latched_)) {
            const auto unanswered = static_cast<std::size_t>(
                std::count_if(run.begin(), run.end(), [&](std::size_t i) { return i >= news_; }));
            return settle(e, unanswered >= options_.probation && silence >= 100ms
                                 ? outcome::latched
                                 : outcome::probation);
        }
        if (former_ && same_stream(e, *former_) && continues(e, *former_)) {
            if (proved) former_.reset();
            return settle(e, proving);
        }
        if (silence < options_.relatch_after) return outcome::rejected;
        if (proved && !former_) former_ = latched_;
        return settle(e, proving);
    }

    std::optional<endpoint> target() const {
        return latched_ ? std::optional{latched_->from} : signalled_;
    }

private:
    static int ahead(std::uint16_t a, std::uint16_t b) {
        return static_cast<std::int16_t>(static_cast<std::uint16_t>(a - b));
    }
    bool is_restart() const {
        const std::size_t n = behind_.size();
        return n >= 3 && ahead(behind_[n - 1], behind_[n - 2]) == 1 &&
               ahead(behind_[n - 2], behind_[n - 3]) == 1;
    }
    static bool continues(const event& e, const event& before) {
        const int d = ahead(e.seq, before.seq);
        return d > 0 && d <= 3000 && d <= 16 + (e.at - before.at) / 5ms;
    }
    static bool same_stream(const event& a, const event& b) {
        return a.from == b.from && a.ssrc == b.ssrc;
    }
    int rank(const event& e) const {
        if (!signalled_ || e.from.address() != signalled_->address()) return 0;
        return e.from.port() == signalled_->port() ? 2 : 1;
    }
    // The places in the log of the stream's latest packets, from the last back to where they are
    // not in sequence.
    std::vector<std::size_t> run_of(const event& e) const {
        std::vector<std::size_t> run;
        for (std::size_t i = log_.size(); i-- != 0;) {
            const event& p = log_[i];
            if (!same_stream(p, e)) continue;
            if (!run.empty()) {
                const event& next = log_[run.back()];
                if (static_cast<std::uint16_t>(p.seq + 1) != next.seq || next.at - p.at > 1s) break;
            }
            run.push_back(i);
        }
        return run;
    }
    bool leads(const event& other, const event& e, const std::vector<std::size_t>& run) const {
        const auto its = run_of(other);
        if (e.at - log_[its.front()].at > 1s) return false;
        if (rank(other) != rank(e)) return rank(other) > rank(e);
        return its.size() != run.size() ? its.size() > run.size() : its.back() < run.back();
    }
    outcome settle(const event& e, outcome o) {
        if (o != outcome::latched) return o;
        latched_ = e;
        behind_.clear();
        std::erase_if(log_, [&](const event& p) { return same_stream(p, e); });
        news_ = log_.size();
        return o;
    }

    source_latch_options options_;
    std::optional<endpoint> signalled_;
    std::optional<event> latched_, former_;
    std::vector<std::uint16_t> behind_; // numbers of the latched source since one was ahead
    std::vector<event> log_;            // but those of the latched source
    std::size_t news_ = 0; // the log's size at the latched source's last packet that was ahead
};

BOOST_AUTO_TEST_CASE(any_packets_in_any_order) {
    const std::vector<endpoint> places{at("192.0.2.1", 1), at("192.0.2.1", 2), at("192.0.2.2", 1)};
    std::uint64_t outcomes[4] = {};
    for (unsigned seed = 0; seed != 3000; ++seed) {
        std::mt19937 random{seed};
        const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
        const source_latch_options options{
            .latch = below(8) == 0 ? latch_policy::none
                                   : (below(3) == 0 ? latch_policy::once : latch_policy::follow),
            .probation = 1 + below(5),
            .relatch_after = below(2) ? duration{300ms} : duration{2s}};
        std::optional<endpoint> signalled;
        if (below(2)) signalled = places[below(3)];
        source_latch latch{options, signalled};
        model expected{options, signalled};
        time_point now{1h};
        std::uint16_t next[2] = {static_cast<std::uint16_t>(random()), 0};
        std::size_t from = 0;
        std::uint32_t ssrc = 0;
        for (unsigned i = 0; i != 150; ++i) {
            const unsigned pause = below(40);
            now += pause == 0   ? duration{below(3000) * 1ms}
                   : pause < 20 ? duration{below(30) * 1ms}
                                : duration{};
            if (below(4) == 0) from = below(3);
            if (below(6) == 0) ssrc = below(2);
            if (below(12) == 0)
                next[ssrc] = static_cast<std::uint16_t>(next[ssrc] + below(40) - 20);
            if (below(40) == 0) next[ssrc] = static_cast<std::uint16_t>(next[ssrc] - below(200));
            const event e{places[from], ssrc, next[ssrc]++, now};
            const rtp_header bytes = header_of(e.ssrc, e.seq);
            rtp_packet_view packet;
            BOOST_REQUIRE((packet.assign(bytes.data(), bytes.size()) == errc{}));
            const outcome got = latch.receive(packet, e.from, e.at);
            ++outcomes[static_cast<std::size_t>(got)];
            BOOST_REQUIRE_MESSAGE(got == expected.receive(e), "seed " << seed << ", packet " << i);
            BOOST_REQUIRE(latch.target() == expected.target());
        }
    }
    for (const std::uint64_t n : outcomes) BOOST_TEST(n > 1000U);
}

} // namespace
