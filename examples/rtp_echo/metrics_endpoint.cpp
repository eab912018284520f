#include "metrics_endpoint.hpp"

#include <rtpsynth/asio_server/channel/resolve.hpp>
#include <rtpsynth/metrics/page.hpp>

#include <boost/asio/error.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <chrono>
#include <cstddef>
#include <list>
#include <optional>
#include <stdexcept>
#include <utility>

namespace echo {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using beast::error_code;
using clock = std::chrono::steady_clock;

constexpr std::size_t most_connections = 16;
constexpr std::size_t longest_header = 8192;
constexpr std::chrono::seconds longest_stay{5};
constexpr std::chrono::milliseconds page_lives{100};
constexpr std::chrono::milliseconds pause{100}; // after accept has failed: no descriptors

} // namespace

struct metrics_endpoint::state : std::enable_shared_from_this<state> {
    state(asio::io_context& context, std::function<std::string()> make)
        : acceptor{context}, retry{context}, make_page{std::move(make)} {}

    void accept();
    const std::string& page();

    tcp::acceptor acceptor;
    asio::steady_timer retry;
    std::function<std::string()> make_page;
    std::string last_page;
    std::optional<clock::time_point> made_at;
    std::list<std::weak_ptr<connection>> connections; // the oldest first
};

/// Lives as long as an operation of it is outstanding.
class metrics_endpoint::connection : public std::enable_shared_from_this<connection> {
public:
    connection(tcp::socket socket, std::shared_ptr<state> owner)
        : stream_{std::move(socket)}, owner_{std::move(owner)} {
        request_.header_limit(longest_header);
        request_.body_limit(0);
    }

    void start() {
        stream_.expires_after(longest_stay);
        http::async_read_header(
            stream_, buffer_, request_,
            [self = shared_from_this()](error_code error, std::size_t) { self->answer(error); });
    }

    void close() { stream_.close(); }

private:
    void answer(error_code error) {
        if (error == http::error::header_limit || error == http::error::buffer_overflow)
            return reply(http::status::request_header_fields_too_large, "the header is too long\n");
        if (error &&
            error.category() == http::make_error_code(http::error::bad_method).category() &&
            error != http::error::end_of_stream && error != http::error::partial_message)
            return reply(http::status::bad_request, "this is not HTTP\n");
        if (error) return; // gone, or too slow
        const auto& request = request_.get();
        head_only_ = request.method() == http::verb::head;
        const auto target = request.target();
        if (target.substr(0, target.find('?')) != "/metrics")
            return reply(http::status::not_found, "there is only /metrics\n");
        if (!head_only_ && request.method() != http::verb::get) {
            response_.set(http::field::allow, "GET, HEAD");
            return reply(http::status::method_not_allowed, "only GET and HEAD\n");
        }
        const auto type = rtpsynth::metrics_page::content_type;
        reply(http::status::ok, owner_->page(), {type.data(), type.size()});
    }

    void reply(http::status status, std::string body,
               boost::beast::string_view type = "text/plain; charset=utf-8") {
        response_.result(status);
        response_.set(http::field::server, "rtp_echo");
        response_.set(http::field::content_type, type);
        response_.set(http::field::cache_control, "no-store");
        response_.keep_alive(false);
        response_.body() = std::move(body);
        response_.prepare_payload();
        serializer_.emplace(response_);
        const auto done = [self = shared_from_this()](error_code, std::size_t) { self->finish(); };
        if (head_only_)
            http::async_write_header(stream_, *serializer_, done);
        else
            http::async_write(stream_, *serializer_, done);
    }

    /// To close with unread input would reset the connection, and the client might lose the answer.
    void finish() {
        error_code ignored;
        stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
        discard();
    }
    void discard() {
        stream_.async_read_some(
            asio::buffer(rest_), [self = shared_from_this()](error_code error, std::size_t) {
                if (!error) self->discard(); // until the client closes, or its time is over
            });
    }

    beast::tcp_stream stream_;
    const std::shared_ptr<state> owner_;
    beast::flat_static_buffer<longest_header> buffer_;
    http::request_parser<http::empty_body> request_;
    http::response<http::string_body> response_;
    std::optional<http::response_serializer<http::string_body>> serializer_;
    char rest_[512];
    bool head_only_ = false;
};

void metrics_endpoint::state::accept() {
    acceptor.async_accept([self = shared_from_this()](error_code error, tcp::socket socket) {
        if (error == asio::error::operation_aborted || !self->acceptor.is_open()) return;
        if (error) { // the kernel keeps the client waiting meanwhile
            self->retry.expires_after(pause);
            return self->retry.async_wait([self](error_code ended) {
                if (!ended) self->accept();
            });
        }
        auto& all = self->connections;
        all.remove_if([](const auto& c) { return c.expired(); });
        if (all.size() == most_connections) {
            if (const auto oldest = all.front().lock()) oldest->close();
            all.pop_front();
        }
        const auto made = std::make_shared<connection>(std::move(socket), self);
        all.push_back(made);
        made->start();
        self->accept();
    });
}

const std::string& metrics_endpoint::state::page() {
    const auto now = clock::now();
    if (!made_at || now - *made_at >= page_lives) {
        last_page = make_page();
        made_at = now;
    }
    return last_page;
}

metrics_endpoint::metrics_endpoint(asio::io_context& context, const std::string& host,
                                   std::uint16_t port, std::function<std::string()> make_page)
    : state_{std::make_shared<state>(context, std::move(make_page))} {
    using rtpsynth::asio_server::address_family;
    error_code error;
    const auto at = rtpsynth::asio_server::resolve(host, port, address_family::any, error);
    const tcp::endpoint endpoint{at.address(), at.port()};
    tcp::acceptor& acceptor = state_->acceptor;
    if (!error) acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error)
        throw std::runtime_error("cannot serve metrics on " + host + ':' + std::to_string(port) +
                                 ": " + error.message());
    state_->accept();
}

metrics_endpoint::~metrics_endpoint() {
    error_code ignored;
    state_->acceptor.close(ignored);
    state_->retry.cancel();
    for (const auto& weak : state_->connections)
        if (const auto open = weak.lock()) open->close();
}

std::string metrics_endpoint::url() const {
    const tcp::endpoint at = state_->acceptor.local_endpoint();
    return "http://" + rtpsynth::asio_server::to_string({at.address(), at.port()}) + "/metrics";
}

} // namespace echo
