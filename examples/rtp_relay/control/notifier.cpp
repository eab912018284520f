#include "control/notifier.hpp"

#include "common/endpoint_argument.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <exception>
#include <string_view>
#include <utility>

namespace relay {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto patience = std::chrono::seconds(5);
constexpr long most_under_way = 1000;

/// A connection for one notice. Lives as long as an operation of its socket is outstanding.
template <class Protocol>
class notice : public std::enable_shared_from_this<notice<Protocol>> {
public:
    notice(asio::io_context& context, std::string line, std::shared_ptr<notifier_totals> totals)
        : socket_(context),
          end_(context, patience),
          line_(std::move(line)),
          totals_(std::move(totals)) {}
    ~notice() { ++(was_sent_ ? totals_->sent : totals_->failed); }

    void start(const typename Protocol::endpoint& to) {
        end_.async_wait([weak = this->weak_from_this()](const error_code& cancelled) {
            const auto self = weak.lock();
            error_code ignored;
            if (!cancelled && self) self->socket_.close(ignored);
        });
        socket_.async_connect(to, [self = this->shared_from_this()](const error_code& error) {
            if (!error) self->write();
        });
    }

private:
    void write() {
        asio::async_write(socket_, asio::buffer(line_),
                          [self = this->shared_from_this()](const error_code& error, std::size_t) {
                              self->was_sent_ = !error;
                          });
    }

    typename Protocol::socket socket_;
    asio::steady_timer end_;
    std::string line_;
    std::shared_ptr<notifier_totals> totals_;
    bool was_sent_ = false;
};

template <class Protocol>
void start(asio::io_context& context, const typename Protocol::endpoint& to, std::string line,
           const std::shared_ptr<notifier_totals>& totals) {
    std::make_shared<notice<Protocol>>(context, std::move(line), totals)->start(to);
}

} // namespace

notifier::notifier(asio::io_context& context)
    : context_(context), totals_(std::make_shared<notifier_totals>()) {}

notifier::~notifier() = default;

void notifier::send(const std::string& socket, const std::string& text) noexcept {
    constexpr std::string_view tcp = "tcp:", unix_socket = "unix:";
    if (totals_.use_count() > most_under_way) {
        ++totals_->failed;
        return;
    }
    bool is_counted = false;
    try {
        if (socket.starts_with(tcp)) {
            const auto at = common::parse_endpoint(std::string_view(socket).substr(tcp.size()));
            const asio::ip::tcp::endpoint to(asio::ip::make_address(at.host), at.first_port);
            is_counted = true;
            start<asio::ip::tcp>(context_, to, text + '\n', totals_);
            return;
        }
        const std::string path =
            socket.starts_with(unix_socket) ? socket.substr(unix_socket.size()) : socket;
        if (path.starts_with('/')) {
            const asio::local::stream_protocol::endpoint to(path);
            is_counted = true;
            start<asio::local::stream_protocol>(context_, to, text + '\n', totals_);
            return;
        }
    } catch (const std::exception&) { // not an address; no memory
    }
    if (!is_counted) ++totals_->failed;
}

} // namespace relay
