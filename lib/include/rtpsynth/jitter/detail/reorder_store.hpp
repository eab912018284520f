/// \file
/// Internal: the packets a jitter buffer holds, ordered by logical sequence number.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/jitter/detail/seq_window.hpp>
#include <rtpsynth/jitter/detail/slot_pool.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <utility>

namespace rtpsynth::detail {

/// Holds up to `capacity` frames, each with an `lseq` of its own and an `arrival`. Takes them out
/// at either end, and finds the one that arrived first.
///
/// Frames are in a pool, and a window over the sequence numbers refers to them. The window spans at
/// most 65536 numbers, as many as can be derived from 16 bits and one reference. Only the two
/// packets that end a long outage are numbered in another way and may be beyond. They then wait in
/// `far_`: nothing can be put among them until the window has moved up to them.
template <class Frame>
class reorder_store {
public:
    /// \p by_arrival: keep the order of arrival too, for oldest().
    /// \throws std::bad_alloc
    reorder_store(unsigned capacity, bool by_arrival)
        : window_(base_width(capacity)),
          frames_(static_cast<handle>(capacity)),
          narrow_(window_.width()),
          by_arrival_(by_arrival) {}

    unsigned size() const noexcept { return size_; }

    /// The frame of the least number, which is at least \p base. It is in the window after that.
    /// Precondition: size() != 0.
    const Frame& first(std::int64_t base) noexcept {
        if (size_ == far_count_) [[unlikely]]
            advance(frames_[far_[far_count_ - 1]].lseq);
        return frames_[window_.at(window_.next(std::max(base, highest_ + 1 - window_.width())))];
    }

    /// The frame that arrived first. Precondition: size() != 0, by_arrival.
    const Frame& oldest() const noexcept { return frames_[oldest_]; }

    /// Calls \p f with each frame, in no order.
    template <class F>
    void for_each(F&& f) const {
        frames_.for_each(f);
    }

    /// How many numbers the window spans, from wherever it begins.
    std::uint32_t width() const noexcept { return window_.width(); }

    /// Makes room in the window for \p lseq, and for all from \p base on if anything is held.
    /// Returns false without memory; then nothing has changed.
    /// Precondition: \p base is not above \p lseq, nor above any number held.
    bool reserve(std::int64_t base, std::int64_t lseq) noexcept {
        advance(base);
        const std::int64_t low = size_ == 0 ? lseq : base;
        const std::int64_t high = std::max(highest_, lseq);
        return high - low < window_.width() || widen(low, high);
    }

    /// Whether all that is in the window is within one width from \p base on. Another number within
    /// it then needs no reserve().
    bool fits(std::int64_t base) const noexcept { return highest_ < base + window_.width(); }

    bool contains(std::int64_t lseq) const noexcept { return window_.contains(lseq); }

    /// Makes Frame{packet, lseq, arrival, owner}. Returns false if there is one of that number;
    /// then \p owner was not moved from. Precondition: size() < capacity, reserve(lseq).
    template <class Packet, class Arrival, class Owner>
    bool try_emplace(const Packet& packet, std::int64_t lseq, Arrival arrival,
                     Owner&& owner) noexcept {
        if (!window_.claim(lseq)) return false;
        const handle h = frames_.emplace(packet, lseq, arrival, std::forward<Owner>(owner));
        window_.set(lseq, h);
        highest_ = std::max(highest_, lseq);
        ++size_;
        if (by_arrival_) link(h);
        return true;
    }

    /// A frame that was taken out. It is destroyed with this object.
    class taken {
    public:
        taken(const taken&) = delete;
        taken& operator=(const taken&) = delete;
        ~taken() { frames_.free(h_); }
        Frame& operator*() const noexcept { return frames_[h_]; }

    private:
        friend reorder_store;
        taken(slot_pool<Frame>& frames, typename slot_pool<Frame>::handle h) noexcept
            : frames_(frames), h_(h) {}
        slot_pool<Frame>& frames_;
        typename slot_pool<Frame>::handle h_;
    };

    /// How many frames are numbered \p lseq, lseq + 1, ... without a gap; 64 if there are more.
    /// Precondition: fits(lseq).
    unsigned run(std::int64_t lseq) const noexcept { return window_.run(lseq); }

