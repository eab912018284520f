// Presses sent by telephone_event_sender over a network that loses, repeats and delays packets, in
// virtual time: of each press of which a packet arrives, one beginning and one end.
//
// RTPSYNTH_PRESSES sets how many presses each case simulates.
#include <boost/test/unit_test.hpp>

#include <rtpsynth/audio/telephone_event_receiver.hpp>
#include <rtpsynth/audio/telephone_event_sender.hpp>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace rtpsynth;
using namespace std::chrono_literals;

namespace {

// How the packets of a press look on the wire.
enum class style {
    standard,       // RFC 4733, audio between the presses
    event_only,     // no audio: sequence numbers only of events
    same_seq_ends,  // the three ends have one number and time, as of SIPp
    moves_growing,  // a timestamp that moves, a duration from the start
    moves_constant, // a timestamp that moves, a duration of a tick
};

struct network {
    double loss = 0;
    double repeated = 0;
    duration jitter{}; // uniform; more than a tick reorders
};

struct wire_packet {
    std::uint16_t seq;
    telephone_event_packet packet;
    time_point arrival;
};

struct tally {
    std::uint64_t presses = 0, arrived = 0, told = 0, wrong = 0, packets = 0;
};

constexpr std::uint32_t tick = 160;
constexpr duration ptime = 20ms;

class simulation {
public:
    simulation(style how, const network& net, std::uint32_t seed)
        : style_(how), network_(net), random_(seed) {}

    tally run(std::uint64_t presses) {
        telephone_event_sender sender(8000);
        for (std::uint64_t sent = 0; sent < presses || sender.busy();) {
            if (!sender.busy() && sent < presses) {
                // Often the same digit again.
                if (draw() < 0.5) digit_ = "0123456789*#ABCD"[random_() % 16];
                const digit_timing timing{.on = 40ms + random_() % 100 * 1ms,
                                          .off = 40ms + random_() % 100 * 1ms};
                sender.queue({&digit_, 1}, timing).value();
                ++sent;
            }
            step(sender.next(timestamp_, tick));
        }
        for (int i = 0; i < 100; ++i) step(std::nullopt);
        finish();
        return tally_;
    }

private:
    double draw() { return uniform_(random_); }

    void step(const std::optional<telephone_event_packet>& packet) {
        deliver();
        if (packet) send(*packet);
        if (packet || style_ != style::event_only) ++seq_;
        timestamp_ += tick;
        now_ += ptime;
    }

    void send(telephone_event_packet p) {
        if (p.marker) {
            ++tally_.presses;
            press_ = timestamp_;
            ends_ = 0;
        }
        if (p.event.end && ++ends_ > 1 && style_ == style::same_seq_ends) return;
        if (sent_.press != press_) sent_ = {press_, false};
        if (style_ == style::moves_growing || style_ == style::moves_constant)
            p.timestamp = timestamp_;
        if (style_ == style::moves_constant) p.event.duration = tick;
        const int copies = style_ == style::same_seq_ends && p.event.end ? 3 : 1;
        for (int i = 0; i < copies; ++i) {
            if (draw() < network_.loss) continue;
            transmit(p);
            if (draw() < network_.repeated) transmit(p);
        }
    }

    void transmit(const telephone_event_packet& p) {
        if (!sent_.arrived) {
            sent_.arrived = true;
            ++tally_.arrived;
            expected_[sent_.press] = p.event.event;
        }
        const auto late = static_cast<std::int64_t>(draw() * 1e9) % 1'000'000'000 *
                          network_.jitter.count() / 1'000'000'000;
        const wire_packet w{seq_, p, now_ + duration{late}};
        const auto later = [](const wire_packet& a, const wire_packet& b) {
            return a.arrival < b.arrival;
        };
        flying_.insert(std::upper_bound(flying_.begin(), flying_.end(), w, later), w);
    }

    void deliver() {
        std::size_t n = 0;
        for (; n < flying_.size() && flying_[n].arrival <= now_; ++n) {
            const auto& [seq, p, arrival] = flying_[n];
            ++tally_.packets;
            note(receiver_.expire(arrival));
            note(receiver_.receive(seq, p.timestamp, p.marker, p.event, arrival));
        }
        flying_.erase(flying_.begin(), flying_.begin() + static_cast<std::ptrdiff_t>(n));
        note(receiver_.expire(now_));
        if (expected_.size() > 1000) forget(expected_.size() - 100);
    }

    void note(const telephone_event_changes& changes) {
        for (const telephone_event_change& c : changes) {
            if (c.what == telephone_event_change::kind::began) {
                ++tally_.told;
                began_[c.timestamp] = c.event;
            } else if (began_.count(c.timestamp) && !ended_.count(c.timestamp)) {
                ended_[c.timestamp] = c.event;
            } else {
                ++tally_.wrong;
            }
        }
    }

