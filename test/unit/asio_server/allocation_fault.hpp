// Has memory refused on request: operator new, and what Asio takes by std::aligned_alloc, in the
// whole program. To be included once.
#pragma once

#include "../heap.hpp"

#include <atomic>
#include <cstddef>
#include <limits>
#include <new>
#include <system_error>

namespace memory {

inline std::atomic<long> left{std::numeric_limits<long>::max()}; ///< to be granted
inline std::atomic<long> to_refuse{0};                           ///< after those
inline std::atomic<long> refused{0};

inline bool refuses() noexcept {
    if (left.load(std::memory_order_relaxed) == std::numeric_limits<long>::max()) return false;
    if (left.fetch_sub(1) > 0) return false;
    if (to_refuse.fetch_sub(1) <= 0) return false;
    ++refused;
    return true;
}

/// While it lives, \p count allocations after the first \p granted are refused, on any thread.
class shortage {
public:
    shortage(long granted, long count) noexcept {
        refused = 0;
        to_refuse = count;
        left = granted;
    }
    ~shortage() { left = std::numeric_limits<long>::max(); }
    shortage(const shortage&) = delete;
    shortage& operator=(const shortage&) = delete;
};

/// False if memory was refused, or a thread for want of it.
template <class Action>
bool done(Action action) {
    try {
        action();
        return true;
    } catch (const std::bad_alloc&) {
    } catch (const std::system_error& e) {
        if (e.code() != std::errc::resource_unavailable_try_again) throw;
    }
    return false;
}

} // namespace memory

// What Asio calls. With libc++ it is posix_memalign, which libc++abi takes an exception's memory
// by, too, and ends the program where it gets none: only operator new is refused there.
#ifdef _WIN32
extern "C" void* __mingw_aligned_malloc(std::size_t size, std::size_t alignment) {
    return memory::refuses() ? nullptr : heap::take(size, alignment);
}
extern "C" void __mingw_aligned_free(void* p) { heap::give(p, 1); }
#elif !defined(_LIBCPP_VERSION)
extern "C" [[gnu::visibility("default")]] void* aligned_alloc(std::size_t alignment,
                                                              std::size_t size) noexcept {
    return memory::refuses() ? nullptr : heap::take(size, alignment);
}
#endif

// Not inline: GCC would see through one of a pair and warn of a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
    void* const p = memory::refuses() ? nullptr : heap::take(size == 0 ? 1 : size, 0);
    if (!p) throw std::bad_alloc{};
    return p;
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
    void* const p =
        memory::refuses() ? nullptr : heap::take(size, static_cast<std::size_t>(alignment));
    if (!p) throw std::bad_alloc{};
    return p;
}
[[gnu::noinline]] void operator delete(void* p) noexcept { heap::give(p, 0); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { heap::give(p, 0); }
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { heap::give(p, 1); }
[[gnu::noinline]] void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
    heap::give(p, 1);
}
