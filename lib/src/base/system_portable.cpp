#include "system.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <random>

namespace rtpsynth {

std::size_t detail::read_random(void* out, std::size_t size) noexcept {
    std::size_t have = 0;
    try {
        std::random_device source;
        while (have < size) {
            const std::random_device::result_type word = source();
            const std::size_t part = std::min(sizeof word, size - have);
            std::memcpy(static_cast<char*>(out) + have, &word, part);
            have += part;
        }
    } catch (...) { // there is no random source, or it may not be opened
    }
    return have;
}

// The time and the address at which the program was loaded.
std::uint64_t detail::process_seed() noexcept {
    static const char here = 0;
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    return static_cast<std::uint64_t>(now) + (reinterpret_cast<std::uintptr_t>(&here) << 20);
}

void* detail::allocate_wiped_on_fork(std::size_t) noexcept { return nullptr; }

} // namespace rtpsynth
