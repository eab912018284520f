/**
 * \file
 * Compiler extensions that the library uses. No other file of the library names a compiler or uses
 * an extension. Unknown compilers get plain code that does the same. C99 and C++11, since the C
 * face includes this header.
 */
#ifndef RTPSYNTH_COMPILER_H
#define RTPSYNTH_COMPILER_H

#if defined(__GNUC__) || defined(__clang__)
#    define RTPSYNTH_GNU_COMPILER 1
#else
#    define RTPSYNTH_GNU_COMPILER 0
#endif

/* RTPSYNTH_API marks what the shared library exports; everything else is hidden. RTPSYNTH_LOCAL
 * hides a nested class of an exported class. RTPSYNTH_EXPORTS is defined while the library itself
 * is compiled. On Windows a program that uses the library needs no mark: the import library
 * resolves functions and the virtual tables of classes. */
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

/* RTPSYNTH_INITIAL_EXEC: a thread_local variable that is accessed without a function call, even in
 * a shared library. If the library is loaded with dlopen(), the C library must have static TLS
 * space left for it. */
#if RTPSYNTH_GNU_COMPILER && !defined(_WIN32)
#    define RTPSYNTH_INITIAL_EXEC __attribute__((tls_model("initial-exec")))
#else
#    define RTPSYNTH_INITIAL_EXEC
#endif

/* RTPSYNTH_NOINLINE: for the rare case of a hot function. Inlined, it would take registers from the
 * usual case.
 * RTPSYNTH_EXTENSION: before an unnamed union, which C99 lacks but its compilers accept. */
#if RTPSYNTH_GNU_COMPILER
#    define RTPSYNTH_NOINLINE __attribute__((noinline))
#    define RTPSYNTH_EXTENSION __extension__
#else
#    define RTPSYNTH_NOINLINE
#    define RTPSYNTH_EXTENSION
#endif

/* RTPSYNTH_SANITIZED: 1 if a sanitizer instruments every memory access. */
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
 * Call such a function only if cpu_has_avx2(). Not defined for other compilers and processors. */
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

/// Returns the integer \p value, and hides it from the optimiser.
template <class T>
T opaque(T value) noexcept {
#    if RTPSYNTH_GNU_COMPILER
    asm("" : "+r"(value));
#    endif
    return value;
}

/// Asks the processor to fetch the cache line at \p address, which is read soon. Any address is
/// valid.
inline void prefetch(const void* address) noexcept {
#    if RTPSYNTH_GNU_COMPILER
    __builtin_prefetch(address);
#    else
    static_cast<void>(address);
#    endif
}

/// Four floats, in one register where the processor has such registers: `a + b`, `a * b`, `a[i]`.
#    if RTPSYNTH_GNU_COMPILER
using floats_x4 = float __attribute__((vector_size(16)));
#    else
struct floats_x4 {
    float lane[4];

    friend floats_x4 operator+(const floats_x4& a, const floats_x4& b) noexcept {
        return {{a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]}};
    }
    friend floats_x4 operator*(const floats_x4& a, const floats_x4& b) noexcept {
        return {{a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]}};
    }
    float operator[](int i) const noexcept { return lane[i]; }
};
#    endif

} // namespace detail
} // namespace rtpsynth

#endif

#endif
