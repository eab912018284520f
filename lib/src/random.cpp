#include <rtpsynth/random.hpp>

#include <sys/auxv.h>
#include <sys/random.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace rtpsynth {
namespace {

// The n-th number of splitmix64, seeded with AT_RANDOM and the process id: a child of fork() shares
// the former with its parent.
std::uint32_t process_random32() noexcept {
    static std::atomic<std::uint64_t> counter{0};
    std::uint64_t seed = 0;
    if (const unsigned long at_random = getauxval(AT_RANDOM)) {
        std::memcpy(&seed, reinterpret_cast<const void*>(at_random), sizeof seed);
    }
    seed += static_cast<std::uint64_t>(getpid()) << 32;
    std::uint64_t z = seed + (counter.fetch_add(1) + 1) * 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return static_cast<std::uint32_t>((z ^ (z >> 31)) >> 32);
}

} // namespace

std::uint32_t system_random32() noexcept {
    unsigned char bytes[sizeof(std::uint32_t)];
    std::size_t have = 0;
    while (have < sizeof bytes) {
        const ssize_t got = getrandom(bytes + have, sizeof bytes - have, 0);
        if (got > 0) {
            have += static_cast<std::size_t>(got);
        } else if (got == 0 || errno != EINTR) {
            return process_random32();
        }
    }
    std::uint32_t value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
}

} // namespace rtpsynth
