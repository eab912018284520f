#include "system.hpp"

#include <cerrno>
#include <cstring>

#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace rtpsynth {

// Uses syscall(), which is not a cancellation point, unlike getrandom().
std::size_t detail::read_random(void* out, std::size_t size) noexcept {
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

// AT_RANDOM and the process id: a child of fork() shares the former with its parent.
std::uint64_t detail::process_seed() noexcept {
    std::uint64_t seed = 0;
    if (const unsigned long at_random = getauxval(AT_RANDOM)) {
        std::memcpy(&seed, reinterpret_cast<const void*>(at_random), sizeof seed);
    }
    return seed + (static_cast<std::uint64_t>(getpid()) << 32);
}

// Linux has MADV_WIPEONFORK since 4.14.
void* detail::allocate_wiped_on_fork(std::size_t size) noexcept {
    void* const page =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return nullptr;
    // Check with the invalid advice -1, which only an emulator accepts that ignores all advice.
    if (madvise(page, size, -1) == 0 || madvise(page, size, MADV_WIPEONFORK) != 0) {
        munmap(page, size);
        return nullptr;
    }
    return page;
}

} // namespace rtpsynth
