#include "metrics_endpoint.hpp"

#include "operation_memory.hpp"

#include <rtpsynth/asio_server/channel/resolve.hpp>
#include <rtpsynth/metrics/page.hpp>

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/none.hpp>

#include <algorithm>
#include <array>
#include <list>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

// Beast's and Asio's composed operations allocate in their own handlers, from which bad_alloc would
// leave io_context::run(). Therefore only single operations are used here, and each is started
// where bad_alloc is caught.

namespace common {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using clock = std::chrono::steady_clock;

constexpr std::size_t longest_header = 8192;

struct answer {
    std::string head, body;
};

answer make_answer(http::status status, std::string_view type, std::string body,
                   std::string_view more_fields = "") {
    std::string head = "HTTP/1.1 " + std::to_string(static_cast<unsigned>(status)) + ' ';
    head += http::obsolete_reason(status);
    head += "\r\nServer: rtpsynth\r\nConnection: close\r\nCache-Control: no-store\r\n";
    head.append(more_fields).append("Content-Type: ").append(type);
    head += "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    return {std::move(head), std::move(body)};
}

answer explanation(http::status status, std::string text, std::string_view more_fields = "") {
    return make_answer(status, "text/plain; charset=utf-8", std::move(text), more_fields);
}

} // namespace

struct metrics_endpoint::state : std::enable_shared_from_this<state> {
    state(asio::io_context& context, std::function<std::string()> make, const metrics_limits& l)
        : limits{l}, acceptor{context}, retry{context}, make_page{std::move(make)} {}

    void wait() noexcept;
    void wait_a_little() noexcept;
    void accept() noexcept;
    void add(tcp::socket socket);
    std::shared_ptr<const answer> page();

    const metrics_limits limits;
    tcp::acceptor acceptor;
    asio::steady_timer retry;
    operation_memory memory; // for the wait of the acceptor or of retry
    std::function<std::string()> make_page;
    std::shared_ptr<const answer> last_page; // null if it could not be made
    std::optional<clock::time_point> made_at;
    std::list<std::weak_ptr<connection>> connections; // the oldest first

    // Allocated in advance, for when there is no memory.
    const answer bad_request = explanation(http::status::bad_request, "this is not HTTP\n");
    const answer not_found = explanation(http::status::not_found, "there is only /metrics\n");
    const answer not_allowed = explanation(http::status::method_not_allowed, "only GET and HEAD\n",
                                           "Allow: GET, HEAD\r\n");
    const answer header_too_long =
        explanation(http::status::request_header_fields_too_large, "the header is too long\n");
    const answer no_page =
        explanation(http::status::internal_server_error, "the page could not be made\n");
};

/// Lives as long as an operation of its socket is outstanding.
class metrics_endpoint::connection : public std::enable_shared_from_this<connection> {
public:
    connection(tcp::socket socket, std::shared_ptr<state> owner)
        : owner_{std::move(owner)},
          socket_{std::move(socket)},
          end_{socket_.get_executor(), owner_->limits.connection_lives} {
        parser_.header_limit(longest_header);
        parser_.body_limit(boost::none); // no limit: the body is not parsed
    }

    void start() {
        end_.async_wait([weak = weak_from_this()](error_code cancelled) {
            if (cancelled) return;
            if (const auto self = weak.lock()) self->close();
        });
        read();
    }

    void close() noexcept {
        error_code ignored;
        socket_.close(ignored);
    }

private:
    /// Closes the connection if the step throws, for lack of memory.
    template <class Step>
    void attempt(Step step) noexcept {
        try {
            step();
        } catch (...) {
            close();
        }
    }

    void read() {
        socket_.async_read_some(asio::buffer(input_) + size_,
                                [self = shared_from_this()](error_code error, std::size_t size) {
                                    if (error) return; // closed, timed out, or replaced
                                    self->size_ += size;
                                    self->attempt([&] { self->parse(); });
                                });
    }

    void parse() {
        const answer* refusal = nullptr;
        try {
            error_code error;
            parsed_ += parser_.put(asio::buffer(input_.data() + parsed_, size_ - parsed_), error);
            if (parser_.is_header_done() && !error) return answer_request();
            const bool is_full = size_ == input_.size();
            if (error == http::error::header_limit || (error == http::error::need_more && is_full))
                refusal = &owner_->header_too_long;
            else if (error && error != http::error::need_more)
                refusal = &owner_->bad_request;
        } catch (const std::bad_alloc&) {
            refusal = &owner_->no_page;
        }
        if (refusal)
            reply(own(*refusal));
        else
            read();
    }

    void answer_request() {
        const auto& request = parser_.get();
        is_head_only_ = request.method() == http::verb::head;
        const auto target = request.target();
        if (target.substr(0, target.find('?')) != "/metrics") return reply(own(owner_->not_found));
        if (!is_head_only_ && request.method() != http::verb::get)
            return reply(own(owner_->not_allowed));
        auto page = owner_->page();
        reply(page ? std::move(page) : own(owner_->no_page));
    }

