#include "threads/proc.hpp"

#ifdef __linux__
#    include <sys/prctl.h>
#endif

#include <utility>

namespace rtpsynth::python {

namespace {

/// Has sleep end on time: Linux lets a thread oversleep by 50 µs unless it asks for less.
void wake_on_time() noexcept {
#ifdef __linux__
    static_cast<void>(::prctl(PR_SET_TIMERSLACK, 1UL));
#endif
}

} // namespace

void proc_worker::run(python_thread& python) {
    python_ = &python;
    wake_on_time();
    do {
        while (native_.serve()) python.breathe();
        if (python.has_gil()) python.release();
    } while (native_.wait());
}

proc::proc(const asio_server::proc_options& options)
    : background{"RtpProc"},
      options_{options},
      worker_{std::make_shared<proc_worker>(options)},
      thread_{std::make_unique<callback_thread>(
          "rtpsynth-proc", [worker = worker_](python_thread& python) { worker->run(python); })} {}

proc::~proc() {
    if (inherited())
        abandon(std::move(worker_)); // the parent's thread waits there
    else
        shutdown();
}

} // namespace rtpsynth::python
