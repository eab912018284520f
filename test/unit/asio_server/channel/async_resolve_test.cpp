// async_resolve with every kind of completion token. The system's resolver answers names of this
// test without a network, and when the test lets it.
#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"
#include "latch.hpp"
#include "socket_shim.hpp"

#include <rtpsynth/asio_server/channel/resolve.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#ifndef _WIN32
#    include <netdb.h>
#endif

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

namespace {

/// What the system's resolver is asked meanwhile.
struct resolver_shim {
    rtpsynth::asio_server::latch asked{1};  ///< it was asked for slow.test
    rtpsynth::asio_server::latch answer{1}; ///< and may answer
    std::atomic<int> lookups{0};
};
std::atomic<resolver_shim*> shimmed{nullptr};

} // namespace

#ifdef _WIN32
int WSAAPI shimmed_getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                               addrinfo** found) {
    static const auto real = shim::real(&shimmed_getaddrinfo, "getaddrinfo");
#else
RTPSYNTH_SHIM int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                              addrinfo** found) {
    static const auto real = shim::real(RTPSYNTH_INTERCEPTOR(getaddrinfo), "getaddrinfo");
#endif
    resolver_shim* const s = shimmed;
    const std::string_view name{host ? host : ""};
    if (!s || !name.ends_with(".test")) return real(host, service, hints, found);
    ++s->lookups;
    if (name == "nobody.test") return EAI_NONAME;
    if (name == "slow.test") {
        s->asked.count_down();
        s->answer.wait();
    }
    return real("192.0.2.7", service, hints, found);
}
#ifdef _WIN32
extern "C" {
decltype(&shimmed_getaddrinfo) __imp_getaddrinfo = &shimmed_getaddrinfo;
}
#endif

using namespace rtpsynth::asio_server;
namespace asio = boost::asio;

namespace {

const udp::endpoint known{asio::ip::make_address("192.0.2.7"), 5004};

struct shimmed_resolver : resolver_shim {
    shimmed_resolver() { shimmed = this; }
    ~shimmed_resolver() { shimmed = nullptr; }
};

struct result {
    std::atomic<bool> done{false};
    error_code ec = error::eof;
    udp::endpoint endpoint{udp::v6(), 1};

    auto handler() {
        return [this](error_code e, const udp::endpoint& found) {
            BOOST_TEST(!done);
            ec = e;
            endpoint = found;
            done = true;
        };
    }
};

/// On Windows Asio's timers have a thread, from the first one on.
void start_timers(asio::io_context& context) {
    const asio::steady_timer timer{context};
    BOOST_TEST(run_out(context));
    context.restart();
}

/// \return the endpoint, or that of error
std::tuple<error_code, udp::endpoint> resolve_on(asio::io_context& context, const std::string& host,
                                                 address_family family = address_family::any) {
    result r;
    async_resolve(context.get_executor(), host, 5004, family, r.handler());
    BOOST_TEST(!r.done); // never inside the initiating function
    BOOST_TEST(run_out(context));
    BOOST_TEST(r.done);
    return {r.ec, r.endpoint};
}

} // namespace

BOOST_AUTO_TEST_CASE(it_completes_with_what_resolve_returns) {
    const shimmed_resolver system;
    asio::io_context context;
    for (const std::string& host :
         {std::string{"127.0.0.1"}, std::string{"::1"}, std::string{"::ffff:192.0.2.7"},
          std::string{"fe80::1%lo"}, std::string{"fe80::1%no-such-interface"}, std::string{},
          std::string{"127.0.0.1\0", 10}, std::string{"known.test"}, std::string{"nobody.test"}})
        for (const auto family : {address_family::any, address_family::v4, address_family::v6})
            BOOST_TEST_CONTEXT(host << ", family " << static_cast<int>(family)) {
                error_code expected;
                const auto endpoint = resolve(host, 5004, family, expected);
                const auto [ec, found] = resolve_on(context, host, family);
                BOOST_TEST(ec == expected);
                BOOST_TEST(found == endpoint);
            }
    BOOST_TEST((resolve_on(context, "known.test") == std::tuple{error_code{}, known}));
    BOOST_TEST((std::get<0>(resolve_on(context, "nobody.test")) == error::host_not_found));
}

