#include <rtpsynth/base/random.hpp>

#include <rtpsynth/base/detail/random_sequence.hpp>

#include "system.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <new>
#include <utility>

namespace rtpsynth {
namespace {

/// Random words read from the system 1 KiB at a time. Each is used once and then wiped. The memory
/// is zeroed in a child of fork(), whichever thread was using it: there it is empty and not busy.
struct reserve {
    std::atomic<std::uint32_t> busy; // a thread is in take()
    std::uint32_t left;
    std::array<std::uint32_t, 256> words;

    bool take(std::uint32_t& out) noexcept {
        if (left == 0) {
            left = static_cast<std::uint32_t>(detail::read_random(words.data(), sizeof words) /
                                              sizeof words[0]);
            if (left == 0) return false;
        }
        out = std::exchange(words[--left], 0);
        return true;
    }
};

reserve* make_reserve() noexcept {
    void* const memory = detail::allocate_wiped_on_fork(sizeof(reserve));
    return memory != nullptr ? ::new (memory) reserve{} : nullptr;
}

// Initialised when the library is loaded and not at first use: a child of fork() could inherit a
// local static that another thread was about to initialise, and wait for that thread forever. Calls
// before that find a null pointer.
reserve* const shared = make_reserve();

bool draw_system(std::uint32_t& out) noexcept {
    // No thread waits for another one: a system call takes less time.
    if (shared == nullptr || shared->busy.exchange(1, std::memory_order_acquire) != 0) {
        return detail::read_random(&out, sizeof out) == sizeof out;
    }
    const bool taken = shared->take(out);
    shared->busy.store(0, std::memory_order_release);
    return taken;
}

// The n-th number of the process's seed.
std::uint32_t process_random32() noexcept {
    static std::atomic<std::uint64_t> counter{0};
    const std::uint64_t before = counter.fetch_add(1) * detail::random_sequence::step;
    return detail::random_sequence(detail::process_seed() + before).bits32();
}

} // namespace

std::uint32_t system_random32() noexcept {
    std::uint32_t value = 0;
    return draw_system(value) ? value : process_random32();
}

} // namespace rtpsynth
