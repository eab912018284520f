/// \file
/// Frames on their way from a jitter buffer to Python.
#pragma once

#include "frame_block.hpp"

#include <cstddef>
#include <utility>

namespace rtpsynth::python {

/// A chain of unpublished frames; owns them.
class frame_list {
public:
    frame_list() = default;
    frame_list(const frame_list&) = delete;
    frame_list& operator=(const frame_list&) = delete;
    frame_list(frame_list&& other) noexcept
        : first_{std::exchange(other.first_, nullptr)},
          last_{std::exchange(other.last_, nullptr)},
          items_{std::exchange(other.items_, 0)} {}
    /// Releases the frames, which may run any code, but none that could see this list.
    ~frame_list() {
        while (first_ != nullptr) frame_release{}(std::exchange(first_, first_->next));
    }

    bool empty() const noexcept { return first_ == nullptr; }
    frame_object* first() const noexcept { return first_; }

    void push_back(frame_object* f) noexcept {
        f->next = nullptr;
        (last_ == nullptr ? first_ : last_->next) = f;
        last_ = f;
        items_ += 1 + f->has_gap;
    }
    /// Precondition: !empty().
    frame_owner pop_front() noexcept {
        frame_object* const f = std::exchange(first_, first_->next);
        if (first_ == nullptr) last_ = nullptr;
        items_ -= 1 + (f->has_gap || f->gap_frame != nullptr);
        return frame_owner{f};
    }
    /// Moves all of \p before to the front.
    void prepend(frame_list&& before) noexcept {
        if (before.empty()) return;
        before.last_->next = first_;
        if (last_ == nullptr) last_ = before.last_;
        first_ = std::exchange(before.first_, nullptr);
        before.last_ = nullptr;
        items_ += std::exchange(before.items_, 0);
    }

    /// All of it as a Python list, erasures before the packets they go before. May run any code.
    /// \return none with MemoryError set; then all is still in this list
    py_ref publish_all();

private:
    frame_object* first_ = nullptr;
    frame_object* last_ = nullptr;
    std::size_t items_ = 0; // that the Python list will have
};

/// The sink of a jitter_buffer<frame_owner>: collects, allocates nothing and runs no Python code,
/// so that no code sees the buffer halfway through an insertion.
class frame_collector {
public:
    using frame = jitter_buffer<frame_owner>::frame;

    void operator()(frame&& f) noexcept {
        frame_object* const o = f.owner.release();
        o->lseq = f.lseq;
        if (gap_pending_) [[unlikely]] {
            o->gap = gap_;
            o->has_gap = true;
            gap_pending_ = false;
        }
        ready.push_back(o);
    }
    /// The next call after an erasure always brings the packet behind it.
    void operator()(const erasure& gap) noexcept {
        gap_ = gap;
        gap_pending_ = true;
    }
    void operator()(drop_reason, frame&& f) noexcept { dropped.push_back(f.owner.release()); }

    frame_list dropped; ///< released last
    frame_list ready;

private:
    erasure gap_{};
    bool gap_pending_ = false;
};

} // namespace rtpsynth::python
