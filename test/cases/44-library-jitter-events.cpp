// Prints the jitter of the next receiver report, in timestamp units: perfectly paced PCMU, then 20
// packets of one telephone-event, whose timestamp stands still.

#include <rtpsynth/rtcp/receiver_stats.hpp>

#include <cstdio>

int main() {
    using namespace std::chrono_literals;
    rtpsynth::receiver_stats s(8000);
    rtpsynth::time_point t{};
    std::uint16_t seq = 1;
    std::uint32_t ts = 0;
    for (int i = 0; i < 100; i++, t += 20ms, ts += 160) s.update(seq++, ts, t);
    for (int i = 0; i < 20; i++, t += 20ms) s.update(seq++, ts, t);
    std::printf("jitter in the next RR: %u units\n",
                static_cast<unsigned>(s.make_report(1, t).jitter));
}
