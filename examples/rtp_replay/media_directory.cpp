#include "media_directory.hpp"

#include <algorithm>

namespace replay {

void media_directory::learn(const sdp_media& media, rtpsynth::time_point arrival) {
    std::vector<entry>* entries = nullptr;
    if (const auto found = by_address_.find(media.address); found != by_address_.end())
        entries = &found->second;
    ++version_;
    if (entries) {
        // Sent again, or read in an earlier pass over the capture.
        const auto after = std::ranges::upper_bound(*entries, arrival, {}, &entry::arrival);
        if (after != entries->begin() && std::prev(after)->media == media) return;
    }
    if (payloads_ + media.payloads.size() + 1 > most_payloads ||
        (entries && entries->size() == most_of_an_address)) {
        ++left_out_;
        return;
    }
    payloads_ += media.payloads.size() + 1;
    if (!entries) entries = &by_address_[media.address];
    // Time stamps of a capture may go back.
    const auto at = std::ranges::upper_bound(*entries, arrival, {}, &entry::arrival);
    entries->insert(at, entry{arrival, media});
}

const sdp_media* media_directory::find(const endpoint& address, rtpsynth::time_point when) const {
    const auto found = by_address_.find(address);
    if (found == by_address_.end()) return nullptr;
    const auto after = std::ranges::upper_bound(found->second, when, {}, &entry::arrival);
    return after == found->second.begin() ? &after->media : &std::prev(after)->media;
}

const sdp_payload* media_directory::find(const endpoint& source, const endpoint& destination,
                                         std::uint8_t payload_type,
                                         rtpsynth::time_point when) const {
    for (const endpoint* address : {&destination, &source}) {
        const sdp_media* media = find(*address, when);
        if (!media) continue;
        const auto payload = std::ranges::find(media->payloads, payload_type, &sdp_payload::type);
        if (payload != media->payloads.end()) return &*payload;
    }
    return nullptr;
}

} // namespace replay
