/// \file
/// A per-thread free list of equal-sized blocks: 1 ns where malloc and free take 10.
#pragma once

#include <rtpsynth/base/compiler.h>

#include <cstddef>
#include <cstdlib>
#include <new>

// Sanitizers only see every block if each is malloc'ed and freed. RTPSYNTH_NO_BLOCK_CACHE disables
// the cache for tools that cannot be detected here, such as valgrind or a leak-tracing malloc.
#if RTPSYNTH_SANITIZED && !defined(RTPSYNTH_NO_BLOCK_CACHE)
#    define RTPSYNTH_NO_BLOCK_CACHE 1
#endif

// Without it, every access from a shared library calls __tls_get_addr. glibc reserves room for such
// variables in libraries that are loaded late; other C libraries may refuse to load them.
#ifdef __GLIBC__
#    define RTPSYNTH_TLS_MODEL RTPSYNTH_INITIAL_EXEC
#else
#    define RTPSYNTH_TLS_MODEL
#endif

namespace rtpsynth::detail {

/// Blocks of \p Size bytes, aligned for any type. Every thread keeps up to \p Limit free ones for
/// its next allocate(). Each block is malloc'ed separately, so any thread may release it at any
/// time, even after the thread that allocated it has ended. A thread that never allocates keeps
/// nothing. One that ends frees all that it kept; later releases on it go straight to free().
///
/// Threads: every function may be called on any thread; nothing is shared between them.
template <std::size_t Size, unsigned Limit>
class block_cache {
    static_assert(Size >= sizeof(void*) && Limit > 0);

public:
    /// Whether the next allocate() cannot fail and calls nothing.
    static bool is_ready() noexcept {
#ifndef RTPSYNTH_NO_BLOCK_CACHE
        return local_.head != nullptr;
#else
        return false;
#endif
    }

    /// Returns a block, or nullptr without memory. Free it with release().
    static void* allocate() noexcept {
#ifndef RTPSYNTH_NO_BLOCK_CACHE
        if (node* const block = local_.head) [[likely]] {
            local_.head = block->next;
            ++local_.room;
            return block;
        }
        return allocate_new();
#else
        return std::malloc(Size);
#endif
    }

    /// \p block is from allocate() on any thread, and not nullptr.
    static void release(void* block) noexcept {
#ifndef RTPSYNTH_NO_BLOCK_CACHE
        if (local_.room != 0) [[likely]] {
            local_.head = ::new (block) node{local_.head};
            --local_.room;
            return;
        }
#endif
        std::free(block);
    }

private:
#ifndef RTPSYNTH_NO_BLOCK_CACHE
    struct node {
        node* next;
    };

    // Plain data, initialised at compile time, so access needs no guard. `room` is 0 both before
    // the cleanup is registered and after it ran, so that the hot path has a single test.
    struct state {
        node* head = nullptr;
        unsigned room = 0;
        bool registered = false;
    };

    struct cleanup {
        cleanup() noexcept = default;
        cleanup(const cleanup&) = delete;
        cleanup& operator=(const cleanup&) = delete;
        ~cleanup() {
            local_.room = 0;
            while (node* const block = local_.head) {
                local_.head = block->next;
                std::free(block);
            }
        }
    };

    RTPSYNTH_NOINLINE static void* allocate_new() noexcept {
        void* const block = std::malloc(Size);
        if (block != nullptr && !local_.registered) {
            local_.registered = true; // once: another thread_local's destructor may get here too
            local_.room = Limit;
            static thread_local cleanup at_thread_exit;
        }
        return block;
    }

    static inline constinit thread_local state local_ RTPSYNTH_TLS_MODEL{};
#endif
};

} // namespace rtpsynth::detail
