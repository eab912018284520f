#include "payload_resolver.hpp"

#include <algorithm>

namespace replay {
namespace {

constexpr std::uint32_t video_clock_rate = 90'000; // RFC 3551 §5

} // namespace

void payload_resolver::describe(payload_use& use, const endpoint& source,
                                const endpoint& destination, rtpsynth::time_point when) const {
    using rtpsynth::payload_kind;
    const sdp_payload* told = directory.find(source, destination, use.type, when);
    use.format = told ? told->format : rtpsynth::static_format(use.type);
    use.encoding = told ? told->name : std::string{};
    const auto given = clock_rates.find(use.type);
    if (given == clock_rates.end()) return;
    use.format.clock_rate = given->second;
    // A rate alone does not tell events from audio; of video there is no doubt.
    if (use.format.kind == payload_kind::unknown && given->second == video_clock_rate)
        use.format.kind = payload_kind::media;
}

bool payload_resolver::is_secure(const endpoint& source, const endpoint& destination,
                                 rtpsynth::time_point when) const {
    for (const endpoint* address : {&destination, &source})
        if (std::ranges::any_of(directory.find(*address, when), &sdp_media::secure)) return true;
    return false;
}

} // namespace replay
