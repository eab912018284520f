/// \file
/// Internal: how far a stream has been handed out, and how far another packet is from that.
#pragma once

#include <rtpsynth/jitter/detail/stream_pace.hpp>
#include <rtpsynth/rtp/sequence.hpp>

#include <algorithm>
#include <cstdint>

namespace rtpsynth::detail {

/// Numbers the packets of a stream, and of the streams that follow it in the same buffer. Its
/// reference is the packet handed out last, or, before there is one, the first that was put in.
class output_position {
public:
    /// Whether a packet of any stream has been handed out, and top() says which.
    bool has_top() const noexcept { return has_top_; }
    /// The newest number handed out.
    std::int64_t top() const noexcept { return top_; }
    /// Whether top() is of the current stream.
    bool has_last() const noexcept { return has_last_; }

    /// The least number that a packet of the current stream may have.
    std::int64_t base() const noexcept { return has_last_ ? top_ + 1 : least_; }

    std::uint32_t ssrc() const noexcept { return ssrc_; }

    /// How many numbers \p packet comes after the next one, modulo 2^16. Precondition: has_last().
    template <class Packet>
    std::uint16_t beyond_next(const Packet& packet) const noexcept {
        return static_cast<std::uint16_t>(packet.seq() - static_cast<std::uint16_t>(top_ + 1));
    }

    /// Counts the packet that is next in sequence as handed out. Precondition: has_last().
    template <class Packet>
    void follow(const Packet& packet) noexcept {
        pace_.learn(packet.timestamp() - timestamp_);
        timestamp_ = packet.timestamp();
        ++top_;
    }

    /// The number of a stream's first packet, above every number handed out before.
    std::int64_t first_lseq(std::uint16_t seq) const noexcept {
        return has_top_ ? ((top_ >> 16) + 2) * 65536 + seq : seq;
    }

    /// A stream begins with \p packet.
    template <class Packet>
    void begin(const Packet& packet, std::int64_t lseq) noexcept {
        first_ = least_ = lseq;
        timestamp_ = packet.timestamp();
        ssrc_ = packet.ssrc();
    }

    /// A packet numbered \p lseq is put in before anything is handed out of the stream.
    void include(std::int64_t lseq) noexcept { least_ = std::min(least_, lseq); }

    /// The reference's number. Precondition: has_last(), or the stream has begun.
    std::int64_t reference() const noexcept { return has_last_ ? top_ : first_; }

    /// Whether a packet \p ahead of the reference is behind it (less than 0) while its timestamp is
    /// not.
    template <class Packet>
    bool is_from_behind_anew(const Packet& packet, std::int64_t ahead) const noexcept {
        return ahead < 0 && !pace_.is_old(packet.timestamp() - timestamp_, -ahead);
    }

    /// How many packets were lost before \p packet; negative if it does not continue the stream.
    /// Precondition: has_last().
    template <class Packet>
    std::int64_t lost_before(const Packet& packet) const noexcept {
        if (packet.ssrc() != ssrc_) return -1;
        const auto numbers = static_cast<std::uint16_t>(packet.seq() - top_);
        return pace_.packets_lost(packet.timestamp() - timestamp_, numbers);
    }

    /// Ends the stream. The next packet begins another.
    void end() noexcept {
        has_last_ = false;
        pace_.reset();
    }

    /// Skips what is missing before \p packet, which is numbered \p lseq. Its step is not learnt.
    /// \return the timestamp units that the missing packets span; 0 at a stream's first packet
    template <class Packet>
    std::uint32_t pass_over(const Packet& packet, std::int64_t lseq) noexcept {
        std::uint32_t span = 0;
        if (has_last_) {
            span = pace_.lost_span(packet.timestamp() - timestamp_,
                                   static_cast<std::uint64_t>(lseq - 1 - top_));
        }
        has_last_ = has_top_ = true;
        top_ = lseq - 1;
        timestamp_ = packet.timestamp();
        return span;
    }

private:
    std::int64_t top_ = 0;
    std::int64_t first_ = 0; // until has_last_: the reference's number, and the least one
    std::int64_t least_ = 0;
    std::uint32_t timestamp_ = 0; // of the reference
    std::uint32_t ssrc_ = 0;
    stream_pace pace_;
    bool has_top_ = false;
    bool has_last_ = false;
};

} // namespace rtpsynth::detail
