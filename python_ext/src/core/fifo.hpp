/// \file
/// A queue of things that own memory or references.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace rtpsynth::python {

/// A queue in one piece of memory, which it keeps. What it no longer has, it has moved from.
template <class T>
class fifo {
public:
    bool empty() const noexcept { return first_ == items_.size(); }
    std::size_t size() const noexcept { return items_.size() - first_; }
    auto begin() const noexcept { return items_.begin() + static_cast<std::ptrdiff_t>(first_); }
    auto end() const noexcept { return items_.end(); }

    /// \throws std::bad_alloc, and \p item is as it was
    void push(T&& item) {
        if (items_.size() == items_.capacity() && first_ > items_.size() / 2) {
            items_.erase(items_.begin(), begin()); // as much as is moved was taken out before
            first_ = 0;
        }
        items_.push_back(std::move(item));
    }

    /// To the front, by whoever has just taken it. \throws std::bad_alloc
    void put_back(T&& item) {
        if (first_ == 0)
            items_.insert(items_.begin(), std::move(item));
        else
            items_[--first_] = std::move(item);
    }

    /// There is one.
    T pop() noexcept {
        T item = std::move(items_[first_++]);
        if (empty()) {
            items_.clear();
            first_ = 0;
        }
        return item;
    }

    /// Takes out the first that \p is_it says yes to. \return T{} if there is none
    template <class Predicate>
    T take_out(Predicate is_it) noexcept {
        const auto found =
            std::find_if(items_.begin() + static_cast<std::ptrdiff_t>(first_), items_.end(), is_it);
        if (found == items_.end()) return T{};
        T item = std::move(*found);
        items_.erase(found);
        return item;
    }

private:
    std::vector<T> items_;
    std::size_t first_ = 0;
};

} // namespace rtpsynth::python
