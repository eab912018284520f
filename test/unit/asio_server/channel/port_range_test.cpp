#include <boost/test/unit_test.hpp>

#include "collector.hpp"

#include <rtpsynth/asio_server/channel/port_range.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <atomic>
#include <list>
#include <mutex>
#include <set>

using namespace rtpsynth::asio_server;

namespace {

/// On an address that no other process uses.
port_range_options own(std::uint16_t first, std::uint16_t last, bool single = false) {
    return {.address = own_loopback(), .first = first, .last = last, .single = single};
}

/// A socket of somebody else's.
class squatter {
public:
    explicit squatter(std::uint16_t port)
        : socket_{context_, udp::endpoint{own_loopback(), port}} {}

private:
    boost::asio::io_context context_;
    udp::socket socket_;
};

std::uint16_t port(const std::shared_ptr<rtp_channel>& channel) {
    return channel->local_endpoint().port();
}

bool is_exhausted(const boost::system::system_error& e) {
    return e.code() == error::address_in_use &&
           std::string_view{e.what()}.starts_with("no free port in 20000-20005");
}

struct fixture {
    rtp_server server{immediate()};
    port_range ports{own(20000, 20005)};

    void check(port_range_stats expected, port_range& range) {
        const auto s = range.stats();
        BOOST_TEST(s.places == expected.places);
        BOOST_TEST(s.in_use == expected.in_use);
        BOOST_TEST(s.taken == expected.taken);
    }
    void check(port_range_stats expected) { check(expected, ports); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(port_range_suite, fixture)

BOOST_AUTO_TEST_CASE(options_have_ranges) {
    const auto refuses = [](port_range_options o, std::string_view message) {
        BOOST_CHECK_EXCEPTION(port_range{o}, std::invalid_argument,
                              [&](const auto& e) { return e.what() == message; });
    };
    refuses({.first = 0}, "first must be 1..65535");
    refuses({.first = 20, .last = 19}, "last must be first..65535");
    refuses({.first = 20, .last = 20}, "first..last must hold an even port and the one after it");
    refuses({.first = 21, .last = 22}, "first..last must hold an even port and the one after it");
    BOOST_CHECK_THROW(ports.create_pair(server, {.reuse_port = true}), std::invalid_argument);
    check({.places = 3});

    const auto places = [](port_range_options o) { return port_range{o}.stats().places; };
    BOOST_TEST(places({}) == 8192U);
    BOOST_TEST(places({.first = 1, .last = 65535}) == 32767U);
    BOOST_TEST(places({.first = 65534, .last = 65535}) == 1U);
    BOOST_TEST(places({.first = 21, .last = 24}) == 1U);
    BOOST_TEST(places({.first = 1, .last = 65535, .single = true}) == 65535U);
    BOOST_TEST(places({.first = 21, .last = 21, .single = true}) == 1U);
}

BOOST_AUTO_TEST_CASE(a_pair_is_an_even_port_and_the_next) {
    port_range odd{own(20011, 20014)};
    const auto [rtp, rtcp] = odd.create_pair(server);
    BOOST_TEST(port(rtp) == 20012);
    BOOST_TEST(port(rtcp) == 20013);
    BOOST_TEST(rtp->local_endpoint().address() == own_loopback());
    BOOST_CHECK_THROW(odd.create_pair(server), boost::system::system_error);
}

BOOST_AUTO_TEST_CASE(each_channel_has_its_handler) {
    collector rtp_in, rtcp_in;
    const auto [rtp, rtcp] = ports.create_pair(
        server, {}, rtp_in.handler(), [&](rtp_channel&, std::span<const datagram_view> batch) {
            for (const datagram_view& d : batch) rtcp_in.take(d);
        });
    BOOST_TEST(!rtp->try_send_to(bytes("report"), rtcp->local_endpoint()));
    BOOST_TEST(!rtcp->try_send_to(bytes("voice"), rtp->local_endpoint()));
    BOOST_TEST(eventually([&] { return rtp_in.size() == 1 && rtcp_in.size() == 1; }));
    BOOST_TEST(rtp_in.texts.front() == "voice");
    BOOST_TEST(rtcp_in.texts.front() == "report");
}

BOOST_AUTO_TEST_CASE(channels_without_handlers_are_read) {
    const auto [rtp, rtcp] = ports.create_pair(server);
    auto received = rtcp->async_receive(boost::asio::use_future);
    BOOST_TEST(!rtp->try_send_to(bytes("report"), rtcp->local_endpoint()));
    BOOST_TEST(text(received.get().data()) == "report");
}

BOOST_AUTO_TEST_CASE(what_was_freed_last_comes_last) {
    auto a = ports.create_pair(server);
    auto b = ports.create_pair(server);
    BOOST_TEST(port(a.rtp) == 20000);
    BOOST_TEST(port(b.rtp) == 20002);
    b = {};
    a = {};
    for (const int expected : {20004, 20002, 20000, 20004, 20002})
        BOOST_TEST(port(ports.create_pair(server).rtp) == expected);
}

BOOST_AUTO_TEST_CASE(a_range_may_be_exhausted) {
    std::vector<channel_pair> calls(3);
    for (auto& call : calls) call = ports.create_pair(server);
    check({.places = 3, .in_use = 3});
    BOOST_CHECK_EXCEPTION(ports.create_pair(server), boost::system::system_error, is_exhausted);
    calls[1].rtp->close();
    check({.places = 3, .in_use = 3});
    BOOST_CHECK_EXCEPTION(ports.create_pair(server), boost::system::system_error, is_exhausted);
    calls[1].rtcp->close(); // although somebody still holds both
    BOOST_TEST(port(ports.create_pair(server).rtcp) == 20003);
}

BOOST_AUTO_TEST_CASE(a_place_is_free_however_its_channels_close) {
    auto pair = ports.create_pair(server);
    pair.rtp->async_close(boost::asio::use_future).get();
    pair.rtcp.reset();
    check({.places = 3});
    {
        rtp_server other{immediate()};
        pair = ports.create_pair(other);
        check({.places = 3, .in_use = 1});
        other.shutdown();
        check({.places = 3});
        BOOST_CHECK_EXCEPTION(ports.create_pair(other), boost::system::system_error,
                              [](auto& e) { return e.code() == error::operation_aborted; });
        check({.places = 3});
    }
    boost::asio::io_context context;
    rtp_server on_context{context};
    pair = ports.create_pair(on_context);
    check({.places = 3, .in_use = 1});
}

BOOST_AUTO_TEST_CASE(a_context_that_is_destroyed_frees_the_places_of_its_channels) {
    auto context = std::make_unique<boost::asio::io_context>();
    rtp_server on_context{*context};
    const auto pair = ports.create_pair(on_context);
    context.reset();
    check({.places = 3});
}

BOOST_AUTO_TEST_CASE(ports_of_others_are_passed_over) {
    const squatter on_rtp{20000}, on_rtcp{20003};
    // Handlers can't be copied, and survive the vain attempts.
    collector in;
    const auto pair = ports.create_pair(
        server, {},
        [&in, own = std::make_unique<int>(7)](rtp_channel&, const datagram_view& d) {
            if (*own == 7) in.take(d);
        },
        [own = std::make_unique<int>(8)](rtp_channel&, const datagram_view&) {});
    BOOST_TEST(port(pair.rtp) == 20004);
    check({.places = 3, .in_use = 1, .taken = 2});
    const squatter gone_again{20002}; // nothing of a failed pair is left open
    BOOST_TEST(!pair.rtcp->try_send_to(bytes("voice"), pair.rtp->local_endpoint()));
    BOOST_TEST(eventually([&] { return in.size() == 1; }));
    BOOST_CHECK_EXCEPTION(ports.create_pair(server), boost::system::system_error, is_exhausted);
    check({.places = 3, .in_use = 1, .taken = 2});
}

BOOST_AUTO_TEST_CASE(ports_that_others_had_come_back_when_there_are_no_more) {
    auto other = std::make_unique<squatter>(std::uint16_t{20002});
    std::vector<channel_pair> calls(2);
    for (auto& call : calls) call = ports.create_pair(server);
    BOOST_CHECK_EXCEPTION(ports.create_pair(server), boost::system::system_error, is_exhausted);
    other.reset();
    BOOST_TEST(port(ports.create_pair(server).rtp) == 20002);
    check({.places = 3, .in_use = 2});
}

BOOST_AUTO_TEST_CASE(ports_that_others_had_come_back_when_one_is_freed) {
    auto other = std::make_unique<squatter>(std::uint16_t{20000});
    BOOST_TEST(port(ports.create_pair(server).rtp) == 20002); // and is freed: 20000 is put back
    check({.places = 3});
    other.reset();
    for (const int expected : {20004, 20002, 20000})
        BOOST_TEST(port(ports.create_pair(server).rtp) == expected);
}

BOOST_AUTO_TEST_CASE(single_ports_are_odd_as_well) {
    port_range singles{own(20020, 20023, true)};
    BOOST_CHECK_THROW(singles.create_pair(server), std::invalid_argument);
    collector in;
    std::vector<std::shared_ptr<rtp_channel>> calls;
    for (const int expected : {20020, 20021, 20022}) {
        calls.push_back(singles.create_channel(server, {}, in.handler()));
        BOOST_TEST(port(calls.back()) == expected);
    }
    calls.push_back(singles.create_channel(server));
    BOOST_CHECK_THROW(singles.create_channel(server), boost::system::system_error);
    check({.places = 4, .in_use = 4}, singles);
    BOOST_TEST(!calls[3]->try_send_to(bytes("voice"), calls[0]->local_endpoint()));
    BOOST_TEST(eventually([&] { return in.size() == 1; }));
}

BOOST_AUTO_TEST_CASE(a_single_port_of_pairs_is_even) {
    const auto a = ports.create_channel(server);
    const auto b = ports.create_channel(server);
    BOOST_TEST(port(a) == 20000);
    BOOST_TEST(port(b) == 20002);
    check({.places = 3, .in_use = 2});
}

BOOST_AUTO_TEST_CASE(channels_outlive_their_range) {
    auto range = std::make_unique<port_range>(own(20030, 20031));
    const auto pair = range->create_pair(server);
    range.reset();
    BOOST_TEST(pair.rtp->is_open());
    pair.rtp->close();
    pair.rtcp->close();
}

BOOST_AUTO_TEST_CASE(another_error_costs_no_place) {
    BOOST_CHECK_THROW(ports.create_pair(server, {.queue_size = 0}), std::invalid_argument);
    check({.places = 3});
    port_range_options elsewhere = own(20040, 20049);
    elsewhere.address = boost::asio::ip::make_address("192.0.2.1"); // nobody's (RFC 5737)
    port_range range{elsewhere};
    BOOST_CHECK_EXCEPTION(range.create_pair(server), boost::system::system_error,
                          [](auto& e) { return e.code() != error::address_in_use; });
    check({.places = 5}, range);
}

BOOST_AUTO_TEST_CASE(any_thread_and_any_server) {
    constexpr int rounds = 300;
    rtp_server other{immediate()};
    port_range few{own(20100, 20109)};
    std::mutex mutex;
    std::set<std::uint16_t> open;
    std::atomic<int> made{0}, twice{0};
    struct session { // as long as its ports are its own
        channel_pair pair;
        std::mutex& mutex;
        std::set<std::uint16_t>& open;
        session(channel_pair p, std::mutex& m, std::set<std::uint16_t>& o)
            : pair{std::move(p)}, mutex{m}, open{o} {}
        ~session() {
            const std::lock_guard lock{mutex};
            open.erase(port(pair.rtp));
        }
    };
    const auto call = [&](rtp_server& s) {
        for (int i = 0; i != rounds; ++i) {
            std::list<session> mine;
            try {
                for (int n = 0; n <= i % 3; ++n, ++made) {
                    auto& pair = mine.emplace_back(few.create_pair(s), mutex, open).pair;
                    const std::lock_guard lock{mutex};
                    twice += !open.insert(port(pair.rtp)).second;
                }
            } catch (const boost::system::system_error& e) {
                if (e.code() != error::address_in_use) throw;
            }
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i != 4; ++i) threads.emplace_back([&, i] { call(i % 2 ? other : server); });
    for (auto& t : threads) t.join();
    BOOST_TEST(twice == 0);
    BOOST_TEST(made > 0);
    check({.places = 5}, few);
}

BOOST_AUTO_TEST_SUITE_END()
