// What a simulated call is, and what happens to it.
#pragma once

#include <rtpsynth/jitter/playout_options.hpp>

#include <chrono>
#include <cstdint>
#include <random>

namespace simulation {

using random_source = std::mt19937;

inline bool chance(random_source& random, double p) {
    return std::uniform_real_distribution<>(0, 1)(random) < p;
}
inline double between(random_source& random, double a, double b) {
    return std::uniform_real_distribution<>(a, b)(random);
}

// The two ends of a call. Times in ms.
struct ends {
    unsigned ptime = 20, tick = 20;
    double drift_ppm = 0; // of the sender's clock
    double phase = 0;     // of the ticks
    rtpsynth::playout_options options;
};

// How the delay of packets is distributed.
enum class spread : std::uint8_t { exponential, uniform, normal, heavy_tailed };

// What disturbs a call for some time. Times in ms.
struct scenario {
    double base_delay = 30, jitter = 0; // the mean of what comes on top of the base
    spread distribution = spread::exponential;
    double group = 0;                // packets arrive together, every so many ms
    bool in_order = false;           // the network keeps the order
    double loss = 0, mean_burst = 1; // Gilbert and Elliott's model; bursts of packets
    double duplicated = 0, corrupted = 0;
    bool corrupts_numbers = false;     // and timestamps
    double spike_every = 0, spike = 0; // then the network stands still for so long
    double outage_every = 0, outage = 0;
    double route_every = 0;   // another base delay
    double restart_every = 0; // a new SSRC, or new numbers
    double codec_every = 0;   // another payload type, another ptime
    double pause_every = 0, pause = 0;
    bool noise_in_pauses = false;
    double event_every = 0;
};

inline ends random_ends(random_source& random) {
    const auto ms = [&](double a, double b) {
        return std::chrono::milliseconds(static_cast<int>(between(random, a, b)));
    };
    ends e;
    e.ptime = 10 * (1 + static_cast<unsigned>(random() % 6));
    e.tick = 10 * (1 + static_cast<unsigned>(random() % 3));
    if (chance(random, 0.5)) e.drift_ppm = between(random, -500, 500);
    e.phase = between(random, 0, e.tick);
    e.options.rate = chance(random, 0.5) ? 8000 : chance(random, 0.6) ? 16000 : 24000;
    if (chance(random, 0.2)) e.options.initial_delay = ms(0, 200);
    if (chance(random, 0.2)) e.options.min_delay = ms(10, 100);
    if (chance(random, 0.2)) e.options.max_delay = ms(100, 1000);
    if (chance(random, 0.05)) e.options.max_delay = e.options.min_delay = ms(20, 200); // fixed
    if (chance(random, 0.2)) e.options.late_target = between(random, 0, 0.1);
    return e;
}

inline scenario random_scenario(random_source& random) {
    const auto maybe = [&](double p) { return chance(random, p); };
    const auto from = [&](double a, double b) { return between(random, a, b); };
    scenario s;
    s.base_delay = from(5, 200);
    if (maybe(0.7)) s.jitter = from(0.1, 30);
    s.distribution = static_cast<spread>(random() % 4);
    if (maybe(0.2)) s.group = from(10, 120);
    s.in_order = maybe(0.5);
    if (maybe(0.5)) s.loss = from(0, 0.2);
    if (maybe(0.3)) s.mean_burst = from(1, 8);
    if (maybe(0.3)) s.duplicated = from(0, 0.1);
    if (maybe(0.3)) s.corrupted = from(0, 0.05), s.corrupts_numbers = maybe(0.3);
    if (maybe(0.3)) s.spike_every = from(500, 5000), s.spike = from(20, 1000);
    if (maybe(0.2)) s.outage_every = from(2000, 20000), s.outage = from(100, 8000);
    if (maybe(0.2)) s.route_every = from(1000, 20000);
    if (maybe(0.2)) s.restart_every = from(1000, 10000);
    if (maybe(0.2)) s.codec_every = from(1000, 10000);
    if (maybe(0.4)) s.pause_every = from(300, 5000), s.pause = from(20, 3000);
    s.noise_in_pauses = maybe(0.5);
    if (maybe(0.3)) s.event_every = from(500, 5000);
    return s;
}

} // namespace simulation
