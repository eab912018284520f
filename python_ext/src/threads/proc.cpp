#include "threads/proc.hpp"

#include <rtpsynth/asio_server/server/detail/quiet_thread.hpp>

#include <utility>

namespace rtpsynth::python {

void proc_worker::run(python_thread& python) {
    python_ = &python;
    asio_server::detail::wake_on_time();
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
