/**
 * \file
 * What the library asks of a compiler beyond the language. Nothing else in the library names a
 * compiler or uses an extension of one; a compiler that is not known here gets plain code that does
 * the same. C99 and C++11: the C face includes it.
 */
#ifndef RTPSYNTH_COMPILER_H
#define RTPSYNTH_COMPILER_H

#if defined(__GNUC__) || defined(__clang__)
#    define RTPSYNTH_GNU_COMPILER 1
#else
#    define RTPSYNTH_GNU_COMPILER 0
#endif

/* RTPSYNTH_API marks what the shared library exports; everything else is hidden, and what is inside
 * a class with that mark has RTPSYNTH_LOCAL to be so. RTPSYNTH_EXPORTS is defined while it is
 * compiled. Windows needs no mark where the library is used: functions are reached through the
 * import library either way, and so is a class's virtual table. */
#if defined(_WIN32)
#    define RTPSYNTH_LOCAL
#    if defined(RTPSYNTH_EXPORTS)
#        define RTPSYNTH_API __declspec(dllexport)
#    else
#        define RTPSYNTH_API
#    endif
#elif RTPSYNTH_GNU_COMPILER
#    define RTPSYNTH_API __attribute__((visibility("default")))
#    define RTPSYNTH_LOCAL __attribute__((visibility("hidden")))
#else
#    define RTPSYNTH_API
#    define RTPSYNTH_LOCAL
#endif

/* RTPSYNTH_INITIAL_EXEC: a thread_local variable that is reached without a call, also in a shared
 * library. The C library must keep room for it in libraries that are loaded late. */
#if RTPSYNTH_GNU_COMPILER && !defined(_WIN32)
#    define RTPSYNTH_INITIAL_EXEC __attribute__((tls_model("initial-exec")))
#else
#    define RTPSYNTH_INITIAL_EXEC
#endif

/* RTPSYNTH_NOINLINE: a rare case of a hot function, which would be slower with the registers that
 * the rare case needs.
 * RTPSYNTH_EXTENSION: before an unnamed union, which C99 does not have and its compilers do. */
#if RTPSYNTH_GNU_COMPILER
#    define RTPSYNTH_NOINLINE __attribute__((noinline))
#    define RTPSYNTH_EXTENSION __extension__
#else
#    define RTPSYNTH_NOINLINE
#    define RTPSYNTH_EXTENSION
#endif

/* RTPSYNTH_SANITIZED: 1 where a sanitizer follows every access to memory. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define RTPSYNTH_SANITIZED 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                     \
        __has_feature(memory_sanitizer)
#        define RTPSYNTH_SANITIZED 1
#    endif
#endif
#ifndef RTPSYNTH_SANITIZED
#    define RTPSYNTH_SANITIZED 0
#endif

/* RTPSYNTH_AVX2 marks a function that may use AVX2 in a library whose baseline does not have it.
 * Who calls one has asked cpu_has_avx2(). Not defined where that cannot be done. */
#if RTPSYNTH_GNU_COMPILER && defined(__x86_64__)
#    define RTPSYNTH_AVX2 __attribute__((target("avx2")))
#    define RTPSYNTH_AVX2_INLINE __attribute__((target("avx2"), always_inline)) inline
#endif

#ifdef __cplusplus

namespace rtpsynth {
namespace detail {

#    ifdef RTPSYNTH_AVX2
inline bool cpu_has_avx2() noexcept {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2");
}
#    endif

/// \p value, an integer of which the optimiser knows nothing from here on.
template <class T>
T opaque(T value) noexcept {
#    if RTPSYNTH_GNU_COMPILER
    asm("" : "+r"(value));
#    endif
    return value;
}

/// Asks the processor to fetch the cache line at \p address, which may be any and is read soon.
inline void prefetch(const void* address) noexcept {
#    if RTPSYNTH_GNU_COMPILER
    __builtin_prefetch(address);
#    else
    static_cast<void>(address);
#    endif
}

} // namespace detail
} // namespace rtpsynth

#endif

#endif
