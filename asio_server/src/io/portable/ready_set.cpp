#include "io/portable/ready_set.hpp"

#include <boost/asio/socket_base.hpp>

namespace rtpsynth::asio_server::detail {
namespace {

/// The handler that Asio calls when a socket is ready. If Asio destroys it instead, since it had no
/// memory to post it, the wait has to start again.
class socket_wait {
public:
    socket_wait(std::shared_ptr<socket_watch> watch, std::shared_ptr<ready_list> list,
                bool writable) noexcept
        : memory_{watch->memory[writable ? 1 : 0]},
          watch_{std::move(watch)},
          list_{std::move(list)},
          writable_{writable} {}
    socket_wait(socket_wait&&) noexcept = default;
    socket_wait& operator=(socket_wait&&) = delete;
    ~socket_wait() {
        if (!watch_) return;
        outstanding() = false;
        list_->lost();
    }

    using allocator_type = handler_allocator<>;
    allocator_type get_allocator() const noexcept { return memory_; }

    void operator()(boost::system::error_code ec) {
        outstanding() = false;
        const auto watch = std::exchange(watch_, {});
        if (ec != boost::asio::error::operation_aborted)
            list_->push(watch, {.readable = !writable_, .writable = writable_});
    }

private:
    std::atomic<bool>& outstanding() const noexcept {
        return writable_ ? watch_->awaits_writable : watch_->awaits_readable;
    }

    allocator_type memory_;
    std::shared_ptr<socket_watch> watch_;
    std::shared_ptr<ready_list> list_;
    bool writable_;
};

} // namespace

ready_set::ready_set(const boost::asio::any_io_executor& executor, alarm& alarm,
                     std::function<void()> on_lost, const waker*)
    : executor_{executor}, alarm_{alarm}, list_{std::make_shared<ready_list>(std::move(on_lost))} {
    // The alarm has a weak reference to the list, since the list's callbacks may own the alarm.
    alarm_.start(
        [weak = std::weak_ptr{list_}, watch = std::make_shared<socket_watch>(alarm_token)] {
            if (const auto list = weak.lock()) list->push(watch, {.readable = true});
        });
}

boost::system::error_code ready_set::add(udp_socket& socket, interest wanted, std::uint64_t token) {
    socket.watch_ = std::make_shared<socket_watch>(token);
    return modify(socket, wanted, token);
}

boost::system::error_code ready_set::modify(udp_socket& socket, interest wanted,
                                            std::uint64_t) noexcept {
    socket.watch_->wanted = wanted;
    rearm(socket);
    return {};
}

// The waits of a socket end when it is closed.
void ready_set::remove(udp_socket& socket) noexcept {
    if (socket.watch_) socket.watch_->wanted = {};
}

void ready_set::rearm(udp_socket& socket) noexcept {
    if (!socket.watch_ || !socket.socket_) return;
    socket_watch& watch = *socket.watch_;
    try {
        if (watch.wanted.readable && !watch.awaits_readable.exchange(true))
            socket.socket_->async_wait(boost::asio::socket_base::wait_read,
                                       socket_wait{socket.watch_, list_, false});
        if (watch.wanted.writable && !watch.awaits_writable.exchange(true))
            socket.socket_->async_wait(boost::asio::socket_base::wait_write,
                                       socket_wait{socket.watch_, list_, true});
    } catch (...) { // the handler's destructor handles it
    }
}

std::span<ready_event> ready_set::poll(std::span<ready_event> room) noexcept {
    std::size_t count = 0;
    while (count != room.size() && !list_->empty()) {
        const auto watch = list_->pop();
        const interest ready = std::exchange(watch->ready, {});
        room[count++] = {watch->token, ready.readable, ready.writable};
    }
    return room.first(count);
}

void ready_set::close() noexcept {
    alarm_.stop();
    if (auto waiting = list_->take_waiting()) {
        try {
            boost::asio::post(executor_, [h = std::move(waiting)]() mutable {
                std::move(h)(error_code{boost::asio::error::operation_aborted});
            });
        } catch (...) { // the handler's destructor handles it
        }
    }
}

} // namespace rtpsynth::asio_server::detail
