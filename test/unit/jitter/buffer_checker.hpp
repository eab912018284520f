/// \file
/// Checks what every jitter buffer guarantees, whatever is put into it.
#pragma once

#include <rtpsynth/jitter/buffer.hpp>

#include <bitset>
#include <cstddef>
#include <cstdint>

/// A sink that checks that each packet comes out once, and that the logical sequence numbers are
/// contiguous and rising. An owner is the packet's place among up to \p N, one of up to 256.
template <std::size_t N>
struct promise_checker {
    using buffer = rtpsynth::jitter_buffer<std::uint8_t>;

    std::bitset<N> inside; ///< of the packets that were put in, those that did not come out
    bool right = true;

    void operator()(buffer::frame&& f) {
        take(f.owner);
        follow(f.lseq, f.lseq);
        if ((f.lseq & 0xffff) != f.packet.seq()) right = false;
    }
    void operator()(const rtpsynth::erasure& gap) {
        follow(gap.lseq_start, gap.lseq_end);
        if (gap.restart && gap.ts_diff != 0) right = false;
    }
    void operator()(rtpsynth::drop_reason, buffer::frame&& f) { take(f.owner); }

    /// Whether the buffer holds what it should: only a suspect is not counted by its size().
    bool agrees_with(const buffer& b) const {
        const std::size_t suspects = inside.count() - b.size();
        return right && suspects == (b.has_suspect() ? 1U : 0U) && b.size() < b.capacity();
    }

private:
    void take(std::uint8_t place) {
        if (!inside[place]) right = false;
        inside[place] = false;
    }
    void follow(std::int64_t start, std::int64_t end) {
        if ((started_ && start != next_) || end < start) right = false;
        started_ = true;
        next_ = end + 1;
    }

    std::int64_t next_ = 0;
    bool started_ = false;
};
