#include <rtpsynth/asio_server/channel/rtp_channel.hpp>

#include "channel/channel_impl.hpp"
#include "server/engine.hpp"

#include <utility>

namespace rtpsynth::asio_server {

rtp_channel::rtp_channel(std::unique_ptr<detail::channel_impl> impl) noexcept
    : impl_{std::move(impl)} {}

rtp_channel::~rtp_channel() {
    if (!impl_->owner().inherited()) return;
    impl_->close();
    // Its operations and buffers use executors and pools of the parent process.
    static_cast<void>(impl_.release());
}

rtp_channel::executor_type rtp_channel::get_executor() const noexcept {
    return impl_->owner().executor();
}

rtp_channel::endpoint rtp_channel::local_endpoint() const noexcept {
    return impl_->local_endpoint();
}

bool rtp_channel::is_open() const noexcept { return impl_->is_open(); }

boost::system::error_code rtp_channel::set_target(const endpoint& target) noexcept {
    return impl_->set_target(target);
}

std::optional<rtp_channel::endpoint> rtp_channel::target() const noexcept {
    return impl_->target();
}

boost::system::error_code rtp_channel::try_send(std::span<const std::uint8_t> data) noexcept {
    return impl_->try_send(data, nullptr);
}

boost::system::error_code rtp_channel::try_send_to(std::span<const std::uint8_t> data,
                                                   const endpoint& to) noexcept {
    return impl_->try_send(data, &to);
}

void rtp_channel::start_send(error_handler handler, std::span<const std::uint8_t> data) {
    impl_->start_send(data, nullptr, std::move(handler));
}

void rtp_channel::start_send_to(error_handler handler, std::span<const std::uint8_t> data,
                                const endpoint& to) {
    impl_->start_send(data, &to, std::move(handler));
}

void rtp_channel::start_receive(datagram_handler handler) {
    impl_->start_receive(std::move(handler));
}

void rtp_channel::start_close(error_handler handler) { impl_->start_close(std::move(handler)); }

void rtp_channel::cancel() noexcept { impl_->cancel(); }

bool rtp_channel::close() noexcept { return impl_->close(); }

channel_stats rtp_channel::stats() const noexcept { return impl_->stats(); }

std::size_t rtp_channel::receive_buffer_size() const noexcept {
    return impl_->receive_buffer_size();
}

std::size_t rtp_channel::send_buffer_size() const noexcept { return impl_->send_buffer_size(); }

std::optional<rtp_channel::endpoint> rtp_channel::locked_source() const noexcept {
    return impl_->locked_source();
}

void rtp_channel::reset_source_lock() noexcept { impl_->reset_source_lock(); }

} // namespace rtpsynth::asio_server
