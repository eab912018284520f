// For any system that has fork().
#include "io/process.hpp"

#include "io/thread.hpp"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

/// Blocks all signals while it lives: a new thread inherits the signal mask of the thread that
/// starts it.
class signals_blocked {
public:
    signals_blocked() noexcept {
        sigset_t every;
        sigfillset(&every);
        pthread_sigmask(SIG_SETMASK, &every, &before_);
    }
    ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    signals_blocked(const signals_blocked&) = delete;
    signals_blocked& operator=(const signals_blocked&) = delete;

private:
    sigset_t before_;
};

std::atomic<long> forks{0};

/// Identifies this process: the number of forks between it and the first one that called this.
/// Called for each datagram, and getpid() would be a system call.
long this_process() noexcept {
    static const bool counted = ::pthread_atfork(nullptr, nullptr, [] { ++forks; }) == 0;
    return counted ? forks.load(std::memory_order_relaxed) : ::getpid();
}

} // namespace

process_mark::process_mark() noexcept : id_{this_process()} {}
bool process_mark::inherited() const noexcept { return this_process() != id_; }

void close_inherited(native_descriptor descriptor) noexcept { ::close(descriptor); }

std::unique_ptr<std::thread> start_thread(const char* name, std::function<void()> run) {
    std::unique_ptr<std::thread> thread;
    {
        const signals_blocked meanwhile;
        thread = std::make_unique<std::thread>(std::move(run));
    }
    name_thread(*thread, name);
    return thread;
}

} // namespace rtpsynth::asio_server::detail
