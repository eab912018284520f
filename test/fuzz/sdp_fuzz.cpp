// Any text as SDP: what is found obeys the limits, each m= line has its place, and each format's
// text is read as it was written.
#include "reader.hpp"

#include <rtpsynth/rtp/sdp.hpp>

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

namespace {

using namespace rtpsynth;
using fuzz::check;

void check_format(const sdp_format& format) {
    check(format.payload_type <= 127 && format.fmtp.size() <= max_sdp_text);
    check(format.name.empty() == (format.clock_rate == 0));
    if (format.name.empty()) return;
    const std::string text = format.encoding();
    check(parse_rtpmap(text).value() == (rtpmap{format.name, format.clock_rate, format.channels}));
}

std::size_t media_lines(std::string_view text) {
    std::size_t lines = 0;
    for (bool inside = false; !text.empty();) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (inside && (line.size() < 2 || line[1] != '=' || line[0] == 'v')) break;
        if (line == "v=0" || line == "v=0\r") inside = true;
        if (inside && line[0] == 'm') ++lines;
    }
    return lines;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::vector<char> text(data, data + size);
    const auto description = parse_sdp({text.data(), text.size()});
    if (!description) return 0;
    check(description->media.size() ==
          std::min(media_lines({text.data(), text.size()}), max_sdp_media));
    for (const sdp_media& media : description->media) {
        check(media.formats.size() <= max_sdp_formats && media.cryptos.size() <= max_sdp_cryptos);
        check(media.formats.empty() || media.is_rtp());
        check(media.type.empty() == media.protocol.empty());
        check(!media.type.empty() || media == sdp_media{});
        check(media.ptime.value_or(duration{1}) > duration{});
        check(media.maxptime.value_or(duration{1}) > duration{});
        std::set<std::uint8_t> types;
        for (const sdp_format& format : media.formats) {
            check_format(format);
            check(types.insert(format.payload_type).second);
        }
    }
    return 0;
}
