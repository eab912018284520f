// Streams of 50 packets/s and 172 bytes, from one rtp_server to another and back, each with a
// thread of its own: what is lost, what it costs, and how many can be served with nothing lost.
#include "server_load.hpp"

#include <algorithm>

namespace {

using namespace server_bench;

// Socket buffers hold seconds of such streams: a server that cannot keep up falls behind long
// before it loses anything. So what counts as lost is also what was not back by then.
constexpr duration grace = 100ms;

bool run(std::size_t streams, duration length, std::optional<duration> tick) {
    const auto packets =
        static_cast<std::uint64_t>(to_seconds(length) * rate * static_cast<double>(streams));
    rtp_server echo{{.tick = tick}};
    channels echoes;
    stream_load load{add_echoes(echo, streams, echoes), packets};

    const clockid_t echo_clock = cpu_clock(echo), load_clock = cpu_clock(load.server());
    const double echo_cpu = read_clock(echo_clock), load_cpu = read_clock(load_clock);
    load.start();
    const time_point due = load.due();
    std::this_thread::sleep_until(due);
    const double took = to_seconds(length);
    const double echo_share = (read_clock(echo_clock) - echo_cpu) / took * 100;
    const double load_share = (read_clock(load_clock) - load_cpu) / took * 100;
    wait_for([&] { return load.complete(); }, grace);
    const std::uint64_t in_time = load.received();
    wait_for([&] { return load.complete(); }, std::max<duration>(500ms, length / 5)); // or give up

    const channel_stats there = echo.stats().channels, back = load.server().stats().channels;
    const std::uint64_t dropped = there.overflow + back.overflow;
    const std::uint64_t refused = there.queue_full + back.queue_full;
    const bool ok = in_time == packets && dropped == 0 && refused == 0;
    const duration_histogram rtt = load.round_trip();
    std::printf("%8zu %9.0f %9llu %7llu %7llu %8llu %8llu %8.2f %8.2f %8.1f %6.0f %6.0f  %s\n",
                streams, static_cast<double>(streams) * rate,
                static_cast<unsigned long long>(packets),
                static_cast<unsigned long long>(packets - load.received()),
                static_cast<unsigned long long>(packets - in_time),
                static_cast<unsigned long long>(dropped), static_cast<unsigned long long>(refused),
                to_ms(rtt.quantile(0.5)), to_ms(rtt.quantile(0.99)), to_ms(rtt.max()), echo_share,
                load_share, ok ? "yes" : "no");
    std::fflush(stdout);
    return ok;
}

} // namespace

int main(int argc, char** argv) {
    arguments options{argc,
                      argv,
                      {{"streams", 1000, "streams of the first run"},
                       {"seconds", 2, "length of the first run"},
                       {"step-seconds", 1, "length of each run of the search; 0: no search"},
                       {"resolution", 500, "streams, of the search"},
                       {"tick-ms", 0, "tick of the echo server; 0: immediate mode"}}};
    const std::size_t most = allow_sockets() / 2;
    const duration tick_ms = from_seconds(options["tick-ms"] / 1e3);
    const auto tick = tick_ms > duration{} ? std::optional{tick_ms} : std::nullopt;
    std::printf(
        " streams packets/s      sent    lost    late  dropped  refused      round trip, ms       "
        "      CPU, %%    nothing\n"
        "                                                               p50      p99      max   "
        "echo   load  lost\n");
    run(std::clamp<std::size_t>(options.count("streams"), 1, most), options.seconds("seconds"),
        tick);
    const duration step = options.seconds("step-seconds");
    if (step <= duration{}) return 0;

    // A disturbance of the machine is no answer: what fails is tried once more.
    const auto holds = [&](std::size_t n) { return run(n, step, tick) || run(n, step, tick); };
    const std::size_t resolution = std::max<std::size_t>(options.count("resolution"), 1);
    std::size_t good = 0, bad = 1000;
    while (bad <= most && holds(bad)) {
        good = bad;
        bad *= 2;
    }
    bad = std::min(bad, most);
    while (bad - good > resolution) {
        const std::size_t middle = (good + bad) / 2 / resolution * resolution;
        if (middle == good) break;
        (holds(middle) ? good : bad) = middle;
    }
    std::printf("most streams with nothing lost: %zu x %.0f packets/s both ways%s\n", good, rate,
                good + resolution >= most ? " (the limit of open files)" : "");
}
