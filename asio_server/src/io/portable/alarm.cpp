#include "io/portable/alarm.hpp"

#include "io/handler_memory.hpp"
#include "io/process.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <mutex>
#include <optional>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// The receiving socket of the pair. Outstanding operations own it until stop().
class alarm::receiver : public std::enable_shared_from_this<receiver> {
public:
    using udp = boost::asio::ip::udp;

    explicit receiver(const boost::asio::any_io_executor& executor)
        : socket_{std::in_place, executor,
                  udp::endpoint{boost::asio::ip::address_v4::loopback(), 0}},
          timer_{std::in_place, executor} {
        socket_->non_blocking(true);
        // Makes Asio allocate room for one timer in advance.
        timer_->expires_at(time_point::max());
        timer_->async_wait([](const boost::system::error_code&) {});
        timer_->cancel();
    }

    udp::socket& socket() noexcept { return *socket_; } // valid until stop()
    void abandon() noexcept {
        if (socket_) close_inherited(socket_->native_handle());
    }

    void start(std::function<void()> on_alarm) {
        on_alarm_ = std::move(on_alarm);
        wait_for_datagram();
    }

    void stop() noexcept {
        const std::lock_guard lock{mutex_};
        socket_.reset();
        timer_.reset();
    }

    /// Starts a step again if Asio had no memory to call its handler.
    /// \return whether it did
    bool restore() noexcept {
        if (!lost_ || !lost_.exchange(false)) return false;
        wait_for_datagram();
        return true;
    }

private:
    /// The handler of a step: Asio calls it, or destroys it for lack of memory.
    template <void (receiver::*Action)()>
    class step {
    public:
        explicit step(receiver& r) : receiver_{r.shared_from_this()}, memory_{r.memory_} {}
        step(step&&) noexcept = default;
        step& operator=(step&&) = delete;
        ~step() {
            if (receiver_) receiver_->lost_ = true;
        }
        using allocator_type = handler_allocator<>;
        allocator_type get_allocator() const noexcept { return memory_; }
        void operator()(boost::system::error_code ec) {
            const auto self = std::exchange(receiver_, {});
            if (ec != boost::asio::error::operation_aborted) ((*self).*Action)();
        }

    private:
        std::shared_ptr<receiver> receiver_;
        allocator_type memory_;
    };

    void wait_for_datagram() noexcept {
        const std::lock_guard lock{mutex_};
        if (!socket_) return;
        try {
            socket_->async_wait(udp::socket::wait_read, step<&receiver::on_datagram>{*this});
        } catch (...) { // the step's destructor handles it
        }
    }
    void on_datagram() {
        if (!take_datagram()) return wait_for_datagram();
        if (!set_timer()) on_timer();
    }
    /// \return false for lack of memory: Asio reserves room for this timer alone, and others may
    ///         have taken it
    bool set_timer() noexcept {
        const std::lock_guard lock{mutex_};
        if (!socket_) return true;
        try {
            timer_->expires_after(delay);
            timer_->async_wait(step<&receiver::on_timer>{*this});
            return true;
        } catch (...) {
            return !lost_.exchange(false); // true: a ring() has restored the alarm meanwhile
        }
    }
    void on_timer() {
        wait_for_datagram();
        on_alarm_();
    }
    bool take_datagram() noexcept {
        const std::lock_guard lock{mutex_};
        if (!socket_) return false;
        std::array<char, 1> byte;
        boost::system::error_code ec;
        socket_->receive(boost::asio::buffer(byte), 0, ec);
        return !ec;
    }

    std::mutex mutex_; // protects socket and timer
    const std::shared_ptr<handler_memory> memory_ = std::make_shared<handler_memory>();
    std::optional<udp::socket> socket_;
    std::optional<boost::asio::steady_timer> timer_;
    std::function<void()> on_alarm_;
    std::atomic<bool> lost_{false};
};

alarm::alarm(const boost::asio::any_io_executor& executor)
    : sender_{std::in_place, executor,
              receiver::udp::endpoint{boost::asio::ip::address_v4::loopback(), 0}},
      receiver_{std::make_shared<receiver>(executor)} {
    sender_->non_blocking(true);
    sender_->connect(receiver_->socket().local_endpoint());
    receiver_->socket().connect(sender_->local_endpoint());
}

alarm::~alarm() { stop(); }

void alarm::start(std::function<void()> on_alarm) { receiver_->start(std::move(on_alarm)); }

void alarm::ring() noexcept {
    if (receiver_->restore()) set_ = false;
    if (set_.exchange(true)) return;
    const std::lock_guard lock{sending_};
    if (!sender_) return;
    boost::system::error_code ec;
    sender_->send(boost::asio::buffer("", 1), 0, ec);
    if (ec) set_ = false; // the next ring() tries again
}

void alarm::stop() noexcept {
    receiver_->stop();
    const std::lock_guard lock{sending_};
    sender_.reset();
}

void alarm::abandon() noexcept {
    if (sender_) close_inherited(sender_->native_handle());
    receiver_->abandon();
}

} // namespace rtpsynth::asio_server::detail
