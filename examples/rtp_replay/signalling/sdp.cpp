#include "signalling/sdp.hpp"

#include <rtpsynth/rtp/sdp.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <chrono>

namespace replay {
namespace {

/// All zeros, "anywhere", for a host name or none.
ip_address address_of(const rtpsynth::sdp_media& media) {
    ip_address address;
    address.v6 = media.ipv6;
    const int family = media.ipv6 ? AF_INET6 : AF_INET;
    if (inet_pton(family, media.address.c_str(), address.bytes.data()) != 1) return {};
    return address;
}

bool is_anywhere(const ip_address& address) {
    return std::ranges::all_of(address.bytes, [](std::uint8_t byte) { return byte == 0; });
}

protection protection_of(const rtpsynth::sdp_media& media) {
    if (media.is_secure()) return protection::required;
    return media.fingerprint || !media.cryptos.empty() ? protection::offered : protection::none;
}

std::optional<std::uint32_t> whole_ms(std::optional<rtpsynth::duration> ptime) {
    using std::chrono::milliseconds;
    if (!ptime || *ptime % milliseconds{1} != rtpsynth::duration{}) return std::nullopt;
    return static_cast<std::uint32_t>(*ptime / milliseconds{1});
}

sdp_media of_interest(const rtpsynth::sdp_media& media) {
    sdp_media found{
        {address_of(media), media.port}, protection_of(media), whole_ms(media.ptime), {}};
    for (const rtpsynth::sdp_format& format : media.formats)
        if (!format.name.empty())
            found.payloads.push_back(
                {format.payload_type, format.name, format.format(), format.channels});
    return found;
}

} // namespace

std::vector<sdp_media> parse_sdp(std::string_view text) {
    const auto description = rtpsynth::parse_sdp(text);
    if (!description) return {};
    std::vector<sdp_media> all;
    endpoint bundle; // of the first medium with a port
    for (const rtpsynth::sdp_media& described : description->media) {
        if (!described.is_rtp()) continue;
        sdp_media media = of_interest(described);
        if (described.bundle_only && described.port == 0) media.address = bundle;
        if (bundle.port == 0) bundle = media.address;
        if (media.address.port != 0 && !is_anywhere(media.address.address))
            all.push_back(std::move(media));
    }
    return all;
}

} // namespace replay
