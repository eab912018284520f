/// \file
/// Memory of the erasures of a jitter buffer in C.
#pragma once

#include <rtpjbuf.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace rtpsynth::detail {

/// The erasures that the latest call on a buffer returned. Each precedes a packet, so there are at
/// most as many as packets in the buffer, the suspect included, plus those that the call adds.
class erasure_list {
public:
    /// Discards the erasures of the previous call and makes room for as many as the next one may
    /// need; false without memory. A large array is not kept for a buffer that needs a small one.
    [[nodiscard]] bool begin(std::size_t needed) noexcept {
        used_ = 0;
        if (needed <= room_ && (room_ <= usual_room || room_ / 4 <= needed)) return true;
        return needed <= most_room && resize(needed + needed / 2);
    }

    /// The next erasure, to be filled in. Precondition: begin() made room for it.
    rtp_frame* next() noexcept { return &frames_[used_++]; }

private:
    static constexpr std::size_t usual_room = 32;
    static constexpr std::size_t most_room = PTRDIFF_MAX / sizeof(rtp_frame) / 2;

    bool resize(std::size_t room) noexcept {
        std::unique_ptr<rtp_frame[]> fresh(new (std::nothrow) rtp_frame[room]);
        if (!fresh) return false;
        frames_ = std::move(fresh);
        room_ = room;
        return true;
    }

    std::unique_ptr<rtp_frame[]> frames_;
    std::size_t room_ = 0;
    std::size_t used_ = 0;
};

} // namespace rtpsynth::detail
