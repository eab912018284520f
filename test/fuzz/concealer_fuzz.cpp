// Any audio in any pieces, received and lost: what is received is changed in the first 10 ms after
// a gap only, and a gap is silent from 60 ms on.
#include "reader.hpp"

#include <rtpsynth/audio/packet_loss_concealer.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace {

using namespace rtpsynth;
using fuzz::check, fuzz::reader;

// Noise, a square wave, silence or what the input has.
std::vector<std::int16_t> audio(reader& in, std::size_t n) {
    std::vector<std::int16_t> pcm(n);
    const unsigned kind = in.byte() % 4;
    const unsigned value = in.byte();
    std::uint32_t random = value;
    for (std::size_t i = 0; i < n; ++i) {
        random = random * 1664525 + 1013904223 + value;
        if (kind == 0) pcm[i] = static_cast<std::int16_t>(random >> 16);
        if (kind == 1) pcm[i] = i / (value + 1) % 2 == 0 ? 32767 : -32768;
        if (kind == 3) pcm[i] = static_cast<std::int16_t>(in.number(2));
    }
    return pcm;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr std::array<std::uint32_t, 8> rates{8000,  8001,  11025, 16000,
                                                        23999, 44100, 48000, 96000};
    reader in(data, size);
    packet_loss_concealer concealer(rates[in.byte() % rates.size()]);
    const std::size_t rate = concealer.rate();
    std::size_t gap = 0, changeable = 0;
    while (!in.empty()) {
        const unsigned what = in.byte();
        const std::size_t n = what % 4 == 0 ? in.byte() : rate / 1000 * (in.byte() % 64);
        std::vector<std::int16_t> pcm = audio(in, n);
        switch (what / 4 % 4) {
        case 0: {
            concealer.conceal(pcm);
            const std::size_t silence = std::max(rate * 60 / 1000 + 1, gap) - gap;
            for (std::size_t i = silence; i < n; ++i) check(pcm[i] == 0);
            gap += n;
            if (n != 0) changeable = rate / 100;
            break;
        }
        case 1:
            concealer.conceal(pcm, audio(in, 1 + in.byte() * 3));
            gap = n < rate / 200 ? gap + n : 0; // in less nothing is bridged
            if (n != 0) changeable = rate / 100;
            break;
        case 2:
            if (n % 2 == 0) {
                concealer.interrupt();
                changeable = rate / 100;
            } else {
                concealer.reset();
                gap = changeable = 0;
            }
            break;
        default: {
            const std::vector<std::int16_t> given = pcm;
            concealer.receive(pcm);
            const std::size_t first = std::min(n, changeable);
            for (std::size_t i = first; i < n; ++i) check(pcm[i] == given[i]);
            changeable -= first;
            if (n != 0) gap = 0;
        }
        }
        check(!concealer.is_silent() || gap >= rate * 60 / 1000);
    }
    return 0;
}
