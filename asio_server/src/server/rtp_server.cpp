#include <rtpsynth/asio_server/server/rtp_server.hpp>

#include "server/engine.hpp"
#include "server/exception_sink.hpp"
#include "server/io_thread.hpp"
#include "server/serial_executor.hpp"

#include <stdexcept>
#include <utility>

namespace rtpsynth::asio_server {
namespace {

const server_options& checked(const server_options& o) {
    if (o.tick && (*o.tick < std::chrono::microseconds{1} || *o.tick > std::chrono::seconds{10}))
        throw std::invalid_argument("tick must be 1 us..10 s");
    return o;
}

std::shared_ptr<detail::exception_sink> sink_of(const server_options& o) {
    const auto sink = std::make_shared<detail::exception_sink>();
    sink->on_exception = o.on_exception;
    return sink;
}

} // namespace

rtp_server::rtp_server(const server_options& options) {
    const auto sink = sink_of(checked(options));
    thread_ =
        std::make_unique<detail::io_thread>([sink](const std::exception_ptr& e) { sink->take(e); });
    engine_ = std::make_shared<detail::engine>(thread_->home()->context().get_executor(),
                                               thread_->home(), sink, options);
    engine_->start();
}

rtp_server::rtp_server(boost::asio::any_io_executor executor, const server_options& options)
    : engine_{std::make_shared<detail::engine>(detail::make_serial(std::move(executor)), nullptr,
                                               sink_of(checked(options)), options)} {
    engine_->start();
}

rtp_server::~rtp_server() {
    if (engine_->inherited())
        detail::engine::abandon(std::move(engine_));
    else
        shutdown();
}

rtp_server::executor_type rtp_server::get_executor() const noexcept { return engine_->executor(); }

std::shared_ptr<rtp_channel> rtp_server::make_channel(
    const channel_options& options, std::unique_ptr<detail::receive_handler> handler) {
    return engine_->create_channel(options, std::move(handler));
}

void rtp_server::shutdown() noexcept {
    if (engine_->inherited()) return;
    engine_->shutdown();
    if (thread_) thread_->finish();
}

std::optional<duration> rtp_server::tick() const noexcept { return engine_->tick(); }

server_stats rtp_server::stats() const noexcept { return engine_->stats(); }

} // namespace rtpsynth::asio_server
