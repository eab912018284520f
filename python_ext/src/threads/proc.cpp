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
    : worker_{std::make_shared<proc_worker>()},
      thread_{std::make_unique<callback_thread>(
          "rtpsynth-proc", [worker = worker_](python_thread& python) { worker->run(python); })} {}

proc::~proc() {
    if (is_inherited()) {
        new std::shared_ptr<proc_worker>(std::move(worker_)); // its context is the parent's
        return;
    }
    shutdown();
}

bool proc::check_usable() const {
    if (is_inherited())
        PyErr_SetString(PyExc_RuntimeError, "RtpProc was made before fork(); make a new one");
    else if (shut_down_)
        PyErr_SetString(PyExc_RuntimeError, "RtpProc is shutting down");
    else
        return true;
    return false;
}

void proc::request_stop() noexcept {
    if (is_inherited()) return;
    shut_down_ = true;
    worker_->stop();
}

void proc::await_stop(callback_thread::clock::time_point deadline) {
    if (is_inherited()) return;
    const gil_released others_run;
    thread_->join_until(deadline);
}

void proc::shutdown() {
    request_stop();
    await_stop(callback_thread::clock::now() + callback_thread::patience);
}

} // namespace rtpsynth::python
