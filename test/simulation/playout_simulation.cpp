// Calls in virtual time: a sender, a network that disturbs them, and a playout, of which the
// invariants are checked after every tick.
//
//     playout_simulation [first seed] [seeds] [seconds of each call]
//     playout_simulation drift [seconds]
//
// A seed that fails is printed as the line that runs it again.
#include "call.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

using namespace simulation;

// Every minute another disturbance, then a calm.
void disturbed_call(std::uint32_t seed, double seconds) {
    random_source random(seed);
    call c(random, random_ends(random));
    while (c.now() < 1000 * seconds) {
        c.run_disturbed(random_scenario(random), std::min(seconds, 60.0));
        c.run_calm();
    }
}

// A clock that drifts for ten hours, on a network without fault.
void drifting_call(double ppm, double seconds) {
    random_source random(1);
    ends e;
    e.drift_ppm = ppm;
    call c(random, e);
    c.run(seconds);
    const playout_stats stats = c.stats();
    if (stats.late != 0 || stats.ticks_of(playout_kind::concealed) != 0)
        throw broken("packets of a drifting clock are late");
    c.run_calm();
}

template <class Call>
bool run(const std::string& arguments, Call&& simulated) {
    try {
        simulated();
        return true;
    } catch (const broken& e) {
        std::printf("playout_simulation %s: %s\n", arguments.c_str(), e.what());
        std::fflush(stdout);
        return false;
    }
}

} // namespace

int main(int argc, char** argv) {
    const auto argument = [&](int i, double otherwise) {
        return argc > i ? std::atof(argv[i]) : otherwise;
    };
    if (argc > 1 && std::string(argv[1]) == "drift") {
        const double seconds = argument(2, 36000);
        bool ok = true;
        for (const double ppm : {-500.0, 500.0})
            ok &= run("drift", [&] { drifting_call(ppm, seconds); });
        return ok ? 0 : 1;
    }
    const auto first = static_cast<std::uint32_t>(argument(1, 1));
    const auto count = static_cast<std::uint32_t>(argument(2, 1));
    const double seconds = argument(3, 60);
    std::uint32_t failed = 0;
    for (std::uint32_t seed = first; seed - first < count; ++seed) {
        const std::string line =
            std::to_string(seed) + " 1 " + std::to_string(static_cast<int>(seconds));
        if (!run(line, [&] { disturbed_call(seed, seconds); })) ++failed;
    }
    std::printf("seeds from %u, %u calls of %g s: %u failed\n", first, count, seconds, failed);
    return failed == 0 ? 0 : 1;
}
