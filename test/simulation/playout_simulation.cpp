// Calls in virtual time: a sender, a network that disturbs them, and a playout, of which the
// invariants are checked after every tick.
//
//     playout_simulation [first seed] [seeds] [seconds of each call]
//
// A seed that fails is printed as the line that runs it again.
#include "network.hpp"

#include <rtpsynth/jitter/playout.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

namespace {

using namespace simulation;
using std::chrono::milliseconds;

struct broken : std::runtime_error {
    using std::runtime_error::runtime_error;
};

void check(bool ok, const std::string& what) {
    if (!ok) throw broken(what);
}

scenario random_scenario(std::uint32_t seed) {
    std::mt19937 random(seed ^ 0x9e3779b9U);
    const auto maybe = [&](double p) { return std::uniform_real_distribution<>(0, 1)(random) < p; };
    const auto from = [&](double a, double b) {
        return std::uniform_real_distribution<>(a, b)(random);
    };
    scenario s;
    s.ptime = 10 * (1 + static_cast<unsigned>(random() % 6));
    s.tick = 10 * (1 + static_cast<unsigned>(random() % 3));
    s.base_delay = from(5, 200);
    if (maybe(0.7)) s.jitter = from(0.1, 30);
    s.in_order = maybe(0.5);
    if (maybe(0.5)) s.loss = from(0, 0.2);
    if (maybe(0.3)) s.burst_length = from(1, 8);
    if (maybe(0.3)) s.duplicated = from(0, 0.1);
    if (maybe(0.3)) s.corrupted = from(0, 0.05);
    if (maybe(0.3)) s.spike_every = from(500, 5000), s.spike = from(20, 1000);
    if (maybe(0.2)) s.outage_every = from(2000, 20000), s.outage = from(100, 8000);
    if (maybe(0.2)) s.restart_every = from(1000, 10000);
    if (maybe(0.2)) s.codec_every = from(1000, 10000);
    if (maybe(0.4)) s.pause_every = from(300, 5000), s.pause = from(20, 3000);
    s.noise_in_pauses = maybe(0.5);
    if (maybe(0.3)) s.event_every = from(500, 5000);
    if (maybe(0.5)) s.drift_ppm = from(-500, 500);
    return s;
}

// Of speech itself.
int largest_step_at(std::uint32_t rate) {
    static const int narrow = [] {
        std::vector<std::int16_t> pcm(8001);
        for (std::size_t i = 0; i < pcm.size(); ++i) pcm[i] = narrow_speech(i);
        return largest_step(pcm);
    }();
    return static_cast<int>(8000 * static_cast<std::int64_t>(narrow) / rate);
}

class call {
public:
    call(std::uint32_t seed, const scenario& s, const playout_options& o)
        : s_(s), network_(seed, s), playout_(o), max_delay_(o.max_delay) {
        playout_.add_decoder(speech_type, std::make_unique<test_decoder>(log_, 8000));
        playout_.add_decoder(other_speech_type, std::make_unique<test_decoder>(log_, 16000));
        playout_.add_comfort_noise(noise_type);
        playout_.add_event(event_type);
        offset_ = seed % 997 / 997.0 * s.tick;
    }

    void run(double seconds) {
        for (const double end = now_ + 1000 * seconds; now_ < end;) tick();
    }
    // After 5 s without disturbance the delay is what the network needs, and nothing is concealed.
    void run_calm() {
        network_.calm();
        run(6);
        const playout_stats before = playout_.stats();
        duration least = max_delay_;
        for (int i = 0; i < 100; ++i) {
            tick();
            const auto kind = last_kind_;
            check(kind != playout_kind::concealed && kind != playout_kind::silence,
                  "a tick of a calm call is no speech");
            least = std::min(least, playout_.stats().delay);
        }
        // Packets that are not as long as ticks wait for different times: the quickest counts.
        check(least <= milliseconds(s_.tick + 3),
              "the delay is " + std::to_string(least.count() / 1000) +
                  " us in a calm call with ticks of " + std::to_string(s_.tick) + " ms");
        check(playout_.stats().late == before.late, "a packet of a calm call is late");
    }
    playout_stats stats() const { return playout_.stats(); }

private:
    void tick() {
        now_ += s_.tick;
        const double pulled = now_ + offset_;
        network_.run(pulled);
        while (network_.has_arrived(pulled)) {
            const arrival a = network_.take();
            if (playout_.insert(a.datagram, time_point(duration(a.at)))) ++valid_;
        }
        const std::size_t n = std::size_t{playout_.options().rate} / 1000 * s_.tick;
        pcm_.assign(n + 1, 0);
        pcm_[0] = last_sample_;
        log_.serials.clear();
        last_kind_ = playout_.pull(time_point(duration(static_cast<std::int64_t>(pulled * 1e6))),
                                   std::span(pcm_).last(n));
        last_sample_ = pcm_.back();
        verify();
    }

