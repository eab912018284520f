/// \file
/// A hierarchical timer wheel with exact deadlines, for many timers that one system timer drives.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace rtpsynth {

/// \addtogroup base
/// \{

/// Holds any number of armed timers and fires those that are due in order of their deadlines. It
/// allocates nothing: a timer is a base class of the caller's object and contains its own links.
///
/// Structure: 9 levels of 64 slots. A slot is 16 µs wide at level 0 and 64 times wider at each
/// level above, which covers the whole range of time_point. A timer is kept at the finest level
/// that reaches its deadline. A slot is an unordered list of timers. When the time of a slot of a
/// higher level has come, its timers move to the level below. When the time of a slot of level 0
/// has come, or next_deadline() needs the earliest timer of a slot, the list is ordered to the
/// nanosecond by building a pairing heap from it. Bitmaps of the occupied slots find the next one
/// in constant time per level.
///
/// Cost, where k is the number of timers in the next occupied slot:
/// - arm: O(1);
/// - cancel: O(1); amortised O(log k) in the next occupied slot;
/// - fire: amortised O(log k), after at most one move per level;
/// - next_deadline: O(1) per level in use, plus ordering the next occupied slot: O(k) in total for
///   the timers that were armed there since it was ordered last.
///
/// 4.6 KiB for the wheel and 48 bytes (64-bit) per timer.
///
/// Lifetimes: a timer cancels itself when it is destroyed, and a wheel cancels the timers armed in
/// it, so either may be destroyed first. Neither can be copied or moved.
///
/// Threads: not thread-safe. A wheel, its timers and all calls on them belong to one executor.
class RTPSYNTH_API timer_wheel {
public:
    class timer;

    /// \p now is the time on the caller's clock. Any time_point is valid.
    explicit timer_wheel(time_point now) noexcept : base_{to_key(now)}, now_{base_} {}
    /// Cancels all timers. Precondition: no advance() of this wheel is running.
    ~timer_wheel();
    timer_wheel(const timer_wheel&) = delete;
    timer_wheel& operator=(const timer_wheel&) = delete;

    /// Arms \p t to fire once, at the first advance() whose time is \p deadline or later. A timer
    /// that is armed, in this wheel or another, is cancelled first.
    ///
    /// Any deadline is accepted. A deadline in the past fires at once: one before the time of the
    /// latest advance() (at first: of construction) counts as that time. A timer that is always
    /// overdue therefore fires after those that were due by then, and not before them.
    void arm(timer& t, time_point deadline) noexcept;

    /// The earliest deadline of all armed timers, as timer::deadline() returns it; nullopt if none
    /// is armed.
    std::optional<time_point> next_deadline() noexcept;

    bool empty() const noexcept { return levels_ == 0; }

    /// What an advance() did.
    struct progress {
        std::size_t fired; ///< at most the budget
        bool more;         ///< some may still be due: call again, after other work if there is any
    };

    /// Fires the timers that are due at \p now: disarms each one and calls \p visit(timer&) with
    /// it, in order of deadline, and in order of arming where deadlines are equal.
    ///
    /// \p budget limits the work of one call. The call ends with `more` set when that many timers
    /// have fired, or when 16 times as many steps were spent on ordering slots. Repeated calls
    /// finish for any budget but 0. While `more` is set, call again instead of next_deadline(),
    /// which would do the rest of the ordering at once.
    ///
    /// \p visit may arm and cancel any timer, destroy any timer (also the one it is called with)
    /// and call next_deadline(). A timer that it arms does not fire in this call even if it is
    /// overdue: each timer fires at most once per call, so the call always ends. A call from inside
    /// \p visit does nothing and returns {0, false}. \p visit must not destroy the wheel.
    ///
    /// An exception that \p visit throws is passed on; the timer it was called with has fired, and
    /// the others stay armed. \p now may be any time, even before that of earlier calls.
    template <class Visitor>
    progress advance(time_point now, std::size_t budget, Visitor&& visit);

private:
    using key = std::uint64_t; // a time_point's count plus 2^63: unsigned, in the same order

    static constexpr unsigned level_count = 9;
    static constexpr unsigned slot_bits = 6;        // a bitmap of one word per level
    static constexpr unsigned resolution_bits = 14; // one slot of level 0 is 2^14 ns
    static constexpr std::size_t slot_count = std::size_t{level_count} << slot_bits;
    static_assert(resolution_bits + level_count * slot_bits >= 64, "covers all of time_point");

    static constexpr key bias = key{1} << 63;
    static constexpr key to_key(time_point t) noexcept {
        return static_cast<key>(t.time_since_epoch().count()) ^ bias;
    }
    static constexpr time_point to_time(key k) noexcept {
        return time_point{duration{static_cast<duration::rep>(k ^ bias)}};
    }
    static constexpr unsigned shift(unsigned level) noexcept {
        return resolution_bits + level * slot_bits;
    }

    static constexpr std::size_t steps_per_unit = 16; // of advance()'s budget
    static constexpr std::size_t unlimited = static_cast<std::size_t>(-1);

    static bool earlier(const timer& a, const timer& b) noexcept;
    static void adopt(timer& parent, timer& child) noexcept;
    static bool order(timer** list, std::size_t& allowance) noexcept;
    bool spread(std::size_t slot, std::size_t& allowance) noexcept;

    std::size_t slot_of(key k) const noexcept;
    void place(timer& t) noexcept;
    void remove(timer& t) noexcept;
    void vacate(std::size_t slot) noexcept;
    bool find_first(key horizon, std::size_t& allowance, timer*& first) noexcept;

