#include <rtpsynth/base/random.hpp>

#include <atomic>
#include <cstddef>
#include <cstring>

#ifdef __linux__
#    include <sys/auxv.h>
#    include <sys/mman.h>
#    include <sys/syscall.h>
#    include <unistd.h>

#    include <array>
#    include <cerrno>
#    include <new>
#    include <utility>
#else
#    include <chrono>
#    include <random>
#endif

namespace rtpsynth {
namespace {

#ifdef __linux__

// AT_RANDOM and the process id: a child of fork() shares the former with its parent.
std::uint64_t process_seed() noexcept {
    std::uint64_t seed = 0;
    if (const unsigned long at_random = getauxval(AT_RANDOM)) {
        std::memcpy(&seed, reinterpret_cast<const void*>(at_random), sizeof seed);
    }
    return seed + (static_cast<std::uint64_t>(getpid()) << 32);
}

/// getrandom(2), by a call that is no cancellation point: nothing may be thrown in here.
/// \return bytes written to \p out, fewer than \p size only if the system gives no more
std::size_t read_system(void* out, std::size_t size) noexcept {
    std::size_t have = 0;
    while (have < size) {
        const long got = syscall(SYS_getrandom, static_cast<char*>(out) + have, size - have, 0);
        if (got > 0) {
            have += static_cast<std::size_t>(got);
        } else if (got == 0 || errno != EINTR) {
            break;
        }
    }
    return have;
}

/// Random words read from the system 1 KiB at a time, of which each is handed out once and wiped.
/// It lies in a page that the kernel fills with zeros in a child of fork(), whoever else was in
/// here then: there it is empty and not busy.
struct reserve {
    std::atomic<std::uint32_t> busy; // a thread is in take()
    std::uint32_t left;
    std::array<std::uint32_t, 256> words;

    bool take(std::uint32_t& out) noexcept {
        if (left == 0) {
            left = static_cast<std::uint32_t>(read_system(words.data(), sizeof words) /
                                              sizeof words[0]);
            if (left == 0) return false;
        }
        out = std::exchange(words[--left], 0);
        return true;
    }
};

/// nullptr where the kernel has no such pages (before Linux 4.14), or no memory.
reserve* map_reserve() noexcept {
    void* const page =
        mmap(nullptr, sizeof(reserve), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return nullptr;
    // Advice -1 is an error, but not to an emulator that passes over all advice.
    if (madvise(page, sizeof(reserve), -1) == 0 ||
        madvise(page, sizeof(reserve), MADV_WIPEONFORK) != 0) {
        munmap(page, sizeof(reserve));
        return nullptr;
    }
    return ::new (page) reserve{};
}

// Made when the library is loaded, and not at first use: a child of fork() could inherit a local
// static that another thread was about to initialise, and wait for that thread for good. Whoever
// draws before it is made finds a null pointer.
reserve* const shared = map_reserve();

bool draw_system(std::uint32_t& out) noexcept {
    // Nobody waits for another thread: a system call is soon done.
    if (shared == nullptr || shared->busy.exchange(1, std::memory_order_acquire) != 0) {
        return read_system(&out, sizeof out) == sizeof out;
    }
    const bool taken = shared->take(out);
    shared->busy.store(0, std::memory_order_release);
    return taken;
}

#else

std::uint64_t process_seed() noexcept {
    static const char here = 0;
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    return static_cast<std::uint64_t>(now) + (reinterpret_cast<std::uintptr_t>(&here) << 20);
}

bool draw_system(std::uint32_t& out) noexcept {
    try {
        out = static_cast<std::uint32_t>(std::random_device{}());
        return true;
    } catch (...) {
        return false;
    }
}

#endif

// The n-th number of splitmix64.
std::uint32_t process_random32() noexcept {
    static std::atomic<std::uint64_t> counter{0};
    std::uint64_t z = process_seed() + (counter.fetch_add(1) + 1) * 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return static_cast<std::uint32_t>((z ^ (z >> 31)) >> 32);
}

} // namespace

std::uint32_t system_random32() noexcept {
    std::uint32_t value = 0;
    return draw_system(value) ? value : process_random32();
}

} // namespace rtpsynth
