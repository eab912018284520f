#include <rtpsynth/asio_server/channel/source_lock.hpp>

#include "channel/same_endpoint.hpp"

#include <rtpsynth/rtp/datagram_kind.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <algorithm>
#include <stdexcept>

namespace rtpsynth::asio_server {

using detail::same_endpoint;

source_lock::source_lock(const source_lock_options& options) : options_{options} {
    if (options.probation < 1 || options.probation > source_lock_options::max_probation)
        throw std::invalid_argument("source_lock: probation must be 1..64 packets");
}

bool source_lock::accept(std::span<const std::uint8_t> datagram, const endpoint& source,
                         const endpoint* target) noexcept {
    switch (options_.policy) {
    case source_policy::any:
        return true;
    case source_policy::target:
        return target && same_endpoint(source, *target);
    case source_policy::first:
        return locked_ ? same_endpoint(source, *locked_) : prove(datagram, source);
    }
    return false;
}

bool source_lock::prove(std::span<const std::uint8_t> datagram, const endpoint& source) noexcept {
    rtp_packet_view packet;
    if (classify(datagram) != datagram_kind::rtp ||
        packet.assign(datagram.data(), datagram.size()) != errc{})
        return false;

    const auto known =
        std::find_if(candidates_.begin(), candidates_.end(), [&](const candidate& c) {
            return c.heard != 0 && c.ssrc == packet.ssrc() && same_endpoint(c.source, source);
        });
    candidate& c = known != candidates_.end() ? *known : place_for(source);
    const bool next =
        known != candidates_.end() && packet.seq() == static_cast<std::uint16_t>(c.seq + 1);
    c = {source, ++count_, packet.ssrc(), packet.seq(), next ? c.in_sequence + 1 : 1};
    if (c.in_sequence < options_.probation) return false;
    locked_ = source;
    return true;
}

source_lock::candidate& source_lock::place_for(const endpoint& source) noexcept {
    candidate* best = nullptr;
    std::ptrdiff_t most = 0;
    for (candidate& c : candidates_) {
        if (c.heard == 0) return c;
        const auto streams = std::count_if(candidates_.begin(), candidates_.end(),
                                           [&](const candidate& other) {
                                               return same_endpoint(other.source, c.source);
                                           }) +
                             same_endpoint(c.source, source);
        if (!best || streams > most || (streams == most && c.heard < best->heard)) {
            best = &c;
            most = streams;
        }
    }
    return *best;
}

std::optional<source_lock::endpoint> source_lock::locked() const noexcept { return locked_; }

void source_lock::reset() noexcept {
    locked_.reset();
    candidates_ = {};
    count_ = 0;
}

} // namespace rtpsynth::asio_server
