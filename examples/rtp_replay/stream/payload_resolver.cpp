#include "stream/payload_resolver.hpp"

#include <algorithm>
#include <span>

namespace replay {
namespace {

constexpr std::uint32_t video_clock_rate = 90'000; // RFC 3551 §5
constexpr std::uint8_t l16_stereo = 10;            // RFC 3551 §6
constexpr std::uint8_t old_comfort_noise = 19;     // in drafts before RFC 3389, reserved since

/// One side's position on SRTP.
enum class opinion { none, no, perhaps, yes };

/// Summarises the media of one address, which may offer both for the other side to choose.
opinion opinion_of(std::span<const sdp_media> all) {
    const auto is = [](protection p) {
        return [p](const sdp_media& media) { return media.srtp == p; };
    };
    if (all.empty()) return opinion::none;
    if (std::ranges::all_of(all, is(protection::required))) return opinion::yes;
    return std::ranges::all_of(all, is(protection::none)) ? opinion::no : opinion::perhaps;
}

} // namespace

void payload_resolver::describe(payload_use& use, const endpoint& source,
                                const endpoint& destination, rtpsynth::time_point when) const {
    using rtpsynth::payload_kind;
    const sdp_payload* told = directory.find(source, destination, use.type, when);
    use.format = told ? told->format : rtpsynth::static_format(use.type);
    use.encoding = told ? told->name : std::string{};
    use.channels = told ? told->channels : use.type == l16_stereo ? 2 : 1;
    if (!told && use.type == old_comfort_noise) {
        use.format = {8000, payload_kind::comfort_noise};
        use.encoding = "CN";
    }
    const auto given = clock_rates.find(use.type);
    if (given == clock_rates.end()) return;
    use.format.clock_rate = given->second;
    // A rate alone does not distinguish events from audio; 90 kHz means video.
    if (use.format.kind == payload_kind::unknown && given->second == video_clock_rate)
        use.format.kind = payload_kind::media;
}

bool payload_resolver::is_secure(const endpoint& source, const endpoint& destination,
                                 rtpsynth::time_point when) const {
    const opinion receiver = opinion_of(directory.find(destination, when));
    const opinion sender = opinion_of(directory.find(source, when));
    if (receiver == opinion::none || sender == opinion::none)
        return receiver == opinion::yes || sender == opinion::yes;
    return receiver != opinion::no && sender != opinion::no;
}

} // namespace replay
