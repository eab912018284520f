#include <rtpsynth/rtcp/detail/member_table.hpp>

#include <algorithm>
#include <limits>
#include <new>
#include <stdexcept>

namespace rtpsynth::detail {
namespace {

constexpr std::size_t first_slots = 8;
constexpr std::int64_t member_tick_ns = 62'500'000;

} // namespace

// At least 1, since 0 means free; a time before the epoch counts as the epoch.
std::uint32_t member_table::ticks(time_point t) const noexcept {
    if (t <= epoch_) return 1;
    const std::int64_t n = (t - epoch_).count() / member_tick_ns + 1;
    return static_cast<std::uint32_t>(
        std::min<std::int64_t>(n, std::numeric_limits<std::uint32_t>::max()));
}

// The slot of ssrc, or the free slot where it belongs. Precondition: there are slots, and one is
// free.
std::size_t member_table::find(std::uint32_t ssrc) const noexcept {
    std::size_t i = home(ssrc);
    while (slots_[i].heard != 0 && slots_[i].ssrc != ssrc) i = (i + 1) & (slots_.size() - 1);
    return i;
}

bool member_table::contains(std::uint32_t ssrc) const noexcept {
    return size_ != 0 && slots_[find(ssrc)].heard != 0;
}

bool member_table::heard(std::uint32_t ssrc, time_point now) noexcept {
    if (size_ == 0) epoch_ = now;
    if (!slots_.empty()) {
        slot& known = slots_[find(ssrc)];
        if (known.heard != 0) {
            known.heard = std::max(known.heard, ticks(now));
            return true;
        }
    }
    if (size_ >= bound_) return false;
    if (size_ + 1 > slots_.size() / 4 * 3 && !grow()) return false;
    slots_[find(ssrc)] = {ssrc, ticks(now)};
    ++size_;
    return true;
}

bool member_table::grow() noexcept {
    std::vector<slot> old;
    try {
        old.resize(slots_.empty() ? first_slots : slots_.size() * 2);
    } catch (const std::bad_alloc&) {
        return false;
    } catch (const std::length_error&) {
        return false;
    }
    old.swap(slots_);
    for (const slot& s : old) {
        if (s.heard != 0) slots_[find(s.ssrc)] = s;
    }
    return true;
}

// Frees a slot, and moves back the entries that it displaced.
void member_table::free_slot(std::size_t i) noexcept {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t j = (i + 1) & mask; slots_[j].heard != 0; j = (j + 1) & mask) {
        if (((j - home(slots_[j].ssrc)) & mask) >= ((j - i) & mask)) {
            slots_[i] = slots_[j];
            i = j;
        }
    }
    slots_[i] = {};
    --size_;
}

bool member_table::erase(std::uint32_t ssrc) noexcept {
    if (size_ == 0) return false;
    const std::size_t i = find(ssrc);
    if (slots_[i].heard == 0) return false;
    free_slot(i);
    return true;
}

std::size_t member_table::expire(time_point limit) noexcept {
    if (size_ == 0 || limit <= epoch_) return 0;
    const std::uint32_t oldest = ticks(limit);
    const std::size_t before = size_;
    for (std::size_t i = 0; i < slots_.size();) {
        // An entry that moves into this slot is checked next. One that moves from the front of the
        // table to its end, or within the front, was checked before.
        if (slots_[i].heard != 0 && slots_[i].heard < oldest)
            free_slot(i);
        else
            ++i;
    }
    return before - size_;
}

} // namespace rtpsynth::detail
