// Calls of voice_streams on the loopback interface, in real time, each of which is disturbed:
//
//     voice_calls [first seed] [calls] [at once] [stall]
//
// A seed that fails is printed as the line that runs it again. Clicks and counters are judged by
// the clock of the media, and stalls if the machine kept time. With a limit for stalls in real
// time, in ms, the machine has no excuse.
#include "voice_verdict.hpp"

#include <cstdio>
#include <cstdlib>
#include <thread>

namespace {

using namespace simulation;

struct summary {
    unsigned failed = 0;
    lateness late;
    std::size_t astray = 0;
    int gap = 0; // ms
};

double ms(duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

void judge(voice_call& call, std::uint32_t seed, bool is_strict, duration most, summary& all) {
    const verdict v(call, is_strict, most);
    if (!v.fault().empty()) {
        std::printf("voice_calls %u 1: %s\n    (%s)\n", seed, v.fault().c_str(),
                    call.script().c_str());
        std::fflush(stdout);
        ++all.failed;
    }
    const lateness late = call.late();
    all.late.phone = std::max(all.late.phone, late.phone);
    all.late.handler = std::max(all.late.handler, late.handler);
    all.late.gap = std::max(all.late.gap, late.gap);
    all.astray = std::max(all.astray, v.astray());
    all.gap = std::max(all.gap, v.longest_gap());
}

// \p n calls at once, from \p seed on.
void run(std::uint32_t seed, unsigned n, bool is_strict, summary& all) {
    std::vector<std::unique_ptr<voice_call>> calls;
    {
        rtp_server server({.tick = std::nullopt}), phones({.tick = std::nullopt});
        const time_point start = steady_clock::now() + milliseconds(20 + 5 * n);
        for (unsigned i = 0; i != n; ++i)
            calls.push_back(std::make_unique<voice_call>(seed + i, server, phones,
                                                         start + milliseconds(i % 20)));
        const auto all_of = [&](auto&& holds) {
            return std::all_of(calls.begin(), calls.end(), [&](auto& c) { return holds(*c); });
        };
        for (time_point next = start; !all_of([](voice_call& c) { return c.is_over(); });) {
            std::this_thread::sleep_until(next);
            next += milliseconds(1);
            for (const auto& call : calls) call->run(steady_clock::now());
        }
        const time_point until = steady_clock::now() + std::chrono::seconds(10);
        while (steady_clock::now() < until &&
               !all_of([](voice_call& c) { return c.has_arrived(); }))
            std::this_thread::sleep_for(milliseconds(1));
        for (const auto& call : calls) call->hang_up();
        // The last packets, and the BYEs.
        while (steady_clock::now() < until && !all_of([](voice_call& c) { return c.is_quiet(); }))
            std::this_thread::sleep_for(milliseconds(1));
    }
    duration late{};
    for (const auto& call : calls) late = std::max(late, call->late().most());
    for (unsigned i = 0; i != n; ++i) judge(*calls[i], seed + i, is_strict, late, all);
}

} // namespace

int main(int argc, char** argv) {
    const auto argument = [&](int i, unsigned otherwise) {
        return argc > i ? static_cast<unsigned>(std::strtoul(argv[i], nullptr, 10)) : otherwise;
    };
    const unsigned first = argument(1, 1), count = argument(2, 1);
    const unsigned at_once = std::max(1U, argument(3, 100)), most_stall = argument(4, 0);
    summary all;
    for (unsigned done = 0; done < count; done += at_once)
        run(first + done, std::min(at_once, count - done), most_stall != 0, all);
    std::printf("seeds from %u, %u calls: %u failed; longest gap %d ms; at most %zu packets to "
                "the old port after one to the new\n"
                "in real time, ms: phones late %.1f, handlers late %.1f, stall at a phone %.1f\n",
                first, count, all.failed, all.gap, all.astray, ms(all.late.phone),
                ms(all.late.handler), ms(all.late.gap));
    const bool stalled =
        most_stall != 0 && std::max(all.late.handler, all.late.gap) > milliseconds(most_stall);
    if (stalled) std::printf("a stall of more than %u ms\n", most_stall);
    return all.failed == 0 && !stalled ? 0 : 1;
}