BOOST_AUTO_TEST_CASE(an_address_needs_no_thread_and_no_lookup) {
    const shimmed_resolver system;
    asio::io_context context;
    start_timers(context);
    const long before = threads();
    BOOST_TEST((resolve_on(context, "192.0.2.7") == std::tuple{error_code{}, known}));
    BOOST_TEST(!std::get<0>(resolve_on(context, "fe80::1%lo")));
    BOOST_TEST(std::get<0>(resolve_on(context, "")) == error::host_not_found);
    BOOST_TEST(threads() <= before);
    resolve_on(context, "known.test");
    BOOST_TEST(threads() == before + 1); // so the count above can tell
    BOOST_TEST(system.lookups == 1);
}

BOOST_AUTO_TEST_CASE(by_coroutine_tuple_and_future) {
    const shimmed_resolver system;
    asio::io_context context;
    auto done = asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            BOOST_TEST((co_await async_resolve(executor, "known.test", 5004, address_family::any) ==
                        known));
            const udp::endpoint v4 =
                co_await async_resolve(executor, "192.0.2.7", 5004, address_family::v4);
            BOOST_TEST(v4 == known);
            const auto [ec, none] =
                co_await async_resolve(executor, "nobody.test", 5004, address_family::any,
                                       asio::as_tuple(asio::use_awaitable));
            BOOST_TEST(ec == error::host_not_found);
            BOOST_TEST(none == udp::endpoint{});
        },
        asio::use_future);
    BOOST_TEST(run_out(context));
    get(std::move(done));
    auto future = async_resolve(context.get_executor(), "nobody.test", 5004, address_family::any,
                                asio::use_future);
    BOOST_TEST(run_out(context));
    BOOST_CHECK_THROW(get(std::move(future)), boost::system::system_error);
}

// A deferred operation keeps what it was given.
BOOST_AUTO_TEST_CASE(deferred) {
    const shimmed_resolver system;
    asio::io_context context;
    result r;
    auto operation = [&] {
        std::string host = "known.test";
        return async_resolve(asio::any_io_executor{context.get_executor()}, host, 5004,
                             address_family::any);
    }();
    BOOST_TEST(run_out(context));
    BOOST_TEST(system.lookups == 0);
    std::move(operation)(r.handler());
    BOOST_TEST(run_out(context));
    BOOST_TEST(r.endpoint == known);
}

BOOST_AUTO_TEST_CASE(the_handler_runs_on_its_executor) {
    const shimmed_resolver system;
    asio::io_context context, other;
    for (const std::string host : {"192.0.2.7", "known.test"}) {
        const auto strand = asio::make_strand(other);
        result r;
        bool inside = false;
        async_resolve(context.get_executor(), host, 5004, address_family::any,
                      asio::bind_executor(strand, [&](error_code ec, const udp::endpoint& found) {
                          inside = strand.running_in_this_thread();
                          r.handler()(ec, found);
                      }));
        other.restart();
        const auto both = [&] { // until then, each has outstanding work
            BOOST_TEST(!other.stopped());
            other.poll();
            return r.done.load();
        };
        BOOST_TEST(run_until(context, both));
        BOOST_TEST(run_out(context));
        BOOST_TEST(run_out(other));
        BOOST_TEST(inside);
        BOOST_TEST(r.endpoint == known);
    }
    // By default, on that of the operation.
    const auto strand = asio::make_strand(context);
    bool inside = false;
    async_resolve(
        strand, "known.test", 5004, address_family::any,
        [&](error_code, const udp::endpoint&) { inside = strand.running_in_this_thread(); });
    BOOST_TEST(run_out(context));
    BOOST_TEST(inside);
}

