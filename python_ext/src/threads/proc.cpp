#include "threads/proc.hpp"

#include <utility>

namespace rtpsynth::python {

proc_worker::proc_worker()
    : work_{boost::asio::make_work_guard(context_)}, native_{context_.get_executor()} {}

void proc_worker::run(python_thread& python) {
    python_ = &python;
    for (;;) {
        if (context_.poll_one() == 0) { // nothing more to do for now
            if (python.has_gil()) python.release();
            if (context_.run_one() == 0) return;
        }
        python.breathe();
    }
}

void proc_worker::stop() noexcept {
    native_.shutdown();
    context_.stop();
}

proc::proc()
    : background{"RtpProc"},
      worker_{std::make_shared<proc_worker>()},
      thread_{std::make_unique<callback_thread>(
          "rtpsynth-proc", [worker = worker_](python_thread& python) { worker->run(python); })} {}

proc::~proc() {
    if (inherited())
        abandon(std::move(worker_)); // its context is the parent's
    else
        shutdown();
}

} // namespace rtpsynth::python