    void verify() {
        const int largest = largest_step_at(playout_.options().rate);
        const int step = largest_step(pcm_);
        check(step <= largest * 2, "a click: a step of " + std::to_string(step) + ", in speech " +
                                       std::to_string(largest));
        for (const std::uint32_t serial : log_.serials) {
            check(serial > newest_serial_, "packet " + std::to_string(serial) +
                                               " is played after " +
                                               std::to_string(newest_serial_));
            newest_serial_ = serial;
        }
        const playout_stats s = playout_.stats();
        check(s.received == valid_, "packets are not counted");
        check(s.received == s.played + s.waiting + s.late + s.duplicate + s.discarded,
              "packets are unaccounted for");
        ++ticks_;
        std::uint64_t kinds = 0;
        for (const std::uint64_t k : s.ticks) kinds += k;
        check(kinds == ticks_, "a tick is not counted");
        check(s.delay >= duration::zero() &&
                  s.delay <= max_delay_ + milliseconds(s_.tick + longest_ptime),
              "the delay is out of bounds: " + std::to_string(s.delay.count() / 1000) + " us");
        check(static_cast<double>(s.waiting) <=
                  static_cast<double>(max_delay_.count()) / 1e6 / shortest_ptime + 40,
              std::to_string(s.waiting) + " packets wait");
    }

    static constexpr unsigned longest_ptime = 60, shortest_ptime = 10;

    scenario s_;
    network network_;
    decoder_log log_;
    playout playout_;
    duration max_delay_;
    double now_ = 0, offset_ = 0;
    std::vector<std::int16_t> pcm_;
    std::int16_t last_sample_ = 0;
    playout_kind last_kind_{};
    std::uint32_t newest_serial_ = 0;
    std::uint64_t valid_ = 0, ticks_ = 0;
};

// Any disturbance, then a calm.
void disturbed_call(std::uint32_t seed, double seconds) {
    const scenario s = random_scenario(seed);
    constexpr std::array<std::uint32_t, 3> rates{8000, 16000, 24000};
    call c(seed, s, {.rate = rates[seed % rates.size()]});
    while (seconds > 0) {
        c.run(std::min(seconds, 60.0));
        seconds -= 60;
    }
    c.run_calm();
}

// Clocks that differ by 500 ppm, for ten hours, on a network without fault.
void drifting_call(double ppm, double seconds) {
    scenario s;
    s.drift_ppm = ppm;
    call c(1, s, {});
    c.run(seconds);
    const playout_stats stats = c.stats();
    check(stats.late == 0 && stats.ticks_of(playout_kind::concealed) == 0,
          "packets of a drifting clock are late");
    c.run_calm();
}

template <class Call>
bool run(const std::string& arguments, Call&& simulated) {
    try {
        simulated();
        return true;
    } catch (const broken& e) {
        std::printf("playout_simulation %s: %s\n", arguments.c_str(), e.what());
        return false;
    }
}

} // namespace

int main(int argc, char** argv) {
    const auto argument = [&](int i, double otherwise) {
        return argc > i ? std::atof(argv[i]) : otherwise;
    };
    const auto first = static_cast<std::uint32_t>(argument(1, 1));
    const auto count = static_cast<std::uint32_t>(argument(2, 1));
    const double seconds = argument(3, 60);
    bool ok = true;
    if (argc > 1 && std::string(argv[1]) == "drift") {
        for (const double ppm : {-500.0, 500.0})
            ok &= run("drift", [&] { drifting_call(ppm, argument(2, 36000)); });
        return ok ? 0 : 1;
    }
    std::uint32_t failed = 0;
    for (std::uint32_t seed = first; seed - first < count; ++seed) {
        const std::string line =
            std::to_string(seed) + " 1 " + std::to_string(static_cast<int>(seconds));
        if (!run(line, [&] { disturbed_call(seed, seconds); })) ++failed;
    }
    std::printf("%u calls of %g s, %u failed\n", count, seconds, failed);
    return failed == 0 ? 0 : 1;
}
