// Where a packet belongs in a stream, and whether it belongs there at all.
#pragma once

#include <rtpsynth/rtp/packet.hpp>
#include <rtpsynth/rtp/sequence.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>

namespace rtpsynth::detail {

// ticks·to/from, rounded down, without overflow for rates and |ticks| below 2^32.
constexpr std::int64_t convert(std::int64_t ticks, std::uint32_t from, std::uint32_t to) noexcept {
    const std::int64_t product = ticks * std::int64_t{to};
    const std::int64_t quotient = product / std::int64_t{from};
    return quotient - (product % std::int64_t{from} < 0 ? 1 : 0);
}

struct packet_place {
    std::int64_t lseq;     // number without wraps
    std::int64_t position; // of its first sample, at the playout's rate
    std::int64_t transit;  // µs
};

class stream_numbering {
public:
    static constexpr int max_dropout = 3000;
    static constexpr std::int64_t max_jump_us = 5'000'000;

    explicit stream_numbering(std::uint32_t rate) noexcept : rate_(rate) {}

    bool has_begun() const noexcept { return has_begun_; }
    std::uint32_t ssrc() const noexcept { return ssrc_; }
    // The largest number so far.
    std::int64_t newest() const noexcept { return lseq_; }
    // The position behind the newest packet whose timestamp counts.
    std::int64_t end() const noexcept { return newest_ + static_cast<std::int64_t>(samples_); }

    // A stream begins: \p packet has this number and position. \p clock: of its timestamps, Hz.
    packet_place begin(const rtp_packet_view& packet, std::uint32_t clock, std::int64_t lseq,
                       std::size_t samples, std::int64_t position,
                       std::int64_t arrival_us) noexcept {
        before_ = {};
        has_begun_ = true;
        ssrc_ = packet.ssrc();
        reference_ = {clock, packet.timestamp(), position};
        began_ = lseq;
        count(lseq, samples, position, arrival_us - microseconds(position));
        return {lseq, position, transit_};
    }

    // The place of a packet of media or comfort noise, which has so many samples; nullopt if it
    // does not fit the stream. A clock of 0 is that of the packet before. Where the clock rate has
    // changed, \p follows is its position, if no packet is missing before it. Precondition:
    // has_begun().
    std::optional<packet_place> place(const rtp_packet_view& packet, std::uint32_t clock,
                                      std::size_t samples, std::int64_t follows,
                                      std::int64_t arrival_us) noexcept {
        const auto lseq = number(packet);
        if (!lseq) return std::nullopt;
        // One that the first of another clock has overtaken is told by the clock before.
        const bool is_before =
            *lseq < began_ && before_.clock != 0 && (clock == before_.clock || clock == 0);
        const reference& r = is_before ? before_ : reference_;
        // What can't be decoded is as long as the packet before; noise has no length.
        const std::size_t length = samples == 0 && clock != 0 ? samples_ : samples;
        if (clock == 0) clock = r.clock;
        if (clock != r.clock) {
            if (*lseq <= timed_) return std::nullopt;
            const reference before = reference_;
            const auto missing =
                std::max<std::int64_t>(*lseq - lseq_ - 1, 0) * static_cast<std::int64_t>(samples_);
            const std::int64_t most = max_jump_us / 1'000'000 * rate_;
            const auto place =
                begin(packet, clock, *lseq, length, follows + std::min(missing, most), arrival_us);
            before_ = before;
            return place;
        }
        const std::int64_t position =
            r.position +
            convert(static_cast<std::int32_t>(packet.timestamp() - r.timestamp), clock, rate_);
        const std::int64_t transit = arrival_us - microseconds(position);
        if (std::abs(transit - transit_) > max_jump_us) return std::nullopt;
        if (!agree(*lseq, samples, position)) return std::nullopt;
        if (*lseq > timed_) {
            if (position - r.position >= std::int64_t{rate_}) advance(position - r.position);
            count(*lseq, length, position, transit);
        }
        return packet_place{*lseq, position, transit};
    }

    // The number of a packet whose timestamp does not count; nullopt if it does not fit the stream.
    std::optional<std::int64_t> number(const rtp_packet_view& packet) const noexcept {
        if (packet.ssrc() != ssrc_) return std::nullopt;
        const std::int64_t lseq = unwrap_seq(packet.seq(), lseq_);
        if (std::abs(lseq - lseq_) > max_dropout) return std::nullopt;
        return lseq;
    }
    // It is counted as the newest, if it is.
    void pass(std::int64_t lseq) noexcept { lseq_ = lseq > lseq_ ? lseq : lseq_; }

    std::int64_t microseconds(std::int64_t position) const noexcept {
        const std::int64_t rate = rate_;
        return position / rate * 1'000'000 + position % rate * 1'000'000 / rate;
    }

private:
    struct reference {
        std::uint32_t clock = 0; // Hz; 0: none
        std::uint32_t timestamp = 0;
        std::int64_t position = 0; // that the timestamp stands for
    };

    // Whether a number and a position may be so far from the newest packet's. A sender may pause,
    // but each packet has audio.
    bool agree(std::int64_t lseq, std::size_t samples, std::int64_t position) const noexcept {
        const std::int64_t ahead = position - newest_;
        if (lseq == timed_) return ahead == 0;
        if (lseq < timed_) return ahead <= 0;
        const auto least = static_cast<std::int64_t>(std::min(samples_, samples));
        return ahead >= 0 && (lseq - lseq_ <= 1 || 2 * ahead >= (lseq - lseq_) * least);
    }

    void count(std::int64_t lseq, std::size_t samples, std::int64_t position,
               std::int64_t transit) noexcept {
        timed_ = lseq;
        pass(lseq);
        newest_ = position;
        samples_ = samples;
        transit_ = transit;
    }

    // Moves the reference by whole seconds, in which no fraction of a sample is lost.
    void advance(std::int64_t by) noexcept {
        const std::int64_t seconds = by / rate_;
        reference_.timestamp += static_cast<std::uint32_t>(seconds) * reference_.clock;
        reference_.position += seconds * rate_;
    }

    std::uint32_t rate_;
    bool has_begun_ = false;
    std::uint32_t ssrc_ = 0;
    std::int64_t lseq_ = 0;
    reference reference_;
    reference before_;       // of another clock, before the packet began_
    std::int64_t began_ = 0; // number of the first packet of this clock
    // Of the newest packet whose timestamp counts.
    std::int64_t timed_ = 0;  // its number
    std::int64_t newest_ = 0; // its position
    std::size_t samples_ = 0;
    std::int64_t transit_ = 0;
};

} // namespace rtpsynth::detail
