#include "threads/server.hpp"

#include <utility>

namespace rtpsynth::python {

server::server(const asio_server::server_options& options)
    : background{"RtpServer"},
      native_{std::make_unique<asio_server::rtp_server>(options)},
      queue_{std::make_shared<callback_queue>()},
      callbacks_{std::make_unique<callback_thread>(
          "rtpsynth-py", [queue = queue_](python_thread& python) { queue->run(python); })} {}

server::~server() {
    if (inherited())
        abandon(std::move(queue_)); // a thread of the parent may have held its lock
    else
        shutdown();
}

void server::stop() noexcept { queue_->stop(); }

void server::join_until(callback_thread::clock::time_point deadline) {
    native_->shutdown();
    callbacks_->join_until(deadline);
}

} // namespace rtpsynth::python
