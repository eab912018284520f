#include "channel/channel_impl.hpp"

#include "server/engine.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <stdexcept>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

namespace error = boost::asio::error;

const channel_options& checked(const channel_options& o) {
    const auto is_buffer_size = [](const std::optional<std::size_t>& size) {
        return !size || (*size >= 1 && *size <= channel_options::max_buffer_size);
    };
    if (o.queue_size < 1 || o.queue_size > channel_options::max_queue_size)
        throw std::invalid_argument("queue_size must be 1..1048576");
    if (!is_buffer_size(o.receive_buffer_size))
        throw std::invalid_argument("receive_buffer_size must be 1..1073741824 bytes");
    if (!is_buffer_size(o.send_buffer_size))
        throw std::invalid_argument("send_buffer_size must be 1..1073741824 bytes");
    if (o.dscp && *o.dscp > channel_options::max_dscp)
        throw std::invalid_argument("dscp must be 0..63");
    return o;
}

} // namespace

channel_impl::channel_impl(std::shared_ptr<engine> owner, const channel_options& options)
    : owner_{std::move(owner)},
      output_{checked(options).queue_size},
      socket_{owner_->executor(), options},
      local_{socket_.local_endpoint()},
      source_lock_{options.source_lock},
      policy_{options.source_lock.policy} {}

channel_impl::~channel_impl() {
    close();
    if (token_ != 0) owner_->channels().retire(token_, stats());
}

bool channel_impl::open(const std::shared_ptr<rtp_channel>& self, std::uint64_t token,
                        std::unique_ptr<receive_handler> handler, std::shared_ptr<void> lease) {
    const std::lock_guard lock{io_};
    self_ = self;
    token_ = token;
    if (!socket_.is_open()) { // the server was shut down meanwhile
        owner_->channels().closed(token);
        return false;
    }
    if (!handler) inbox_ = std::make_unique<inbox>();
    handler_ = std::move(handler);
    lease_ = std::move(lease);
    reading_ = handler_ != nullptr;
    watched_ = {.readable = reading_, .writable = false};
    if (const error_code e = owner_->sockets().add(socket_, watched_, token))
        throw boost::system::system_error{e, "ready_set"};
    return true;
}

channel_stats channel_impl::stats() const noexcept {
    channel_stats s;
    s.received = received_;
    s.received_bytes = received_bytes_;
    s.rejected = rejected_;
    s.discarded = discarded_;
    s.receive_errors = receive_errors_;
    s.accepted = output_.accepted() + sent_at_once_;
    s.sent = sent_;
    s.sent_bytes = sent_bytes_;
    s.send_errors = send_errors_;
    s.cancelled = output_.cancelled();
    s.queue_full = output_.refused();
    const std::lock_guard lock{io_};
    note_dropped();
    s.overflow = overflow_;
    s.last_receive_error = last_receive_error_;
    s.last_send_error = last_send_error_;
    return s;
}

// Updates the counter of datagrams that the kernel dropped. The kernel's counter has 32 bits.
void channel_impl::note_dropped() const noexcept {
    if (!socket_.is_open()) return;
    const std::uint32_t now = socket_.dropped();
    add(overflow_, now - dropped_before_);
    dropped_before_ = now;
}

std::size_t channel_impl::receive_buffer_size() const noexcept {
    const std::lock_guard lock{io_};
    return socket_.is_open() ? socket_.receive_buffer_size() : 0;
}

std::size_t channel_impl::send_buffer_size() const noexcept {
    const std::lock_guard lock{io_};
    return socket_.is_open() ? socket_.send_buffer_size() : 0;
}

std::optional<channel_impl::endpoint> channel_impl::locked_source() const noexcept {
    const std::lock_guard lock{io_};
    return source_lock_.locked();
}

void channel_impl::reset_source_lock() noexcept {
    const std::lock_guard lock{io_};
    source_lock_.reset();
}

void channel_impl::failed(std::exception_ptr e) noexcept { owner_->handler_failed(std::move(e)); }

void channel_impl::cancel() noexcept {
    if (owner_->inherited()) return;
    const auto kept = self_.lock(); // a handler may own it
    completions done{owner_->completing()};
    std::uint64_t closed = 0;
    {
        const std::lock_guard lock{io_};
        done.push(output_.cancel_all(), error::operation_aborted);
        if (inbox_) done.push(inbox_->cancel_all(), error::operation_aborted);
        if (closing_) closed = give_up_closing(error::operation_aborted, done);
    }
    if (closed != 0) owner_->channels().closed(closed);
}

void channel_impl::watch() noexcept {
    const interest wanted{.readable = reading_, .writable = blocked_};
    if (wanted == watched_ || !socket_.is_open()) return;
    if (owner_->sockets().modify(socket_, wanted, token_))
        owner_
            ->pause(); // no memory: try again later, since the channel would otherwise wait forever
    else
        watched_ = wanted;
}

} // namespace rtpsynth::asio_server::detail
