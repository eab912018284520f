#include "control/command_server.hpp"

#include "protocol/command.hpp"

#include <rtpsynth/asio_server/channel/resolve.hpp>

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <stdexcept>
#include <utility>

namespace relay {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using clock = std::chrono::steady_clock;

constexpr int datagrams_in_a_row = 64;
constexpr auto connection_lives = std::chrono::seconds(5);
constexpr auto accept_pause = std::chrono::milliseconds(100);

/// Commands come in bursts, as calls do.
constexpr int receive_buffer = 4 << 20;

} // namespace

udp_commands::udp_commands(asio::io_context& context, const common::endpoint_argument& at,
                           line_handler execute)
    : socket_(context), execute_(std::move(execute)) {
    error_code error;
    const auto endpoint = rtpsynth::asio_server::resolve(
        at.host, at.first_port, rtpsynth::asio_server::address_family::any, error);
    if (!error) socket_.open(endpoint.protocol(), error);
    if (!error) socket_.bind(endpoint, error);
    if (!error) socket_.non_blocking(true, error);
    if (error)
        throw std::runtime_error("cannot take commands at " + to_string(at) + ": " +
                                 error.message());
    error_code limited;
    socket_.set_option(asio::socket_base::receive_buffer_size(receive_buffer), limited);
    wait();
}

std::string udp_commands::address() const {
    return "udp:" + rtpsynth::asio_server::to_string(socket_.local_endpoint());
}

void udp_commands::wait() noexcept {
    socket_.async_wait(asio::ip::udp::socket::wait_read,
                       asio::bind_allocator(common::operation_allocator<void>{*memory_},
                                            [this, memory = memory_](const error_code& error) {
                                                if (error != asio::error::operation_aborted)
                                                    receive();
                                            }));
}

void udp_commands::receive() noexcept {
    for (int i = 0; i != datagrams_in_a_row; ++i) {
        error_code error;
        const std::size_t size = socket_.receive_from(asio::buffer(input_), client_, 0, error);
        if (error == asio::error::would_block) break;
        if (error) continue; // of an earlier answer: its client has gone
        answer({input_.data(), size});
    }
    wait();
}

void udp_commands::answer(std::string_view datagram) {
    const auto line = split_cookie(datagram);
    if (!line) {
        ++ignored_;
        return;
    }
    std::string text(line->cookie);
    try {
        const std::string client = client_.address().to_string();
        const std::string key = client + ' ' + std::to_string(client_.port()) + ' ' + text;
        const auto now = clock::now();
        if (const std::string* known = answers_.find(key, now)) {
            ++repeated_;
            text = *known;
        } else {
            text += ' ' + execute_(line->rest, client) + '\n';
            answers_.store(key, text, now);
        }
    } catch (const std::bad_alloc&) { // text may be an answer that could not be kept
    }
    error_code ignored; // the client asks again
    socket_.send_to(asio::buffer(text), client_, 0, ignored);
}

/// Lives as long as an operation of its socket is outstanding.
class unix_commands::connection : public std::enable_shared_from_this<connection> {
public:
    connection(stream::socket socket, std::shared_ptr<line_handler> execute)
        : socket_(std::move(socket)),
          end_(socket_.get_executor(), connection_lives),
          execute_(std::move(execute)) {}

    void start() {
        end_.async_wait([weak = weak_from_this()](const error_code& cancelled) {
            const auto self = weak.lock();
            error_code ignored;
            if (!cancelled && self) self->socket_.close(ignored);
        });
        socket_.async_read_some(
            asio::buffer(input_),
            [self = shared_from_this()](const error_code& error, std::size_t size) {
                if (!error && *self->execute_) self->answer(size);
            });
    }

private:
    void answer(std::size_t size) {
        std::string_view lines(input_.data(), size);
        while (!lines.empty()) {
            const std::size_t end = std::min(lines.find('\n'), lines.size());
            output_ += (*execute_)(lines.substr(0, end), {}) + '\n';
            lines.remove_prefix(std::min(end + 1, lines.size()));
        }
        write(0);
    }

    void write(std::size_t from) {
        socket_.async_write_some(
            asio::buffer(output_) + from,
            [self = shared_from_this(), from](const error_code& error, std::size_t size) {
                if (!error && from + size != self->output_.size()) self->write(from + size);
            });
    }

    stream::socket socket_;
    asio::steady_timer end_;
    std::shared_ptr<line_handler> execute_;
    std::array<char, 8192> input_;
    std::string output_;
};

unix_commands::unix_commands(asio::io_context& context, const std::string& path,
                             line_handler execute)
    : path_(path),
      acceptor_(context),
      retry_(context),
      execute_(std::make_shared<line_handler>(std::move(execute))) {
    error_code error;
    const stream::endpoint at(path);
    acceptor_.open(at.protocol(), error);
    if (!error) acceptor_.bind(at, error);
    if (error == asio::error::address_in_use) {
        stream::socket other(context);
        error_code refused;
        other.connect(at, refused);
        if (refused == asio::error::connection_refused && unlink(path.c_str()) == 0)
            acceptor_.bind(at, error); // nobody listens there any more
    }
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) acceptor_.non_blocking(true, error);
    if (error)
        throw std::runtime_error("cannot take commands at " + address() + ": " + error.message());
    wait();
}

unix_commands::~unix_commands() {
    *execute_ = nullptr;
    unlink(path_.c_str());
}

void unix_commands::wait() noexcept {
    acceptor_.async_wait(stream::acceptor::wait_read,
                         asio::bind_allocator(common::operation_allocator<void>{*memory_},
                                              [this, memory = memory_](const error_code& error) {
                                                  if (error != asio::error::operation_aborted)
                                                      accept();
                                              }));
}

/// Without descriptors or memory, clients wait in the kernel's queue for a moment.
void unix_commands::accept() noexcept {
    error_code error;
    try {
        stream::socket socket = acceptor_.accept(error); // does not block
        if (!error) std::make_shared<connection>(std::move(socket), execute_)->start();
    } catch (const std::bad_alloc&) {
        error = asio::error::no_memory;
    }
    if (!error || error == asio::error::would_block) return wait();
    try {
        retry_.expires_after(accept_pause);
        retry_.async_wait(
            asio::bind_allocator(common::operation_allocator<void>{*memory_},
                                 [this, memory = memory_](const error_code& cancelled) {
                                     if (!cancelled) wait();
                                 }));
    } catch (const std::bad_alloc&) {
        wait(); // the timer could not allocate
    }
}

} // namespace relay