    // At most the earliest armed deadline. Timers that were armed while the clock ran backwards are
    // the exception: they are kept where a deadline of base_ would be. Never later than the clock.
    // Each level's slots, counted from the slot of base_, are in order of time, and a slot never
    // holds timers of two revolutions of the wheel.
    key base_;
    key now_;                      // of the latest advance()
    std::uint64_t next_order_ = 0; // of the next timer to be armed
    std::uint32_t levels_ = 0;     // bit i: level i has an occupied slot
    bool advancing_ = false;
    std::array<std::uint64_t, level_count> occupied_{}; // bit i: slot i of the level is not empty
    std::array<timer*, slot_count> slots_{};            // lists of trees; most trees are one timer
};

/// Base class of an object with a timer. Cast back to the object in the visitor. The destructor
/// cancels the timer.
class timer_wheel::timer {
public:
    timer() = default;
    ~timer() { cancel(); }
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;

    bool armed() const noexcept { return link_ != nullptr; }

    /// The time at which the timer fires, or fired last: the deadline given to arm(), or the time
    /// of the latest advance() if the deadline was before it. time_point::min() if it was never
    /// armed.
    time_point deadline() const noexcept { return to_time(key_); }

    /// Disarms; false if it was not armed.
    bool cancel() noexcept {
        if (!armed()) return false;
        wheel_->remove(*this);
        return true;
    }

private:
    friend timer_wheel;

    timer** link_ = nullptr; // what points here: a slot, the parent's child_ or a sibling's next_
    timer* next_ = nullptr;  // sibling
    timer* child_ = nullptr; // first of those that are not earlier
    key key_ = 0;
    std::uint64_t order_ = 0; // of arming, to decide between equal deadlines
    timer_wheel* wheel_ = nullptr;
};

inline bool timer_wheel::earlier(const timer& a, const timer& b) noexcept {
    return a.key_ != b.key_ ? a.key_ < b.key_ : a.order_ < b.order_;
}

inline std::size_t timer_wheel::slot_of(key k) const noexcept {
    const key place = std::max(k, base_);
    const auto width =
        static_cast<unsigned>(std::bit_width((place - base_) >> resolution_bits | 1));
    unsigned level = (width - 1) / slot_bits;
    // A slot of this level can be up to 63 slots ahead of the slot of base_; the 64th would be the
    // same slot.
    if ((place >> shift(level)) - (base_ >> shift(level)) > 63) ++level;
    return std::size_t{level} << slot_bits | (place >> shift(level) & 63);
}

inline void timer_wheel::arm(timer& t, time_point deadline) noexcept {
    t.cancel();
    t.wheel_ = this;
    t.key_ = std::max(to_key(deadline), now_);
    t.order_ = next_order_++;
    t.child_ = nullptr;
    place(t);
}

inline void timer_wheel::place(timer& t) noexcept {
    const std::size_t slot = slot_of(t.key_);
    t.next_ = slots_[slot];
    t.link_ = &slots_[slot];
    slots_[slot] = &t;
    if (t.next_) {
        t.next_->link_ = &t.next_;
    } else {
        occupied_[slot >> slot_bits] |= std::uint64_t{1} << (slot & 63);
        levels_ |= 1U << (slot >> slot_bits);
    }
}

// Removes a timer from its list. Its children take its place: unchanged if nothing follows them,
// since they can be ordered later; otherwise merged into one tree.
inline void timer_wheel::remove(timer& t) noexcept {
    timer* heir = t.next_;
    if (!heir) {
        heir = t.child_;
    } else if (t.child_) {
        std::size_t allowance = unlimited;
        order(&t.child_, allowance);
        t.child_->next_ = heir;
        heir->link_ = &t.child_->next_;
        heir = t.child_;
    }
    *t.link_ = heir;
    if (heir) {
        heir->link_ = t.link_;
    } else {
        const auto offset = reinterpret_cast<std::uintptr_t>(t.link_) -
                            reinterpret_cast<std::uintptr_t>(slots_.data());
        if (offset < sizeof slots_) vacate(offset / sizeof(timer*));
    }
    t.link_ = nullptr;
}

inline void timer_wheel::vacate(std::size_t slot) noexcept {
    const std::size_t level = slot >> slot_bits;
    occupied_[level] &= ~(std::uint64_t{1} << (slot & 63));
    if (occupied_[level] == 0) levels_ &= ~(1U << level);
}

template <class Visitor>
timer_wheel::progress timer_wheel::advance(time_point now, std::size_t budget, Visitor&& visit) {
    if (advancing_) return {0, false};
    struct guard {
        bool& flag;
        ~guard() { flag = false; }
    } const running{advancing_ = true};
    now_ = to_key(now);
    const std::uint64_t armed_before = next_order_;
    std::size_t allowance =
        budget < unlimited / steps_per_unit ? budget * steps_per_unit : unlimited;
    for (std::size_t fired = 0;; ++fired) {
        timer* t = nullptr;
        if (!find_first(now_, allowance, t)) return {fired, true};
        // Timers armed during this call have a key of now_ or more, so all timers that were due
        // come first.
        if (!t || t->key_ > now_ || t->order_ >= armed_before) {
            base_ = std::max(base_, now_);
            return {fired, t && t->key_ <= now_};
        }
        if (fired == budget) return {fired, true};
        base_ = std::max(base_, t->key_);
        remove(*t);
        visit(*t);
    }
}

/// \}

} // namespace rtpsynth
