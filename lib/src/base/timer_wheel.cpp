#include <rtpsynth/base/timer_wheel.hpp>

#include <limits>

namespace rtpsynth {

timer_wheel::~timer_wheel() {
    for (timer* const list : slots_) {
        // Append children to the list, so that the depth of a tree needs no stack.
        timer* last = list;
        for (timer* t = list; t;) {
            while (last->next_) last = last->next_;
            last->next_ = t->child_;
            timer* const next = t->next_;
            t->link_ = nullptr;
            t = next;
        }
    }
}

std::optional<time_point> timer_wheel::next_deadline() noexcept {
    std::size_t allowance = unlimited;
    timer* first = nullptr;
    find_first(std::numeric_limits<key>::max(), allowance, first);
    if (!first) return std::nullopt;
    return to_time(first->key_);
}

// Finds the earliest of all timers in slots that begin by the horizon; null if there is none.
// Returns false if the allowance of steps was used up first. Visits the next occupied slots of the
// levels in the order in which they begin, until they begin after the earliest timer found; of
// slots that begin at the same time the coarsest comes first, since it has to be spread over the
// others.
bool timer_wheel::find_first(key horizon, std::size_t& allowance, timer*& first) noexcept {
    // Timers that were armed while the clock ran backwards are in the slot of base_, which begins
    // later.
    const key come = std::max(base_, now_);
    horizon = std::max(horizon, come);
    first = nullptr;
    for (std::uint32_t open = levels_; open != 0;) {
        unsigned level = 0;
        key next = 0;
        key begin = std::numeric_limits<key>::max();
        for (std::uint32_t rest = open; rest != 0; rest &= rest - 1) {
            const auto l = static_cast<unsigned>(std::countr_zero(rest));
            const key current = base_ >> shift(l);
            // The shift count is an int in one standard library and unsigned in another.
            // NOLINTNEXTLINE(bugprone-narrowing-conversions)
            const std::uint64_t ahead = std::rotr(occupied_[l], current & 63);
            const key n = current + static_cast<unsigned>(std::countr_zero(ahead));
            if (n << shift(l) <= begin) {
                level = l;
                next = n;
                begin = n << shift(l);
            }
        }
        if (begin > horizon || (first && first->key_ < begin)) break;
        const std::size_t slot = std::size_t{level} << slot_bits | (next & 63);
        const bool alone = !slots_[slot]->next_ && !slots_[slot]->child_;
        if (level != 0 && !alone && begin <= come) {
            base_ = std::max(base_, begin);
            if (!spread(slot, allowance)) return false;
            first = nullptr;
            open = levels_;
            continue;
        }
        if (!order(&slots_[slot], allowance)) return false;
        if (!first || earlier(*slots_[slot], *first)) first = slots_[slot];
        open &= ~(1U << level);
    }
    return true;
}

// Moves the timers of a slot that base_ has reached to the finer slots that it spans, which belong
// to lower levels. Takes trees apart from the top. It can stop after any step and be resumed;
// returns false if it stopped because the allowance was used up.
bool timer_wheel::spread(std::size_t slot, std::size_t& allowance) noexcept {
    timer*& head = slots_[slot];
    while (timer* const t = head) {
        if (allowance == 0) return false;
        --allowance;
        if (timer* const child = t->child_) {
            t->child_ = child->next_;
            if (child->next_) child->next_->link_ = &t->child_;
            child->next_ = t;
            t->link_ = &child->next_;
            head = child;
            child->link_ = &head;
        } else {
            head = t->next_;
            if (head) head->link_ = &head;
            place(*t);
        }
    }
    vacate(slot);
    return true;
}

// Links neighbours until one tree is left, whose root is the earliest: the multipass variant of
// Fredman et al., "The pairing heap" (1986), with one difference: if the right one of two is
// earlier, it is compared with its next neighbour at once. Timers that were armed in order of
// deadline, which are in the list in reverse order, then become a single path in one pass, and
// firing them needs no comparisons.
//
// It can stop after any step and be resumed; returns false if it stopped because the allowance was
// used up.
bool timer_wheel::order(timer** list, std::size_t& allowance) noexcept {
    while ((*list)->next_) {
        for (timer** at = list; *at && (*at)->next_;) {
            if (allowance == 0) return false;
            --allowance;
            timer* const left = *at;
            timer* const right = left->next_;
            if (earlier(*right, *left)) {
                *at = right;
                right->link_ = at;
                adopt(*right, *left);
            } else {
                left->next_ = right->next_;
                if (left->next_) left->next_->link_ = &left->next_;
                adopt(*left, *right);
                at = &left->next_;
            }
        }
    }
    return true;
}

void timer_wheel::adopt(timer& parent, timer& child) noexcept {
    child.next_ = parent.child_;
    if (child.next_) child.next_->link_ = &child.next_;
    child.link_ = &parent.child_;
    parent.child_ = &child;
}

} // namespace rtpsynth
