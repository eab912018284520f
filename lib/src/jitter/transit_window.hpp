// The transit times of a stream's last packets: when each arrived, less when it was sent by the
// sender's clock. Only differences between them mean anything.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace rtpsynth::detail {

class transit_window {
public:
    static constexpr std::uint32_t span_us = 2'000'000;
    static constexpr std::size_t capacity = 192;

    void clear() noexcept { first_ = size_ = 0; }
    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }

    // Times in microseconds, \p transit within ±35 minutes. The packets older than span_us are
    // forgotten.
    void add(std::int64_t arrival, std::int64_t transit) noexcept {
        const auto now = static_cast<std::uint32_t>(arrival);
        while (size_ != 0 && (size_ == capacity || now - ring_[first_].arrival > span_us)) {
            first_ = (first_ + 1) % capacity;
            --size_;
        }
        constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
        ring_[(first_ + size_++) % capacity] = {
            now, static_cast<std::int32_t>(std::clamp(transit, -most, most))};
    }

    // The least transit of all. Precondition: not empty.
    std::int64_t least() const noexcept {
        std::int64_t least = at(0);
        for (std::size_t i = 1; i < size_; ++i) least = std::min(least, at(i));
        return least;
    }

    // The transit that no more than this share of the packets exceed. Preconditions: not empty,
    // 0 <= share <= 0.1.
    std::int64_t exceeded_by(double share) const noexcept {
        // The largest so far, in falling order: share·size and one more.
        std::array<std::int64_t, capacity / 10 + 2> top{};
        const std::size_t n = static_cast<std::size_t>(share * static_cast<double>(size_)) + 1;
        std::size_t count = 0;
        for (std::size_t i = 0; i < size_; ++i) {
            const std::int64_t x = at(i);
            if (count == n && x <= top[n - 1]) continue;
            std::size_t place = count == n ? n - 1 : count++;
            for (; place > 0 && top[place - 1] < x; --place) top[place] = top[place - 1];
            top[place] = x;
        }
        return top[n - 1];
    }

private:
    struct entry {
        std::uint32_t arrival; // modulo 2^32
        std::int32_t transit;
    };
    std::int64_t at(std::size_t i) const noexcept { return ring_[(first_ + i) % capacity].transit; }

    std::array<entry, capacity> ring_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

} // namespace rtpsynth::detail
