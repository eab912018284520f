#include "threads/server.hpp"

#include <utility>

namespace rtpsynth::python {

server::server(const asio_server::server_options& options)
    : native_{std::make_unique<asio_server::rtp_server>(options)},
      queue_{std::make_shared<callback_queue>()},
      callbacks_{std::make_unique<callback_thread>(
          "rtpsynth-py", [queue = queue_](python_thread& python) { queue->run(python); })} {}

server::~server() {
    if (is_inherited()) {
        new std::shared_ptr<callback_queue>(std::move(queue_)); // another thread may hold its lock
        return;
    }
    shutdown();
}

bool server::check_usable() const {
    if (is_inherited())
        PyErr_SetString(PyExc_RuntimeError, "RtpServer was made before fork(); make a new one");
    else if (shut_down_)
        PyErr_SetString(PyExc_RuntimeError, "RtpServer is shutting down");
    else
        return true;
    return false;
}

void server::request_stop() noexcept {
    if (is_inherited()) return;
    shut_down_ = true;
    queue_->stop();
}

void server::await_stop(callback_thread::clock::time_point deadline) {
    if (is_inherited()) return;
    const gil_released others_run;
    native_->shutdown();
    callbacks_->join_until(deadline);
}

void server::shutdown() {
    request_stop();
    await_stop(callback_thread::clock::now() + callback_thread::patience);
}

} // namespace rtpsynth::python
