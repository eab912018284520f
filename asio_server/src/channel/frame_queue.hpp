/// \file
/// Queue of frames for which no operation waits.
#pragma once

#include <rtpsynth/asio_server/channel/frame_receiver.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

namespace rtpsynth::asio_server::detail {

/// A FIFO in a ring that grows on demand. When it is full, the oldest frame is dropped.
class frame_queue {
public:
    /// \p limit: the maximum number of frames, 1 or more.
    explicit frame_queue(std::size_t limit) noexcept : limit_{limit} {}

    bool empty() const noexcept { return size_ == 0; }

    /// \return how many frames were lost: one, or none
    std::uint64_t push(media_frame&& f) noexcept {
        if (size_ == ring_.size() && !grow()) {
            if (size_ == 0) return 1;
            ring_[first_] = std::move(f);
            first_ = next(first_);
            return 1;
        }
        const std::size_t to_the_end = ring_.size() - first_;
        ring_[size_ < to_the_end ? first_ + size_ : size_ - to_the_end] = std::move(f);
        ++size_;
        return 0;
    }

    /// Precondition: not empty.
    media_frame pop() noexcept {
        media_frame f = std::exchange(ring_[first_], media_frame{});
        first_ = next(first_);
        --size_;
        return f;
    }

private:
    std::size_t next(std::size_t i) const noexcept { return i + 1 == ring_.size() ? 0 : i + 1; }

    bool grow() noexcept {
        if (size_ == limit_) return false;
        try {
            std::vector<media_frame> larger(std::min(limit_, std::max<std::size_t>(8, 2 * size_)));
            const auto from = ring_.begin() + static_cast<std::ptrdiff_t>(first_);
            std::move(ring_.begin(), from, std::move(from, ring_.end(), larger.begin()));
            ring_.swap(larger);
            first_ = 0;
            return true;
        } catch (const std::bad_alloc&) {
            return false;
        }
    }

    std::vector<media_frame> ring_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    std::size_t limit_;
};

} // namespace rtpsynth::asio_server::detail