    // Compares, and drops, the oldest presses. Timestamps do not wrap within a simulation that the
    // map of a hundred of them would notice.
    void forget(std::size_t n) {
        for (; n != 0 && !expected_.empty(); --n) {
            const auto press = expected_.begin();
            const bool moves = style_ == style::moves_growing || style_ == style::moves_constant;
            // With a timestamp that moves, that of the first packet to arrive.
            const auto end =
                expected_.size() > 1 ? std::next(press)->first : press->first + 100'000;
            const auto b = moves ? began_.lower_bound(press->first) : began_.find(press->first);
            if (b == began_.end() || b->first >= end || b->second != press->second) {
                ++tally_.wrong;
            } else {
                const auto e = ended_.find(b->first);
                if (e == ended_.end() || e->second != press->second)
                    ++tally_.wrong;
                else
                    ended_.erase(e);
                began_.erase(b);
            }
            expected_.erase(press);
        }
    }

    void finish() {
        deliver();
        note(receiver_.finish());
        forget(expected_.size());
        tally_.wrong += began_.size() + ended_.size();
    }

    struct current {
        std::uint64_t press = 0; // its timestamp
        bool arrived = false;
    };

    style style_;
    network network_;
    std::mt19937 random_;
    std::uniform_real_distribution<double> uniform_;
    telephone_event_receiver receiver_{8000};
    char digit_ = '5';
    std::uint16_t seq_ = 65000;
    std::uint32_t timestamp_ = 1000;
    time_point now_ = time_point{} + 1h;
    int ends_ = 0;
    std::uint32_t press_ = 0;
    current sent_;
    std::vector<wire_packet> flying_;
    std::map<std::uint64_t, std::uint8_t> expected_, began_, ended_; // by timestamp
    tally tally_;
};

std::uint64_t presses() {
    const char* wanted = std::getenv("RTPSYNTH_PRESSES");
    return wanted ? std::strtoull(wanted, nullptr, 10) : 5'000;
}

tally simulate(style how, const network& net, std::uint64_t count = presses()) {
    tally sum;
    for (std::uint32_t seed = 1; seed <= 4; ++seed) {
        const tally t = simulation(how, net, seed).run(count / 4);
        BOOST_CHECK_MESSAGE(t.told == t.arrived, "seed " << seed << ", loss " << net.loss << ": "
                                                         << t.told << " told of " << t.arrived);
        BOOST_CHECK_MESSAGE(t.wrong == 0, "seed " << seed << ", loss " << net.loss << ": "
                                                  << t.wrong << " wrong");
        sum.presses += t.presses;
        sum.arrived += t.arrived;
        sum.packets += t.packets;
    }
    return sum;
}

} // namespace

BOOST_AUTO_TEST_CASE(each_press_once_whatever_is_lost) {
    for (const double loss : {0.0, 0.05, 0.1, 0.2, 0.3, 0.6}) {
        const tally t = simulate(style::standard, {.loss = loss});
        BOOST_CHECK_EQUAL(t.presses, presses() / 4 * 4);
        if (loss == 0) BOOST_CHECK_EQUAL(t.arrived, t.presses);
        if (loss > 0.5) BOOST_CHECK_LT(t.arrived, t.presses); // some are lost as a whole
    }
}

BOOST_AUTO_TEST_CASE(each_press_once_whatever_is_repeated_or_overtaken) {
    simulate(style::standard, {.loss = 0.3, .repeated = 0.2});
    simulate(style::standard, {.loss = 0.3, .repeated = 0.2, .jitter = 30ms});
    simulate(style::standard, {.loss = 0.3, .repeated = 0.2, .jitter = 90ms});
    simulate(style::standard, {.repeated = 0.5, .jitter = 200ms});
}

BOOST_AUTO_TEST_CASE(each_press_once_without_audio_between) {
    simulate(style::event_only, {.loss = 0.3});
    simulate(style::event_only, {.loss = 0.3, .repeated = 0.2, .jitter = 90ms});
}

BOOST_AUTO_TEST_CASE(each_press_once_with_ends_of_one_number) {
    simulate(style::same_seq_ends, {.loss = 0.3});
    simulate(style::same_seq_ends, {.loss = 0.3, .repeated = 0.2, .jitter = 30ms});
}

BOOST_AUTO_TEST_CASE(each_press_once_with_a_timestamp_that_moves) {
    for (const double loss : {0.0, 0.1, 0.3}) simulate(style::moves_growing, {.loss = loss});
    simulate(style::moves_constant, {});
    // Two of which the ends of the one and the beginning of the other are lost look like one.
    simulate(style::moves_constant, {.loss = 0.02}, 5'000);
}
