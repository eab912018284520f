// Counts what a test program allocates by any operator new, and refuses memory on request. To be
// included once in a program.
#pragma once

#include "heap.hpp"

#include <cstddef>
#include <new>

namespace heap {

inline std::size_t allocations = 0;
inline std::size_t allocated_bytes = 0; ///< as asked for
inline std::size_t live_bytes = 0;      ///< as malloc rounds them
inline bool is_refused = false;         ///< every allocation fails
inline long until_failure = -1;         ///< 0: the next allocation fails; below: none does

inline void* take_counted(std::size_t size, std::size_t alignment) noexcept {
    if (is_refused || (until_failure >= 0 && until_failure-- == 0)) return nullptr;
    void* const p = take(size, alignment);
    if (p == nullptr) return nullptr;
    ++allocations;
    allocated_bytes += size;
    live_bytes += heap::size(p, alignment);
    return p;
}

inline void* take_counted_or_throw(std::size_t size, std::size_t alignment) {
    void* const p = take_counted(size, alignment);
    if (p == nullptr) throw std::bad_alloc();
    return p;
}

inline void give_counted(void* p, std::size_t alignment = 0) noexcept {
    if (p != nullptr) live_bytes -= size(p, alignment);
    give(p, alignment);
}

} // namespace heap

void* operator new(std::size_t size) { return heap::take_counted_or_throw(size, 0); }
void* operator new[](std::size_t size) { return heap::take_counted_or_throw(size, 0); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return heap::take_counted(size, 0);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return heap::take_counted(size, 0);
}
void* operator new(std::size_t size, std::align_val_t a) {
    return heap::take_counted_or_throw(size, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t size, std::align_val_t a) {
    return heap::take_counted_or_throw(size, static_cast<std::size_t>(a));
}
void operator delete(void* p) noexcept { heap::give_counted(p); }
void operator delete[](void* p) noexcept { heap::give_counted(p); }
void operator delete(void* p, std::size_t) noexcept { heap::give_counted(p); }
void operator delete[](void* p, std::size_t) noexcept { heap::give_counted(p); }
void operator delete(void* p, std::align_val_t a) noexcept {
    heap::give_counted(p, static_cast<std::size_t>(a));
}
void operator delete[](void* p, std::align_val_t a) noexcept {
    heap::give_counted(p, static_cast<std::size_t>(a));
}
void operator delete(void* p, std::size_t, std::align_val_t a) noexcept {
    heap::give_counted(p, static_cast<std::size_t>(a));
}
void operator delete[](void* p, std::size_t, std::align_val_t a) noexcept {
    heap::give_counted(p, static_cast<std::size_t>(a));
}
