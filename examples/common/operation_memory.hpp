/// \file
/// Memory for an asynchronous operation.
#pragma once

#include <cstddef>
#include <new>

namespace common {

/// Memory for one operation of Asio at a time, which can then start without an allocation. For a
/// second one, or one that does not fit, operator new is called.
///
/// \par Object lifetimes
/// It outlives the operation, whose handler may own it: Asio frees an operation's memory before it
/// calls or destroys the handler.
class operation_memory {
public:
    operation_memory() = default;
    operation_memory(const operation_memory&) = delete;
    operation_memory& operator=(const operation_memory&) = delete;

    void* take(std::size_t size) {
        if (is_taken_ || size > sizeof room_) return ::operator new(size);
        is_taken_ = true;
        return room_;
    }
    void give(void* p) noexcept {
        if (p == room_)
            is_taken_ = false;
        else
            ::operator delete(p);
    }

private:
    alignas(std::max_align_t) std::byte room_[512];
    bool is_taken_ = false;
};

/// An allocator for boost::asio::bind_allocator.
template <class T>
class operation_allocator {
public:
    using value_type = T;

    explicit operation_allocator(operation_memory& memory) noexcept : memory_{&memory} {}
    template <class U>
    operation_allocator(const operation_allocator<U>& other) noexcept : memory_{other.memory_} {}

    T* allocate(std::size_t count) { return static_cast<T*>(memory_->take(count * sizeof(T))); }
    void deallocate(T* p, std::size_t) noexcept { memory_->give(p); }

    template <class U>
    bool operator==(const operation_allocator<U>& other) const noexcept {
        return memory_ == other.memory_;
    }

private:
    template <class>
    friend class operation_allocator;

    operation_memory* memory_;
};

} // namespace common
