#include "threads/process.hpp"

#include <atomic>

#include <pthread.h>

namespace rtpsynth::python {

namespace {

std::atomic<unsigned> forks{0};
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, [] { ++forks; });

} // namespace

unsigned fork_count() noexcept { return forks.load(std::memory_order_relaxed); }

} // namespace rtpsynth::python