BOOST_AUTO_TEST_CASE(each_type_of_cancellation) {
    for (const auto type : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                            asio::cancellation_type::total}) {
        shimmed_resolver system;
        asio::io_context context;
        asio::cancellation_signal signal, unused;
        result slow, behind, after;
        async_resolve(context.get_executor(), "slow.test", 5004, address_family::any,
                      asio::bind_cancellation_slot(signal.slot(), slow.handler()));
        system.asked.wait();
        async_resolve(context.get_executor(), "known.test", 1, address_family::any,
                      asio::bind_cancellation_slot(unused.slot(), behind.handler()));
        async_resolve(context.get_executor(), "known.test", 5004, address_family::any,
                      after.handler());
        signal.emit(type);
        unused.emit(type);
        BOOST_TEST(!slow.done); // never inside emit()
        // At once: the system's resolver has not returned.
        BOOST_REQUIRE(run_until(context, [&] { return slow.done && behind.done; }));
        for (const result* r : {&slow, &behind}) {
            BOOST_TEST(r->ec == error::operation_aborted);
            BOOST_TEST(r->endpoint == udp::endpoint{});
        }
        BOOST_TEST(!after.done);
        system.answer.count_down();
        BOOST_TEST(run_out(context));
        BOOST_TEST(after.endpoint == known);
        BOOST_TEST(system.lookups == 2); // none for what was cancelled before its turn
    }
}

BOOST_AUTO_TEST_CASE(no_thread_can_be_had) {
    const shimmed_resolver system;
    asio::io_context context;
    start_timers(context);
    shim::on_pthread_create.fail(EAGAIN);
    BOOST_TEST(
        (resolve_on(context, "known.test") == std::tuple{shim::code(EAGAIN), udp::endpoint{}}));
    BOOST_TEST(shim::on_pthread_create.spent());
    BOOST_TEST((resolve_on(context, "known.test") == std::tuple{error_code{}, known}));
}

// Its handler is destroyed, and not called.
BOOST_AUTO_TEST_CASE(the_context_is_destroyed_meanwhile) {
    const auto held = std::make_shared<int>();
    bool called = false;
    const auto handler = [&, held](error_code, const udp::endpoint&) { called = true; };
    for (const std::string host : {"192.0.2.7", "slow.test"}) {
        shimmed_resolver system;
        auto context = std::make_unique<asio::io_context>();
        async_resolve(context->get_executor(), host, 5004, address_family::any, handler);
        BOOST_TEST(held.use_count() == 3);
        system.answer.count_down();
        context.reset();
        BOOST_TEST(held.use_count() == 2);
    }
    BOOST_TEST(!called);
}

// Names are looked up, found and cancelled on several threads at once.
BOOST_AUTO_TEST_CASE(threads_cancel_while_others_complete) {
    const shimmed_resolver system;
    constexpr int operations = 500;
    std::atomic<int> found{0}, cancelled{0}, other{0};
    {
        asio::thread_pool pool{2};
        for (int i = 0; i != operations; ++i) {
            const auto strand = asio::make_strand(pool);
            const auto signal = std::make_shared<asio::cancellation_signal>();
            asio::post(strand, [&, i, strand, signal] {
                async_resolve(pool.get_executor(), i % 3 == 0 ? "192.0.2.7" : "known.test", 5004,
                              address_family::any,
                              asio::bind_cancellation_slot(
                                  signal->slot(),
                                  asio::bind_executor(
                                      strand, [&, signal](error_code ec, const udp::endpoint& e) {
                                          if (!ec && e == known)
                                              ++found;
                                          else if (ec == error::operation_aborted)
                                              ++cancelled;
                                          else
                                              ++other;
                                      })));
            });
            if (i % 2 == 0)
                asio::post(strand, [signal] { signal->emit(asio::cancellation_type::total); });
        }
        pool.join();
    }
    BOOST_TEST(found + cancelled == operations);
    BOOST_TEST(found >= operations / 2);
    BOOST_TEST(other == 0);
}
