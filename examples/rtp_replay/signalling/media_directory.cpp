#include "signalling/media_directory.hpp"

#include <algorithm>
#include <utility>

namespace replay {

void media_directory::learn(std::span<const sdp_media> description, rtpsynth::time_point arrival) {
    std::map<endpoint, std::vector<sdp_media>> by_address;
    for (const sdp_media& media : description) by_address[media.address].push_back(media);
    for (auto& [address, media] : by_address) learn_of_address(std::move(media), arrival);
}

void media_directory::learn_of_address(std::vector<sdp_media>&& media,
                                       rtpsynth::time_point arrival) {
    const endpoint address = media.front().address;
    std::vector<entry>* entries = nullptr;
    if (const auto found = by_address_.find(address); found != by_address_.end())
        entries = &found->second;
    ++version_;
    if (entries) {
        // Retransmitted, or known from an earlier pass.
        const auto after = std::ranges::upper_bound(*entries, arrival, {}, &entry::arrival);
        if (after != entries->begin() && std::prev(after)->media == media) return;
    }
    std::size_t size = media.size();
    for (const sdp_media& medium : media) size += medium.payloads.size();
    if (payloads_ + size > most_payloads || (entries && entries->size() == most_of_an_address)) {
        left_out_ += media.size();
        return;
    }
    payloads_ += size;
    if (!entries) entries = &by_address_[address];
    // Time stamps of a capture may go back.
    const auto at = std::ranges::upper_bound(*entries, arrival, {}, &entry::arrival);
    entries->insert(at, entry{arrival, std::move(media)});
}

std::span<const sdp_media> media_directory::find(const endpoint& address,
                                                 rtpsynth::time_point when) const {
    const auto found = by_address_.find(address);
    if (found == by_address_.end()) return {};
    const auto after = std::ranges::upper_bound(found->second, when, {}, &entry::arrival);
    return after == found->second.begin() ? after->media : std::prev(after)->media;
}

const sdp_payload* media_directory::find(const endpoint& source, const endpoint& destination,
                                         std::uint8_t payload_type,
                                         rtpsynth::time_point when) const {
    for (const endpoint* address : {&destination, &source}) {
        for (const sdp_media& media : find(*address, when)) {
            const auto payload =
                std::ranges::find(media.payloads, payload_type, &sdp_payload::type);
            if (payload != media.payloads.end()) return &*payload;
        }
    }
    return nullptr;
}

} // namespace replay
