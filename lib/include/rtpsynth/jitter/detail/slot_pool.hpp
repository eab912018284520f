/// \file
/// Internal: a fixed number of slots for T, addressed by 16-bit handles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace rtpsynth::detail {

/// Storage for up to `capacity` objects of type T. Slots are touched only when they are first used,
/// so that a large pool takes the memory of the most objects it ever held. A freed slot is the next
/// one taken, which keeps the working set as small as the number of live objects.
///
/// Beside its T, each live slot has two 16-bit links and a 16-bit mark for the user of the pool.
template <class T>
class slot_pool {
public:
    static_assert(std::is_nothrow_move_constructible_v<T>);
    using handle = std::uint16_t;
    static constexpr handle none = 0xffff;

    struct slot {
        alignas(T) std::byte storage[sizeof(T)];
        handle prev;
        handle next;
        std::uint16_t mark;
    };

    /// \throws std::bad_alloc
    explicit slot_pool(handle capacity)
        : slots_(static_cast<slot*>(
              ::operator new (sizeof(slot) * capacity, std::align_val_t{alignof(slot)}))) {}

    slot_pool(slot_pool&& other) noexcept
        : slots_(std::exchange(other.slots_, nullptr)),
          used_(std::exchange(other.used_, handle{0})),
          free_(std::exchange(other.free_, none)) {}

    slot_pool& operator=(slot_pool&& other) noexcept {
        slot_pool moved(std::move(other));
        std::swap(slots_, moved.slots_);
        std::swap(used_, moved.used_);
        std::swap(free_, moved.free_);
        return *this;
    }

    ~slot_pool() {
        if constexpr (!std::is_trivially_destructible_v<T>)
            for (handle h = 0; h < used_; ++h)
                if (slots_[h].mark != free_mark) std::destroy_at(&(*this)[h]);
        ::operator delete (slots_, std::align_val_t{alignof(slot)});
    }

    /// Makes T{args...} in a slot. Precondition: fewer than `capacity` slots are live. The mark is
    /// 0; the links are not set.
    template <class... Args>
    handle emplace(Args&&... args) noexcept {
        handle h = free_;
        slot* s;
        if (h != none) {
            s = &slots_[h];
            free_ = s->next;
        } else {
            h = used_++;
            s = &slots_[h];
        }
        ::new (static_cast<void*>(s->storage)) T{std::forward<Args>(args)...};
        s->mark = 0;
        return h;
    }

    /// Destroys the object in a slot.
    void free(handle h) noexcept {
        if constexpr (!std::is_trivially_destructible_v<T>) {
            std::destroy_at(&(*this)[h]);
            slots_[h].mark = free_mark;
        }
        slots_[h].next = free_;
        free_ = h;
    }

    T& operator[](handle h) noexcept {
        return *std::launder(reinterpret_cast<T*>(slots_[h].storage));
    }
    const T& operator[](handle h) const noexcept {
        return *std::launder(reinterpret_cast<const T*>(slots_[h].storage));
    }
    /// Calls \p f with each live T. Only the slots of a T that has to be destroyed are marked free.
    template <class F>
    void for_each(F&& f) const requires(!std::is_trivially_destructible_v<T>) {
        for (handle h = 0; h < used_; ++h)
            if (slots_[h].mark != free_mark) f((*this)[h]);
    }

    handle& prev(handle h) noexcept { return slots_[h].prev; }
    handle& next(handle h) noexcept { return slots_[h].next; }
    /// Any value but 0xffff.
    std::uint16_t& mark(handle h) noexcept { return slots_[h].mark; }

private:
    static constexpr std::uint16_t free_mark = 0xffff; // what a slot without a T is marked with

    slot* slots_;
    handle used_ = 0; // slots ever taken; those behind are untouched memory
    handle free_ = none;
};

} // namespace rtpsynth::detail
