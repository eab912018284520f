// Hostile SIP and SDP: in one datagram, and over TCP in pieces whose sizes the input chooses and
// which must not change the result.

#include "signalling/sdp.hpp"
#include "signalling/sip.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace replay;

void check_sdp(std::string_view text) {
    for (const sdp_media& media : parse_sdp(text)) {
        if (media.address.port == 0 || media.payloads.size() > 128) std::abort();
        for (const sdp_payload& payload : media.payloads)
            if (payload.type > 127 || payload.name.empty() || payload.format.clock_rate == 0)
                std::abort();
    }
}

std::vector<std::string> bodies(std::span<const std::uint8_t> bytes, std::size_t piece) {
    sip_over_tcp tcp;
    std::vector<std::string> found;
    // The first piece shows that it is SIP.
    for (std::size_t size = bytes.size(); !bytes.empty(); size = piece) {
        size =
            std::min(size == bytes.size() ? std::max<std::size_t>(piece, 64) : size, bytes.size());
        const std::vector<std::uint8_t> copy(bytes.begin(),
                                             bytes.begin() + static_cast<std::ptrdiff_t>(size));
        tcp.receive({}, {}, copy, [&](std::string_view body) { found.emplace_back(body); });
        bytes = bytes.subspan(size);
    }
    return found;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t piece = data[0] + std::size_t{1};
    const std::vector<std::uint8_t> copy(data + 1, data + size);
    const std::string_view text(reinterpret_cast<const char*>(copy.data()), copy.size());
    check_sdp(text);
    check_sdp(sip_body(text));
    if (const auto message = parse_sip(text); message && message->size > text.size()) std::abort();
    const bool comparable = text.substr(0, 64).find("SIP/2.0") != std::string_view::npos;
    const auto whole = bodies(copy, copy.size());
    const auto pieces = bodies(copy, piece);
    if (comparable && whole != pieces) std::abort();
    for (const std::string& body : pieces) check_sdp(body);
    return 0;
}