    /// Takes the \p count != 0 frames of a run and calls \p f with each. If that throws, the frames
    /// it was not called with are still held.
    template <class F>
    void take_run(std::int64_t lseq, unsigned count, F&& f) {
        const std::int64_t end = lseq + count;
        window_.erase_run(lseq, count);
        size_ -= count;
        try {
            do {
                const taken frame = detach(window_.at(lseq++));
                f(*frame);
            } while (lseq != end);
        } catch (...) {
            for (; lseq != end; ++size_) window_.claim(lseq++);
            throw;
        }
    }

    /// Takes the frame of the greatest number. Precondition: size() != 0.
    taken take_last() noexcept {
        if (far_count_ == 0) return remove(erase_highest());
        const handle h = std::exchange(far_[0], far_[1]);
        --far_count_;
        return remove(h);
    }

    /// Counts one more packet that came while the frame of the greatest number was the last.
    /// Returns the count.
    unsigned age_last() noexcept {
        return ++frames_.mark(far_count_ == 0 ? window_.at(highest_) : far_[0]);
    }

    /// Whatever is put in from now on has a number of at least \p base.
    void advance(std::int64_t base) noexcept {
        while (far_count_ != 0) {
            const handle h = far_[far_count_ - 1];
            const std::int64_t lseq = frames_[h].lseq;
            if (lseq - base >= seq_window::max_width) return;
            window_.insert(lseq, h);
            highest_ = std::max(highest_, lseq);
            --far_count_;
        }
    }

    bool has_far() const noexcept { return far_count_ != 0; }

    /// Whether the window was widened.
    bool is_wide() const noexcept { return window_.width() != narrow_; }

    /// Gives back the memory of a window that was widened. Precondition: size() == 0.
    void shrink() noexcept { resize(narrow_); } // if it fails, it stays wide

private:
    using pool = slot_pool<Frame>;
    using handle = typename pool::handle;

    // Far from every sequence number, and half of what the type can hold, so that differences do
    // not overflow.
    static constexpr std::int64_t nowhere = std::numeric_limits<std::int64_t>::max() / 2;

    static constexpr std::uint32_t base_width(unsigned capacity) noexcept {
        return std::clamp(std::bit_ceil(4 * capacity), 64U, 32768U);
    }

    bool widen(std::int64_t low, std::int64_t high) noexcept {
        constexpr std::uint32_t most = seq_window::max_width;
        if (high - low < most) {
            const auto span = static_cast<std::uint32_t>(high - low + 1);
            return resize(std::bit_ceil(span));
        }
        if (window_.width() < most && !resize(most)) return false;
        // Ends at the latest when the window is empty and highest_ is -nowhere.
        while (highest_ - low >= most) far_[far_count_++] = erase_highest();
        return true;
    }

    bool resize(std::uint32_t width) noexcept {
        return window_.resize(width, [this](handle h) { return frames_[h].lseq; });
    }

    handle erase_highest() noexcept {
        const handle h = window_.erase(highest_);
        highest_ = size_ - far_count_ == 1 ? -nowhere : window_.previous(highest_ - 1);
        return h;
    }

    taken remove(handle h) noexcept {
        --size_;
        return detach(h);
    }

    taken detach(handle h) noexcept {
        if (by_arrival_) unlink(h);
        return {frames_, h};
    }

    void link(handle h) noexcept {
        handle before = newest_;
        while (before != pool::none && frames_[before].arrival > frames_[h].arrival)
            before = frames_.prev(before);
        const handle after = before == pool::none ? oldest_ : frames_.next(before);
        frames_.prev(h) = before;
        frames_.next(h) = after;
        (before == pool::none ? oldest_ : frames_.next(before)) = h;
        (after == pool::none ? newest_ : frames_.prev(after)) = h;
    }

    void unlink(handle h) noexcept {
        const handle before = frames_.prev(h);
        const handle after = frames_.next(h);
        (before == pool::none ? oldest_ : frames_.next(before)) = after;
        (after == pool::none ? newest_ : frames_.prev(after)) = before;
    }

    seq_window window_;
    std::int64_t highest_ = -nowhere; // no number in the window is greater; if any is in it, it is
    unsigned size_ = 0;
    pool frames_;
    std::uint32_t narrow_;        // the window's width at first
    std::array<handle, 2> far_{}; // beyond the window, greatest number first
    unsigned far_count_ = 0;
    handle oldest_ = pool::none; // chain in order of arrival
    handle newest_ = pool::none;
    bool by_arrival_;
};

} // namespace rtpsynth::detail
