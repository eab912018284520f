#include <rtpsynth/asio_server/proc/detail/proc_loop.hpp>

#include "proc/proc_engine.hpp"

namespace rtpsynth::asio_server::detail {

proc_loop::proc_loop(const proc_options& options) : engine_{proc_engine::make(options)} {}

proc_loop::~proc_loop() {
    if (engine_->inherited())
        proc_engine::abandon(std::move(engine_)); // a thread of the parent may wait in it
    else
        shutdown();
}

bool proc_loop::serve() noexcept { return engine_->serve(); }
bool proc_loop::wait() noexcept { return engine_->wait(); }
void proc_loop::shutdown() noexcept { static_cast<void>(engine_->shutdown()); }
rtp_proc_stats proc_loop::stats() const { return engine_->stats(); }

} // namespace rtpsynth::asio_server::detail
