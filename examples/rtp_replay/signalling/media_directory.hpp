/// \file
/// What SDP says of media addresses over time.
#pragma once

#include "network/udp_packet.hpp"
#include "signalling/sdp.hpp"

#include <rtpsynth/base/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace replay {

/// Addresses are reused and descriptions replaced, so each description has its arrival time. Memory
/// is bounded; descriptions beyond the limits are counted.
class media_directory {
public:
    static constexpr std::size_t most_payloads = 200'000; // each medium counts as one, too
    static constexpr std::size_t most_of_an_address = 1000;

    /// Takes the media of one SDP body.
    void learn(std::span<const sdp_media> description, rtpsynth::time_point arrival);

    /// The media of \p address at \p when: by the latest description until then, or otherwise the
    /// first one after. Several may share an address (RFC 9143, BUNDLE). Empty if there is none.
    std::span<const sdp_media> find(const endpoint& address, rtpsynth::time_point when) const;
    /// The payload type of a packet from \p source to \p destination: by the receiver's description
    /// if there is one, since payload types are those to be received (RFC 3264 §5.1), otherwise by
    /// the sender's.
    const sdp_payload* find(const endpoint& source, const endpoint& destination,
                            std::uint8_t payload_type, rtpsynth::time_point when) const;

    /// Increases with every change.
    std::uint64_t version() const noexcept { return version_; }
    std::uint64_t left_out() const noexcept { return left_out_; }

private:
    struct entry {
        rtpsynth::time_point arrival;
        std::vector<sdp_media> media; // of one description, all with the same address
    };

    void learn_of_address(std::vector<sdp_media>&& media, rtpsynth::time_point arrival);

    std::map<endpoint, std::vector<entry>> by_address_; // in order of arrival
    std::size_t payloads_ = 0;
    std::uint64_t version_ = 0;
    std::uint64_t left_out_ = 0;
};

} // namespace replay
