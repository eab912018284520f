// Everything at once, from everywhere.
#include <boost/test/unit_test.hpp>

#include "../effort.hpp"
#include "async_tools.hpp"
#include "backend.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <random>
#include <set>

using namespace rtpsynth::asio_server;
namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

using random_engine = std::minstd_rand; // of 32 bits, and small enough for a handler

constexpr int thread_count = 8;
constexpr int operations =
    effort(100'000); // of all threads together; those of handlers come on top

/// A place that many threads read and replace. What was in it goes outside of the lock.
template <class T>
class place {
public:
    std::shared_ptr<T> get() {
        const std::lock_guard lock{mutex_};
        return held_;
    }
    void put(std::shared_ptr<T> next) {
        const std::lock_guard lock{mutex_};
        held_.swap(next);
    }

private:
    std::mutex mutex_;
    std::shared_ptr<T> held_;
};

class world {
public:
    explicit world(asio::io_context& context) : context_{context} {
        for (auto& s : servers_) s.put(new_server(0));
    }

    /// Counted up by whoever does something; a watchdog looks at it.
    std::atomic<long> steps{0};
    std::atomic<long> started{0}, completed{0}; // asynchronous operations
    std::atomic<long> delivered{0}, created{0}, shut_down{0}, closed{0}, sent{0};

    /// What should not have happened.
    std::set<std::string> complaints() {
        const std::lock_guard lock{mutex_};
        return complaints_;
    }

    /// One random operation. \p own: the server whose handler this is, if it is one.
    void step(random_engine& random, const std::shared_ptr<rtp_server>& own = {}) {
        ++steps;
        const auto what = random() % 1000;
        auto& at = channels_[random() % channels_.size()];
        const auto channel = at.get();
        if (what < 25) return at.put(create(own ? own : servers_[random() % 4].get(), random));
        if (what == 25 && random() % 4 == 0) return shutdown(own, random);
        if (!channel) return;
        if (what < 35) return static_cast<void>(closed += channel->close());
        if (what < 45) return at.put(nullptr);
        if (what < 100) return check(channel->set_target(somewhere(random)), "set_target");
        if (what < 450) return check(channel->try_send(payload(random)), "try_send");
        if (what < 600)
            return check(channel->try_send_to(payload(random), somewhere(random)), "try_send_to");
        if (what < 740) return async_send(channel, random);
        if (what < 880) return async_receive(channel, random);
        if (what < 920) return channel->cancel();
        if (what < 970) return balance(channel->stats());
        if (what < 980) return static_cast<void>(channel->send_buffer_size());
        if (what < 990) return channel->reset_source_lock();
        balance((own ? own : servers_[random() % 4].get())->stats().channels);
    }

    /// Ends all and looks at the books.
    void end() {
        for (auto& c : channels_) c.put(nullptr);
        for (auto& s : servers_) {
            const auto server = s.get();
            server->shutdown();
            check_closed(*server);
        }
        if (!eventually([&] { return completed == started; })) complain("operations were lost");
        for (auto& s : servers_) s.put(nullptr);
    }

private:
    void complain(const std::string& what) {
        const std::lock_guard lock{mutex_};
        complaints_.insert(what);
    }

    void check(error_code ec, const char* what) {
        if (!ec || ec == error::would_block || ec == error::bad_descriptor ||
            ec == error::not_connected || ec == error::operation_aborted ||
            ec == error::operation_not_supported)
            return;
        complain(std::string{what} + ": " + ec.message());
    }
    // In flight, an account may only lack what is queued.
    void balance(const channel_stats& s) {
        if (s.last_send_error) check(s.last_send_error, "last_send_error");
        if (s.last_receive_error) complain("last_receive_error: " + s.last_receive_error.message());
    }
    void check_closed(const rtp_server& server) {
        const server_stats s = server.stats();
        if (s.open_channels != 0) complain("channels are open after shutdown");
        if (s.channels.accepted != s.channels.sent + s.channels.send_errors + s.channels.cancelled)
            complain("accepted is not what was sent, failed or cancelled");
        if (s.channels.receive_errors != 0) complain("receive errors");
        if (s.handler_exceptions != 0) complain("a handler threw");
        balance(s.channels);
        sent += static_cast<long>(s.channels.sent);
    }

    std::shared_ptr<rtp_server> new_server(random_engine::result_type kind) {
        server_options options;
        if (kind % 3 == 0) options.tick = std::nullopt;
        if (kind % 3 == 1) options.tick = std::chrono::milliseconds{1};
        return kind % 2 ? std::make_shared<rtp_server>(context_.get_executor(), options)
                        : std::make_shared<rtp_server>(options);
    }

    // A handler may end its own server, or hold the last of it, but no other's: that one's thread
    // would be joined while its handlers may be joining this one.
    void shutdown(const std::shared_ptr<rtp_server>& own, random_engine& random) {
        ++shut_down;
        if (own) return own->shutdown();
        auto& at = servers_[random() % 4];
        const auto server = at.get();
        server->shutdown();
        check_closed(*server);
        at.put(new_server(random()));
    }

    auto handler(const std::weak_ptr<rtp_server>& server, random_engine::result_type seed) {
        return [this, server, random = random_engine{seed}](rtp_channel& c,
                                                            const datagram_view& d) mutable {
            ++delivered;
            if (d.data.size() > 4) complain("a datagram grew");
            // Not endlessly: half of those that are received are answered.
            if (random() % 2) check(c.try_send_to(d.data, d.source), "answer");
            if (random() % 16 != 0) return;
            if (const auto own = server.lock()) step(random, own);
        };
    }

    std::shared_ptr<rtp_channel> create(const std::shared_ptr<rtp_server>& server,
                                        random_engine& random) {
        channel_options options = on_loopback();
        options.queue_size = std::size_t{1} << random() % 6;
        options.coalesce = random() % 8 == 0;
        options.kernel_timestamps = random() % 8 == 0 && capabilities.kernel_timestamps;
        if (random() % 8 == 0) options.source_lock.policy = source_policy::target;
        std::shared_ptr<rtp_channel> channel;
        try {
            switch (random() % 3) {
            case 0:
                channel = server->create_channel(options);
                break;
            case 1:
                channel = server->create_channel(options, handler(server, random()));
                break;
            default:
                channel = server->create_channel(
                    options, [h = handler(server, random())](
                                 rtp_channel& c, std::span<const datagram_view> batch) mutable {
                        for (const auto& d : batch) h(c, d);
                    });
            }
            ++created;
        } catch (const boost::system::system_error& e) {
            if (e.code() != error::operation_aborted)
                complain(std::string{"create_channel: "} + e.what());
        }
        if (channel && random() % 4) check(channel->set_target(somewhere(random)), "set_target");
        return channel;
    }

    static std::span<const std::uint8_t> payload(random_engine& random) {
        static constexpr std::array<std::uint8_t, 4> data{1, 2, 3, 4};
        return std::span{data}.first(random() % 5);
    }
    udp::endpoint somewhere(random_engine& random) {
        const auto channel = channels_[random() % channels_.size()].get();
        return channel ? channel->local_endpoint()
                       : udp::endpoint{asio::ip::address_v4::loopback(), 9};
    }

    auto completion() {
        ++started;
        return [this, calls = 0](error_code ec, const auto&...) mutable {
            if (++calls != 1) complain("completed twice");
            check(ec, "operation");
            ++steps;
            ++completed;
        };
    }
    template <class Initiate>
    void initiate(random_engine& random, Initiate with) {
        switch (random() % 4) {
        case 0:
            return with(completion());
        case 1:
            return with(asio::bind_executor(asio::make_strand(context_), completion()));
        case 2:
            return with(asio::bind_executor(asio::system_executor{}, completion()));
        default: {
            asio::cancellation_signal signal;
            with(asio::bind_cancellation_slot(signal.slot(), completion()));
            if (random() % 2) signal.emit(asio::cancellation_type::terminal);
        }
        }
    }
    void async_send(const std::shared_ptr<rtp_channel>& channel, random_engine& random) {
        const auto data = payload(random);
        if (random() % 2)
            initiate(random, [&](auto&& h) { channel->async_send(data, std::move(h)); });
        else
            initiate(random, [&, to = somewhere(random)](auto&& h) {
                channel->async_send_to(data, to, std::move(h));
            });
    }
    void async_receive(const std::shared_ptr<rtp_channel>& channel, random_engine& random) {
        initiate(random, [&](auto&& h) { channel->async_receive(std::move(h)); });
    }

    asio::io_context& context_;
    std::array<place<rtp_server>, 4> servers_;
    std::array<place<rtp_channel>, 48> channels_;
    std::mutex mutex_;
    std::set<std::string> complaints_;
};

/// Ends the program with a message if nothing happens any more.
class watchdog {
public:
    explicit watchdog(const std::atomic<long>& steps)
        : thread_{[this, &steps] {
              long seen = -1;
              auto since = steady_clock::now();
              while (!done_) {
                  std::this_thread::sleep_for(std::chrono::milliseconds{20});
                  if (const long now = steps; now != seen) {
                      seen = now;
                      since = steady_clock::now();
                  } else if (steady_clock::now() - since > std::chrono::minutes{3}) {
                      std::fprintf(stderr, "deadlock after %ld steps\n", seen);
                      std::abort();
                  }
              }
          }} {}
    ~watchdog() {
        done_ = true;
        thread_.join();
    }
    watchdog(const watchdog&) = delete;
    watchdog& operator=(const watchdog&) = delete;

private:
    std::atomic<bool> done_{false};
    std::thread thread_;
};

} // namespace

