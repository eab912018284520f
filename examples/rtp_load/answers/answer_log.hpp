/// \file
/// RTP that comes back under another numbering than it was sent with.
#pragma once

#include "answers/playout_clock.hpp"

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/rtcp/receiver_stats.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace load {

/// What one peer's answers amount to.
struct answer_totals {
    std::uint64_t sources = 0;                         ///< SSRCs that proved themselves
    std::uint64_t received = 0;                        ///< datagrams of those
    std::uint64_t unique = 0;                          ///< packets, each once
    std::uint64_t missing = 0;                         ///< by their sequence numbers
    std::uint64_t duplicates = 0;                      ///< datagrams
    std::uint64_t reordered = 0;                       ///< packets
    std::uint64_t restarts = 0;                        ///< of the numbering of one SSRC
    std::uint64_t played = 0, late = 0, concealed = 0; ///< of the sources whose clock is known
    std::uint64_t strays = 0;   ///< datagrams of SSRCs that did not prove themselves
    rtpsynth::duration media{}; ///< from the first to the last packet, by their timestamps
    std::uint64_t timed = 0;    ///< sources whose clock is known: jitter is only theirs
    double mean_jitter_ms = 0;  ///< over those
    double max_jitter_ms = 0;
};

/// Measures what a peer sends in a numbering of its own, as a B2BUA or an SBC does: loss,
/// duplicates and order by its sequence numbers, jitter and playout by its timestamps. A source
/// proves itself by a second packet of its SSRC less than 100 sequence numbers from the first. At
/// most 8 do; what others send is stray.
class answer_log {
public:
    /// \param delay of the playout clock
    explicit answer_log(rtpsynth::duration delay) : delay_(delay) {}

    /// \throws std::bad_alloc
    void take(const rtpsynth::rtp_packet_view& packet, rtpsynth::time_point arrival);

    /// Nothing more comes. To be called once, last of all.
    answer_totals finish();

private:
    static constexpr std::size_t most_sources = 8;

    /// One that may prove itself.
    struct candidate {
        std::uint32_t ssrc = 0;
        std::uint16_t seq = 0;
        std::uint32_t timestamp = 0;
        rtpsynth::time_point arrival{};
        std::uint64_t copies = 0; // 0: unused
    };

    class source {
    public:
        source(std::uint32_t ssrc, std::uint8_t payload_type, rtpsynth::duration delay);

        std::uint32_t ssrc() const noexcept { return ssrc_; }
        void take(std::uint16_t seq, std::uint32_t timestamp, rtpsynth::time_point arrival);
        void add_to(answer_totals& totals);

    private:
        void begin(std::int64_t number, std::uint32_t timestamp,
                   rtpsynth::time_point arrival) noexcept;
        void end_segment(std::int64_t end) noexcept;
        void play(std::int64_t number, std::uint32_t timestamp,
                  rtpsynth::time_point arrival) noexcept;
        bool jumps(std::uint32_t timestamp, rtpsynth::time_point arrival) const noexcept;
        rtpsynth::duration media_time(std::int64_t units) const noexcept;

        std::uint32_t ssrc_;
        std::uint32_t clock_rate_; // 0: unknown
        rtpsynth::receiver_stats stats_;
        playout_clock clock_;
        // Since numbers or timestamps started anew; timestamps count from the first one's.
        std::int64_t highest_ = 0; // number
        std::uint32_t last_timestamp_ = 0;
        rtpsynth::time_point first_arrival_{}, last_arrival_{};
        std::int64_t units_ = 0;          // of the last packet
        std::int64_t furthest_units_ = 0; // of the packet with the highest number
        rtpsynth::duration media_{};      // until then
        bool begun_ = false;
        // What may be the first packet of a new numbering.
        std::uint32_t suspect_timestamp_ = 0;
        rtpsynth::time_point suspect_arrival_{};
    };

    source* find(std::uint32_t ssrc) noexcept;

    rtpsynth::duration delay_;
    std::vector<source> sources_;
    std::array<candidate, 4> candidates_{};
    std::size_t next_candidate_ = 0;
    std::uint64_t strays_ = 0;
};

} // namespace load
