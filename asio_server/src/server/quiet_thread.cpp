#include <rtpsynth/asio_server/server/detail/quiet_thread.hpp>

#include <boost/system/system_error.hpp>

#include <csignal>
#include <system_error>
#include <utility>

#include <pthread.h>

namespace rtpsynth::asio_server::detail {

namespace {

/// A thread begins with the signal mask of the one that starts it.
class signals_blocked {
public:
    signals_blocked() noexcept {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    signals_blocked(const signals_blocked&) = delete;
    signals_blocked& operator=(const signals_blocked&) = delete;

private:
    sigset_t before_;
};

} // namespace

std::unique_ptr<std::thread> start_quiet_thread(const char* name, std::function<void()> run) {
    std::unique_ptr<std::thread> thread;
    try {
        const signals_blocked meanwhile;
        thread = std::make_unique<std::thread>(std::move(run));
    } catch (const std::system_error& e) {
        throw boost::system::system_error{e.code().value(), boost::system::system_category(),
                                          "thread"};
    }
    pthread_setname_np(thread->native_handle(), name);
    return thread;
}

} // namespace rtpsynth::asio_server::detail
