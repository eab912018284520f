// The transit times of a stream's last packets: when each arrived, less when it was sent by the
// sender's clock. Only differences between them mean anything.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace rtpsynth::detail {

//
// What is asked after each packet is kept, and looked for again only if a packet that came or was
// forgotten may have changed it: of a hundred packets in the window, few do.
class transit_window {
public:
    static constexpr std::uint32_t span_us = 2'000'000;
    static constexpr std::size_t capacity = 192;

    void clear() noexcept {
        first_ = size_ = 0;
        has_least_ = false;
        above_ = 0;
    }
    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }

    // Times in microseconds, \p transit within ±35 minutes. The packets older than span_us are
    // forgotten.
    void add(std::int64_t arrival, std::int64_t transit) noexcept {
        const auto now = static_cast<std::uint32_t>(arrival);
        while (size_ != 0 && (size_ == capacity || now - ring_[first_].arrival > span_us)) {
            if (ring_[first_].transit <= least_) has_least_ = false;
            if (ring_[first_].transit >= exceeded_) above_ = 0;
            first_ = (first_ + 1) % capacity;
            --size_;
        }
        constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
        const auto added = static_cast<std::int32_t>(std::clamp(transit, -most, most));
        ring_[(first_ + size_++) % capacity] = {now, added};
        if (added < least_) least_ = added;
        if (added > exceeded_) above_ = 0;
    }

    // The least transit of all. Precondition: not empty.
    std::int64_t least() noexcept {
        if (!has_least_) {
            least_ = std::numeric_limits<std::int32_t>::max();
            for_each([&](std::int32_t x) { least_ = std::min(least_, x); });
            has_least_ = true;
        }
        return least_;
    }

    // The transit that no more than this share of the packets exceed. Preconditions: not empty,
    // 0 <= share <= 0.1.
    std::int64_t exceeded_by(double share) noexcept {
        const auto n = static_cast<std::size_t>(share * static_cast<double>(size_)) + 1;
        if (n != above_) {
            exceeded_ = largest_but(n - 1);
            above_ = n;
        }
        return exceeded_;
    }

private:
    struct entry {
        std::uint32_t arrival; // modulo 2^32
        std::int32_t transit;
    };

    template <class Visitor>
    void for_each(Visitor visit) const noexcept {
        const std::size_t ahead = std::min(size_, capacity - first_);
        for (std::size_t i = 0; i < ahead; ++i) visit(ring_[first_ + i].transit);
        for (std::size_t i = 0; i < size_ - ahead; ++i) visit(ring_[i].transit);
    }

    // \p n are larger, or equal.
    std::int32_t largest_but(std::size_t n) const noexcept {
        std::array<std::int32_t, capacity / 10 + 2> top{}; // the largest so far, in falling order
        std::size_t count = 0;
        for_each([&](std::int32_t x) {
            if (count > n && x <= top[n]) return;
            std::size_t place = count > n ? n : count++;
            for (; place > 0 && top[place - 1] < x; --place) top[place] = top[place - 1];
            top[place] = x;
        });
        return top[n];
    }

    std::array<entry, capacity> ring_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    std::int32_t least_ = 0; // of all, if has_least_
    bool has_least_ = false;
    std::int32_t exceeded_ = 0; // by above_ - 1 packets; above_ is 0 if it is not known
    std::size_t above_ = 0;
};

} // namespace rtpsynth::detail
