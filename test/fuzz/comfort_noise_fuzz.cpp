// Payloads of comfort noise, one after the other: what is written again is the same, and no
// description makes noise that runs away.
#include "reader.hpp"

#include <rtpsynth/audio/comfort_noise.hpp>

#include <algorithm>
#include <array>
#include <span>

namespace {

using namespace rtpsynth;
using fuzz::check;

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::span<const std::uint8_t> rest{data, size};
    comfort_noise_generator generator;
    check(!comfort_noise::parse({}));
    while (!rest.empty()) {
        const auto payload = rest.subspan(1, std::min<std::size_t>(rest[0] % 20, rest.size() - 1));
        rest = rest.subspan(1 + payload.size());
        const auto noise = comfort_noise::parse(payload);
        check(noise.has_value() == !payload.empty());
        if (!noise) continue;
        std::array<std::uint8_t, 1 + comfort_noise::max_order> out;
        check(comfort_noise::parse({out.data(), noise->store(out).value()}).value() == *noise);
        generator.set(*noise);
        std::array<std::int16_t, 160> pcm;
        generator.generate(pcm);
        if (noise->level == 127)
            check(noise_level(pcm) == 127);
        else if (noise->level > 30)
            check(noise_level(pcm) + 20 > noise->level);
    }
    return 0;
}