BOOST_AUTO_TEST_CASE(random_operations_from_eight_threads_and_from_handlers) {
    asio::io_context context;
    { // Asio's own threads, which stay; on Windows a context has some, too
        std::promise<void> warm;
        asio::post(asio::system_executor{}, [&] { warm.set_value(); });
        warm.get_future().wait();
        const rtp_server server, on_context{context.get_executor()};
    }
    const long descriptors_before = descriptors();
    const long threads_before = threads(); // or one more: joined, and not yet removed
    {
        world all{context};
        const watchdog dog{all.steps};
        auto work = asio::make_work_guard(context);
        std::vector<std::thread> runners, workers;
        for (int i = 0; i != 2; ++i) runners.emplace_back([&] { context.run(); });
        for (unsigned t = 0; t != thread_count; ++t)
            workers.emplace_back([&, t] {
                random_engine random{t + 1};
                for (int i = 0; i != operations / thread_count; ++i) {
                    all.step(random);
                    // On few processors the servers would hardly ever have their turn.
                    if (i % 8 == 0) std::this_thread::sleep_for(std::chrono::microseconds{50});
                }
            });
        for (auto& t : workers) t.join();
        all.end();
        work.reset();
        for (auto& t : runners) t.join();
        // A server that its own handler destroyed leaves its thread to end by itself.
        BOOST_REQUIRE(eventually([&] { return threads() <= threads_before + 1; }));
        for (const auto& complaint : all.complaints()) BOOST_ERROR(complaint);
        BOOST_TEST(all.started == all.completed);
        BOOST_TEST_MESSAGE(all.steps << " steps, " << all.created << " channels, " << all.shut_down
                                     << " shutdowns, " << all.closed << " closed, " << all.sent
                                     << " sent, " << all.delivered << " delivered, "
                                     << all.completed << " operations completed");
        BOOST_TEST(all.created > operations / 100); // it was no idle talk
        BOOST_TEST(all.delivered > operations / 1000);
        BOOST_TEST(all.completed > operations / 10);
    }
    BOOST_TEST(eventually([&] { return descriptors() == descriptors_before; }));
    BOOST_TEST(eventually([&] { return threads() <= threads_before; }));
}
