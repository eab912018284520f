#include "io/portable/socket_watch.hpp"

#include <utility>

namespace rtpsynth::asio_server::detail {

void ready_list::push(std::shared_ptr<socket_watch> watch, interest what) {
    watch->ready.readable |= what.readable;
    watch->ready.writable |= what.writable;
    if (!watch->listed) {
        watch->listed = true;
        socket_watch* const last = watch.get();
        (last_ ? last_->next : first_) = std::move(watch);
        last_ = last;
    }
    if (handler waiting = take_waiting()) std::move(waiting)(boost::system::error_code{});
}

std::shared_ptr<socket_watch> ready_list::pop() noexcept {
    std::shared_ptr<socket_watch> watch = std::move(first_);
    if (!watch) return nullptr;
    first_ = std::move(watch->next);
    if (!first_) last_ = nullptr;
    watch->listed = false;
    return watch;
}

} // namespace rtpsynth::asio_server::detail