    std::shared_ptr<const answer> own(const answer& of_owner) const noexcept {
        return {owner_, &of_owner};
    }

    void reply(std::shared_ptr<const answer> what) {
        answer_ = std::move(what);
        unsent_[0] = asio::buffer(answer_->head);
        if (!is_head_only_) unsent_[1] = asio::buffer(answer_->body);
        write();
    }

    void write() {
        socket_.async_write_some(
            unsent_, [self = shared_from_this()](error_code error, std::size_t size) {
                if (error) return;
                for (asio::const_buffer& part : self->unsent_) {
                    const std::size_t sent = std::min(size, part.size());
                    part += sent;
                    size -= sent;
                }
                self->attempt([&] {
                    if (asio::buffer_size(self->unsent_) != 0) return self->write();
                    error_code ignored;
                    self->socket_.shutdown(tcp::socket::shutdown_send, ignored);
                    self->ignore();
                });
            });
    }

    /// Reads and drops input: closing a socket with unread input would reset the connection, and
    /// the client could lose the answer.
    void ignore() {
        socket_.async_read_some(asio::buffer(input_),
                                [self = shared_from_this()](error_code error, std::size_t size) {
                                    if (error) return; // closed by the client, or timed out
                                    self->ignored_ += size;
                                    if (self->ignored_ > self->owner_->limits.ignored_bytes)
                                        return self->close();
                                    self->attempt([&] { self->ignore(); });
                                });
    }

    const std::shared_ptr<state> owner_;
    tcp::socket socket_;
    asio::steady_timer end_;
    std::array<char, longest_header> input_;
    std::size_t size_ = 0, parsed_ = 0; // of input_
    http::request_parser<http::empty_body> parser_;
    bool is_head_only_ = false;
    std::shared_ptr<const answer> answer_;
    std::array<asio::const_buffer, 2> unsent_;
    std::size_t ignored_ = 0;
};

/// Cannot fail: the operation's memory is reserved.
void metrics_endpoint::state::wait() noexcept {
    acceptor.async_wait(tcp::acceptor::wait_read,
                        asio::bind_allocator(operation_allocator<void>{memory},
                                             [self = shared_from_this()](error_code error) {
                                                 if (!self->acceptor.is_open()) return;
                                                 if (error) return self->wait_a_little();
                                                 self->accept();
                                             }));
}

/// Waits before the next accept(). Meanwhile, clients wait in the kernel's queue.
void metrics_endpoint::state::wait_a_little() noexcept {
    try {
        retry.expires_after(limits.pause);
        retry.async_wait(asio::bind_allocator(operation_allocator<void>{memory},
                                              [self = shared_from_this()](error_code cancelled) {
                                                  if (!cancelled) self->wait();
                                              }));
    } catch (...) {
        wait(); // the timer could not allocate
    }
}

void metrics_endpoint::state::accept() noexcept {
    error_code error;
    try {
        tcp::socket socket = acceptor.accept(error); // does not block
        if (!error) add(std::move(socket));
    } catch (...) {
        return wait_a_little();
    }
    if (error && error != asio::error::would_block && error != asio::error::connection_aborted)
        return wait_a_little();
    wait();
}

void metrics_endpoint::state::add(tcp::socket socket) {
    connections.remove_if([](const auto& c) { return c.expired(); });
    if (connections.size() >= limits.connections) {
        if (const auto oldest = connections.front().lock()) oldest->close();
        connections.pop_front();
    }
    const auto made = std::make_shared<connection>(std::move(socket), shared_from_this());
    connections.push_back(made);
    made->start();
}

std::shared_ptr<const answer> metrics_endpoint::state::page() {
    const auto now = clock::now();
    if (made_at && now - *made_at < limits.page_lives) return last_page;
    made_at = now; // even if the page cannot be made
    last_page.reset();
    try {
        last_page = std::make_shared<const answer>(
            make_answer(http::status::ok, rtpsynth::metrics_page::content_type, make_page()));
    } catch (...) {
    }
    return last_page;
}

metrics_endpoint::metrics_endpoint(asio::io_context& context, const std::string& host,
                                   std::uint16_t port, std::function<std::string()> make_page,
                                   const metrics_limits& limits)
    : state_{std::make_shared<state>(context, std::move(make_page), limits)} {
    using rtpsynth::asio_server::address_family;
    error_code error;
    const auto at = rtpsynth::asio_server::resolve(host, port, address_family::any, error);
    const tcp::endpoint endpoint{at.address(), at.port()};
    tcp::acceptor& acceptor = state_->acceptor;
    if (!error) acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (!error) acceptor.non_blocking(true, error);
    if (error)
        throw std::runtime_error("cannot serve metrics on " + host + ':' + std::to_string(port) +
                                 ": " + error.message());
    state_->wait();
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

} // namespace common
