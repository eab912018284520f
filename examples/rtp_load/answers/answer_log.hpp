/// \file
/// RTP that comes back under other numbers than it was sent with.
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

/// Totals of one peer's answers.
struct answer_totals {
    std::uint64_t sources = 0;                         ///< validated SSRCs
    std::uint64_t received = 0;                        ///< datagrams of those SSRCs
    std::uint64_t unique = 0;                          ///< packets without duplicates
    std::uint64_t missing = 0;                         ///< gaps in sequence numbers
    std::uint64_t duplicates = 0;                      ///< datagrams
    std::uint64_t reordered = 0;                       ///< packets
    std::uint64_t restarts = 0;                        ///< of an SSRC's numbers
    std::uint64_t played = 0, late = 0, concealed = 0; ///< of sources with a known clock rate
    std::uint64_t strays = 0;   ///< datagrams of SSRCs that were not validated
    rtpsynth::duration media{}; ///< from first to last packet, by timestamps
    std::uint64_t timed = 0;    ///< sources with a known clock rate; jitter is theirs
    double mean_jitter_ms = 0;  ///< mean over those
    double max_jitter_ms = 0;
};

/// Measures a peer that answers under its own numbers, as a B2BUA or an SBC does: loss, duplicates
/// and order by its sequence numbers, jitter and playout by its timestamps. A source is validated
/// by a second packet of its SSRC less than 100 sequence numbers from the first. At most 8 sources
/// are; packets of others are strays.
class answer_log {
public:
    /// \param delay playout delay
    explicit answer_log(rtpsynth::duration delay) : delay_(delay) {}

    /// \throws std::bad_alloc
    void take(const rtpsynth::rtp_packet_view& packet, rtpsynth::time_point arrival);

    /// Ends receiving and sums up. Call it once, last.
    answer_totals finish();

private:
    static constexpr std::size_t most_sources = 8;

    /// A source that is not validated yet.
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
        // Since numbers or timestamps last started anew; timestamps relative to the first.
        std::int64_t highest_ = 0; // number
        std::uint32_t last_timestamp_ = 0;
        rtpsynth::time_point first_arrival_{}, last_arrival_{};
        std::int64_t units_ = 0;          // timestamp of the last packet
        std::int64_t furthest_units_ = 0; // timestamp of the packet with the highest number
        rtpsynth::duration media_{};      // before that
        bool begun_ = false;
        // Possibly the first packet of a restart.
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
