#include <rtpsynth/asio_server/channel/resolve.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace rtpsynth::asio_server {

using boost::asio::ip::udp;
using boost::system::error_code;

namespace {

bool wanted(const boost::asio::ip::address& address, address_family family) noexcept {
    return family == address_family::any || address.is_v6() == (family == address_family::v6);
}

using results = udp::resolver::results_type;

/// The first acceptable endpoint.
udp::endpoint choose(const results& found, std::uint16_t port, address_family family,
                     error_code& ec) {
    if (ec) return {};
    for (const auto& entry : found)
        if (wanted(entry.endpoint().address(), family)) return {entry.endpoint().address(), port};
    ec = boost::asio::error::host_not_found;
    return {};
}

/// Calls the system's resolver by \p ask(protocol..., host, service, flags). Without AI_ADDRCONFIG:
/// on a machine that has no address yet, ::1 must still resolve.
template <class Ask>
auto ask_system(const std::string& host, address_family family, udp::resolver::flags how, Ask ask) {
    if (family == address_family::any) return ask(host, "", how);
    return ask(family == address_family::v4 ? udp::v4() : udp::v6(), host, "", how);
}

udp::endpoint look_up(const std::string& host, std::uint16_t port, address_family family,
                      udp::resolver::flags how, error_code& ec) {
    boost::asio::io_context context;
    udp::resolver resolver{context};
    const auto found = ask_system(
        host, family, how, [&](const auto&... asked) { return resolver.resolve(asked..., ec); });
    return choose(found, port, family, ec);
}

/// \return nullopt for a name, which the system's resolver has to resolve and which may take long
std::optional<udp::endpoint> read_address(const std::string& host, std::uint16_t port,
                                          address_family family, error_code& ec) {
    ec.clear();
    // The system's resolver rejects an empty host and stops at a NUL. That of Windows accepts an
    // address in brackets.
    if (host.empty() || host.front() == '[' || host.find('\0') != std::string::npos) {
        ec = boost::asio::error::host_not_found;
        return udp::endpoint{};
    }
    // The system must read an address with a scope: make_address takes an unknown scope for 0.
    if (host.find('%') != std::string::npos)
        return look_up(host, port, family, udp::resolver::numeric_host, ec);
    error_code no_number;
    const auto address = boost::asio::ip::make_address(host, no_number);
    if (no_number) return std::nullopt;
    if (wanted(address, family)) return udp::endpoint{address, port};
    ec = boost::asio::error::address_family_not_supported;
    return udp::endpoint{};
}

/// The state of an async_resolve. Threads: safe.
class lookup : public std::enable_shared_from_this<lookup> {
public:
    lookup(const boost::asio::any_io_executor& executor, std::string host, std::uint16_t port,
           address_family family)
        : resolver_{executor},
          done_{executor, boost::asio::steady_timer::time_point::max()},
          host_{std::move(host)},
          port_{port},
          family_{family} {
        const auto read = read_address(host_, port_, family_, result_);
        if (!read) return;
        endpoint_ = *read;
        settled_ = true;
        done_.expires_at(boost::asio::steady_timer::time_point::min());
    }

    /// \p waiter(error_code) is called when there is a result, or when it is cancelled.
    template <class Waiter>
    void wait(Waiter&& waiter) {
        done_.async_wait(std::forward<Waiter>(waiter));
    }

    /// Call after wait(): resolves a name.
    void start() noexcept {
        error_code failure;
        try {
            const std::lock_guard lock{asking_};
            if (ended_ || is_settled()) return;
            ask_system(host_, family_, {}, [this](const auto&... asked) {
                resolver_.async_resolve(asked..., answer{shared_from_this()});
            });
        } catch (const boost::system::system_error& e) {
            failure = e.code();
        } catch (...) {
            failure = boost::asio::error::no_memory;
        }
        if (failure) settle(failure, {});
    }

    /// The result of the operation.
    std::pair<error_code, udp::endpoint> finish() {
        {
            const std::lock_guard lock{asking_};
            ended_ = true;
            resolver_.cancel(); // if it has not begun
        }
        const std::lock_guard lock{mutex_};
        if (!settled_) return {boost::asio::error::operation_aborted, {}};
        return {result_, endpoint_};
    }

private:
    /// The handler that Asio calls. Asio destroys it instead if there is no memory for the result.
    class answer {
    public:
        explicit answer(std::shared_ptr<lookup> to) noexcept : to_{std::move(to)} {}
        answer(answer&&) noexcept = default;
        answer& operator=(answer&&) = delete;
        ~answer() {
            if (to_) to_->settle(boost::asio::error::no_memory, {});
        }
        void operator()(error_code ec, const results& found) {
            const auto self = std::exchange(to_, {});
            const auto endpoint = choose(found, self->port_, self->family_, ec);
            self->settle(ec, endpoint);
        }

    private:
        std::shared_ptr<lookup> to_;
    };

    bool is_settled() {
        const std::lock_guard lock{mutex_};
        return settled_;
    }
    void settle(error_code result, const udp::endpoint& endpoint) {
        {
            const std::lock_guard lock{mutex_};
            result_ = result;
            endpoint_ = endpoint;
            settled_ = true;
        }
        done_.cancel();
    }

    std::mutex asking_; // locked before the other
    udp::resolver resolver_;
    bool ended_ = false;

    boost::asio::steady_timer done_; // never expires for a name; ending its wait needs no memory
    const std::string host_;
    const std::uint16_t port_;
    const address_family family_;

    std::mutex mutex_;
    error_code result_;
    udp::endpoint endpoint_;
    bool settled_ = false;
};

/// Implements an async_resolve for async_compose.
struct resolving {
    std::shared_ptr<lookup> state;

    template <class Self>
    void operator()(Self& self) {
        self.reset_cancellation_state(boost::asio::enable_total_cancellation{});
        const auto kept = state;
        kept->wait(std::move(self));
        kept->start();
    }
    template <class Self>
    void operator()(Self& self, error_code) {
        const auto [result, endpoint] = state->finish();
        self.complete(result, endpoint);
    }
};

} // namespace

udp::endpoint resolve(const std::string& host, std::uint16_t port, address_family family,
                      error_code& ec) {
    const auto read = read_address(host, port, family, ec);
    return read ? *read : look_up(host, port, family, {}, ec);
}

udp::endpoint resolve(const std::string& host, std::uint16_t port, address_family family) {
    error_code ec;
    const auto endpoint = resolve(host, port, family, ec);
    if (ec) throw boost::system::system_error(ec, "resolve " + host);
    return endpoint;
}

void detail::resolve_initiation::start(handler_type handler, std::string host, std::uint16_t port,
                                       address_family family) const {
    auto state = std::make_shared<lookup>(executor_, std::move(host), port, family);
    boost::asio::any_completion_executor executor{std::move(handler.executor.plain)};
    if (!executor) executor = boost::asio::any_completion_executor{executor_};
    // Bind the executor now: a type-erased handler that is asked later has none if there is no
    // memory for it.
    auto bound = boost::asio::bind_executor(std::move(executor), std::move(handler.call));
    boost::asio::async_compose<decltype(bound), void(error_code, udp::endpoint)>(
        resolving{std::move(state)}, bound, executor_);
}

std::string to_string(const udp::endpoint& endpoint) {
    const auto& address = endpoint.address();
    const auto text = address.to_string();
    const auto port = std::to_string(endpoint.port());
    return address.is_v6() ? "[" + text + "]:" + port : text + ":" + port;
}

} // namespace rtpsynth::asio_server
