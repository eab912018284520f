#include "io/thread.hpp"

#include <pthread.h>
#include <sys/prctl.h>

namespace rtpsynth::asio_server::detail {

void name_thread(std::thread& thread, const char* name) noexcept {
    pthread_setname_np(thread.native_handle(), name);
}

void end_sleep_on_time() noexcept { static_cast<void>(::prctl(PR_SET_TIMERSLACK, 1UL)); }

} // namespace rtpsynth::asio_server::detail
