#include "traffic/impairment.hpp"

namespace load {
namespace {

constexpr std::uint64_t golden = 0x9e37'79b9'7f4a'7c15; // 2^64 divided by the golden ratio

/// splitmix64's output function (Steele, Lea, Flood 2014): each bit of \p z changes half of the
/// result's bits on average.
constexpr std::uint64_t mix(std::uint64_t z) noexcept {
    z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ z >> 27) * 0x94d0'49bb'1331'11eb;
    return z ^ z >> 31;
}

/// In [0, 1).
double unit(std::uint64_t bits) noexcept { return static_cast<double>(bits >> 11) * 0x1p-53; }

} // namespace

impairment::impairment(const impairment_options& options, std::uint64_t stream)
    : options_(options),
      any_(options.any()),
      state_(mix(options.seed + golden) ^ mix(mix(stream + 1))) {}

packet_fate impairment::next() noexcept {
    packet_fate fate;
    if (!any_) return fate;
    fate.lost = happens(options_.loss);
    fate.overtaken = happens(options_.reorder);
    fate.duplicated = happens(options_.duplicate);
    fate.delay = rtpsynth::duration{static_cast<rtpsynth::duration::rep>(
        unit(draw()) * static_cast<double>(options_.jitter.count()))};
    return fate;
}

std::uint64_t impairment::draw() noexcept { return mix(state_ += golden); }

bool impairment::happens(double percent) noexcept { return unit(draw()) * 100 < percent; }

} // namespace load
