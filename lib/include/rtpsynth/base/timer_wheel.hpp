/// \file
/// Many timers under one clock: a hierarchical timer wheel with exact deadlines.
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

/// Holds any number of armed timers and fires those that are due, in order of their deadlines. It
/// allocates nothing: a timer is a base class of the caller's object and has its links in itself.
///
/// Structure: 9 levels of 64 slots, 16 µs wide at level 0 and 64 times wider at each level above,
/// so that the whole range of time_point is covered; a timer is kept at the finest level that
/// reaches its deadline. A slot is an unordered list. Once the time of a slot of a higher level has
/// come, its timers are spread over the level below; a slot of level 0, or whichever holds the
/// deadline that next_deadline() is asked for, is ordered, exactly to the nanosecond, as a pairing
/// heap built from its list. Bitmaps of the occupied slots find the next one however far ahead it
/// is.
///
/// Cost, k being the number of timers in the slot that comes next:
/// - arm: O(1);
/// - cancel: O(1), but in the slot that comes next amortised O(log k);
/// - fire: amortised O(log k), after at most one move per level;
/// - next_deadline: O(1) per level in use, plus ordering the slot that comes next if that was not
///   done yet: O(k) altogether for what was armed there since.
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

    /// Arms \p t to fire once, at the first advance() whose time is \p deadline or later. If it was
    /// armed already, in this wheel or another, that is cancelled first.
    ///
    /// Any deadline is accepted. A deadline in the past fires at once: one before the time of the
    /// latest advance() (at first, of construction) counts as that time, so that a client that is
    /// always overdue queues up behind all that were due by then instead of pushing in before them.
    void arm(timer& t, time_point deadline) noexcept;

    /// The earliest deadline of all armed timers, as timer::deadline() tells it; nullopt if none.
    std::optional<time_point> next_deadline() noexcept;

    bool empty() const noexcept { return levels_ == 0; }

    /// What an advance() did.
    struct progress {
        std::size_t fired; ///< at most the budget
        bool more;         ///< some may still be due: call again, after other work if there is any
    };

    /// Fires what is due at \p now: disarms each such timer and calls \p visit(timer&) with it, in
    /// order of deadline, and of arming where deadlines are equal.
    ///
    /// \p budget bounds the call: it ends, with `more` set, when that many timers were fired, or
    /// when 16 times as many steps were spent on ordering crowded slots. Repeated calls finish for
    /// any budget but 0. While `more` is set, call again rather than ask for next_deadline(), which
    /// would do the rest of the ordering at once.
    ///
    /// \p visit may arm and cancel any timer, destroy any timer including the one it is called
    /// with, and ask for next_deadline(). What it arms does not fire in this call even if overdue:
    /// each timer fires at most once per call, which therefore ends whatever \p visit does. A call
    /// from inside \p visit does nothing and returns {0, false}. \p visit must not destroy the
    /// wheel.
    ///
    /// An exception that \p visit throws is passed on; the timer it was called with has fired, and
    /// the others stay armed. \p now may be any time, even before that of earlier calls.
    template <class Visitor>
    progress advance(time_point now, std::size_t budget, Visitor&& visit);

private:
    using key = std::uint64_t; // a time_point's count, shifted so that unsigned order is time's

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

    // Not after any armed deadline, except those armed while time ran backwards, which are kept
    // where a deadline of base_ would be. Never ahead of the clock. A level's slots, counted from
    // that of base_, are in order of time, and no two rounds of the wheel ever share a slot.
    key base_;
    key now_;                      // of the latest advance()
    std::uint64_t next_order_ = 0; // of the next timer to be armed
    std::uint32_t levels_ = 0;     // bit i: level i has an occupied slot
    bool advancing_ = false;
    std::array<std::uint64_t, level_count> occupied_{}; // bit i: slot i of the level is not empty
    std::array<timer*, slot_count> slots_{};            // lists of trees; most trees are one timer
};

/// A timer of a wheel: derive from it, and cast back in the visitor. Destruction cancels it.
class timer_wheel::timer {
public:
    timer() = default;
    ~timer() { cancel(); }
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;

    bool armed() const noexcept { return link_ != nullptr; }

    /// When it fires, or last fired: the deadline given to arm(), or the time that arm() took for
    /// it if that had passed. time_point::min() before it was ever armed.
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
    // Up to 63 slots ahead of base_'s own; the 64th would be base_'s own again.
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

// A timer leaves its list, and its children take its place: as they are if nothing follows them,
// since they can be ordered later, and otherwise merged into one tree.
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
        // What was armed since has a key of now_ or more, so all that was due comes before it.
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
