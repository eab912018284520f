#include <rtpsynth/asio_server/server/rtp_server.hpp>

#include "channel/channel_impl.hpp"
#include "server/engine.hpp"
#include "server/exception_sink.hpp"
#include "server/io_thread.hpp"
#include "server/serial_executor.hpp"

#include <chrono>
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
    make_home(options);
    thread_ = std::make_unique<detail::io_thread>(home_);
}

rtp_server::rtp_server(caller_runs_t, const server_options& options) { make_home(options); }

rtp_server::rtp_server(boost::asio::any_io_executor executor, const server_options& options)
    : engine_{std::make_shared<detail::engine>(detail::make_serial(std::move(executor)),
                                               sink_of(checked(options)), options)} {
    engine_->start();
}

void rtp_server::make_home(const server_options& options) {
    const auto sink = sink_of(checked(options));
    home_ =
        std::make_shared<detail::io_home>([sink](const std::exception_ptr& e) { sink->take(e); });
    home_->prepare();
    engine_ = std::make_shared<detail::engine>(home_, sink, options);
    engine_->start();
}

rtp_server::~rtp_server() {
    if (engine_->inherited()) {
        detail::engine::abandon(std::move(engine_));
        if (home_ && !thread_) detail::io_home::abandon(std::move(home_));
        return;
    }
    shutdown();
    if (home_ && !thread_) home_->end();
}

void rtp_server::poll() noexcept {
    if (const auto home = run_by_caller()) home->poll();
}

void rtp_server::run_one() noexcept { run_one_until(time_point::max()); }

void rtp_server::run_one_until(time_point deadline) noexcept {
    if (const auto home = run_by_caller()) home->run_one(deadline);
}

void rtp_server::wake() noexcept {
    if (const auto home = run_by_caller()) home->wake();
}

std::optional<time_point> rtp_server::next_deadline() const noexcept {
    const auto home = run_by_caller();
    const time_point next = home ? home->next_deadline() : time_point::max();
    return next == time_point::max() ? std::nullopt : std::optional{next};
}

rtp_server::native_handle_type rtp_server::native_handle() const noexcept {
    const auto home = run_by_caller();
    return home ? home->descriptor() : static_cast<native_handle_type>(-1);
}

/// The home that the caller runs; null for another kind of server, and in a child of fork(). A
/// shared_ptr, since its handlers may destroy the server.
std::shared_ptr<detail::io_home> rtp_server::run_by_caller() const noexcept {
    return home_ && !thread_ && !home_->inherited() ? home_ : nullptr;
}

rtp_server::executor_type rtp_server::get_executor() const noexcept { return engine_->executor(); }

std::shared_ptr<rtp_channel> rtp_server::make_channel(
    const channel_options& options, std::unique_ptr<detail::receive_handler> handler) {
    return engine_->create_channel(options, std::move(handler));
}

void rtp_server::shutdown() noexcept {
    begin_shutdown(std::chrono::steady_clock::now() + detail::channel_impl::longest_drain);
    join();
}

void rtp_server::begin_shutdown(time_point drain_until) noexcept {
    if (engine_->inherited()) return;
    // First: the running thread could wait in Asio once the engine has stopped.
    if (home_ && !thread_) home_->release();
    engine_->shutdown(drain_until);
}

void rtp_server::join() noexcept {
    if (thread_ && !engine_->inherited()) thread_->finish();
}

bool rtp_server::runs_here() const noexcept { return thread_ && thread_->runs_here(); }

std::optional<duration> rtp_server::tick() const noexcept { return engine_->tick(); }

server_stats rtp_server::stats() const noexcept { return engine_->stats(); }

} // namespace rtpsynth::asio_server
