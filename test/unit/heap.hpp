// What tests that replace operator new take memory from: malloc and its like, since what a library
// has allocated by an operator of its own may be freed by the program's. An `alignment` of 0 is
// that of the operators without one; what was taken with another one is given back with the same.
// give() is not inline: GCC would see through one of a pair of operators and warn of a mismatch.
#pragma once

#ifdef __APPLE__
#    include <malloc/malloc.h>
#else
#    include <malloc.h>
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace heap {

#ifdef _WIN32

// Windows frees aligned blocks by another function than others, and MinGW cannot tell their size.
inline void*& block_of(void* p) noexcept { return static_cast<void**>(p)[-1]; }

inline void* take(std::size_t size, std::size_t alignment) noexcept {
    if (alignment == 0) return std::malloc(size);
    alignment = std::max(alignment, sizeof(void*));
    void* const block = std::malloc(size + 2 * alignment);
    if (block == nullptr) return nullptr;
    const std::size_t offset = reinterpret_cast<std::uintptr_t>(block) % alignment;
    void* const p = static_cast<std::byte*>(block) + (2 * alignment - offset);
    block_of(p) = block;
    return p;
}
[[gnu::noinline]] inline void give(void* p, std::size_t alignment) noexcept {
    if (p != nullptr) std::free(alignment == 0 ? p : block_of(p));
}
inline std::size_t size(void* p, std::size_t alignment) noexcept {
    return ::_msize(alignment == 0 ? p : block_of(p));
}

#else

inline void* take(std::size_t size, std::size_t alignment) noexcept {
    if (alignment == 0) return std::malloc(size);
    void* p = nullptr; // by a function that no test replaces
    const int failed = ::posix_memalign(&p, std::max(alignment, sizeof p), size);
    return failed ? nullptr : p;
}
[[gnu::noinline]] inline void give(void* p, std::size_t) noexcept { std::free(p); }
#    ifdef __APPLE__
inline std::size_t size(void* p, std::size_t) noexcept { return ::malloc_size(p); }
#    else
inline std::size_t size(void* p, std::size_t) noexcept { return ::malloc_usable_size(p); }
#    endif

#endif

} // namespace heap
