#include <rtpsynth/asio_server/proc/rtp_proc.hpp>

#include "proc/proc_channel_impl.hpp"
#include "proc/proc_engine.hpp"
#include "server/io_thread.hpp"
#include "server/serial_executor.hpp"

#include <boost/system/system_error.hpp>

#include <system_error>

namespace rtpsynth::asio_server {

namespace {

std::unique_ptr<detail::io_thread> make_thread() {
    try {
        // Our own handlers do not throw; exceptions of functions that an application posts here are
        // ignored.
        return std::make_unique<detail::io_thread>([](const std::exception_ptr&) {});
    } catch (const boost::system::system_error&) {
        throw;
    } catch (const std::system_error& e) {
        throw boost::system::system_error{
            boost::system::error_code{e.code().value(), boost::system::generic_category()}};
    }
}

} // namespace

rtp_proc::rtp_proc() : rtp_proc{proc_options{}} {}

rtp_proc::rtp_proc(const proc_options& options) : thread_{make_thread()} {
    const auto& home = thread_->home();
    engine_ = detail::proc_engine::make(options, home->context().get_executor(), home);
}

rtp_proc::rtp_proc(boost::asio::any_io_executor executor, const proc_options& options)
    : engine_{detail::proc_engine::make(options, detail::make_serial(std::move(executor)))} {}

rtp_proc::~rtp_proc() {
    if (engine_->inherited())
        detail::proc_engine::abandon(std::move(engine_)); // its destructor would use Asio
    else
        shutdown();
}

rtp_proc::executor_type rtp_proc::get_executor() const noexcept { return engine_->executor(); }

void rtp_proc::shutdown() noexcept {
    const bool told = engine_->shutdown();
    if (!thread_ || engine_->inherited()) return;
    if (!told) thread_->home()->context().stop(); // its timer must not keep the thread alive
    thread_->finish();
}

rtp_proc_stats rtp_proc::stats() const { return engine_->stats(); }

std::shared_ptr<rtp_proc_channel> rtp_proc_channel::make(
    const std::shared_ptr<detail::proc_engine>& engine,
    std::unique_ptr<detail::any_proc_handler> handler) {
    auto impl = std::make_shared<detail::proc_channel_impl>(engine, std::move(handler));
    std::shared_ptr<rtp_proc_channel> channel{new rtp_proc_channel{impl}};
    engine->add(impl);
    return channel;
}

rtp_proc_channel::rtp_proc_channel(std::shared_ptr<detail::proc_channel_impl> impl) noexcept
    : impl_{std::move(impl)} {}

// A handle that owns nothing: the engine keeps its channel alive during a call.
rtp_proc_channel::rtp_proc_channel(detail::proc_channel_impl& called) noexcept
    : impl_{std::shared_ptr<void>{}, &called} {}

rtp_proc_channel::~rtp_proc_channel() {
    if (impl_.use_count() != 0) impl_->close();
}

bool rtp_proc_channel::close() noexcept { return impl_->close(); }

bool rtp_proc_channel::is_open() const noexcept { return impl_->is_open(); }

std::uint64_t rtp_proc_channel::id() const noexcept { return impl_->id(); }

std::exception_ptr rtp_proc_channel::exception() const noexcept { return impl_->exception(); }

} // namespace rtpsynth::asio_server
