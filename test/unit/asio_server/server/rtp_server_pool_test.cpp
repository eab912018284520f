#include <boost/test/unit_test.hpp>

#include "backend.hpp"
#include "collector.hpp"
#include "latch.hpp"
#include "socket_shim.hpp"

#include <rtpsynth/asio_server/channel/port_range.hpp>
#include <rtpsynth/asio_server/server/rtp_server_pool.hpp>

#include <algorithm>
#include <atomic>
#include <set>
#include <tuple>

using namespace rtpsynth::asio_server;
using namespace std::chrono_literals;

namespace {

using channels = std::vector<std::shared_ptr<rtp_channel>>;

std::vector<std::size_t> open_channels(const rtp_server_pool& pool) {
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i != pool.size(); ++i) open.push_back(pool[i].stats().open_channels);
    return open;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_pool_has_a_size) {
    for (const std::size_t wrong : {0U, 1025U})
        BOOST_CHECK_EXCEPTION(rtp_server_pool{wrong}, std::invalid_argument, [](const auto& e) {
            return std::string_view{e.what()} == "servers must be 1..1024";
        });
    BOOST_CHECK_THROW((rtp_server_pool{2, {.tick = 0ns}}), std::invalid_argument);
    BOOST_TEST(rtp_server_pool{}.size() == std::max(1U, std::thread::hardware_concurrency()));
    const rtp_server_pool pool{3, immediate()};
    BOOST_TEST(pool.size() == 3U);
    for (std::size_t i = 0; i != 3; ++i) BOOST_TEST(!pool[i].tick());
}

BOOST_AUTO_TEST_CASE(channels_go_where_there_is_room) {
    rtp_server_pool pool{3};
    channels all;
    for (int i = 0; i != 12; ++i) all.push_back(pool.create_channel(on_loopback()));
    BOOST_TEST(open_channels(pool) == (std::vector<std::size_t>{4, 4, 4}),
               boost::test_tools::per_element());
    for (const auto& channel : all)
        if (&pool.server_of(*channel) == &pool[1]) channel->close(); // and is kept
    BOOST_TEST(open_channels(pool) == (std::vector<std::size_t>{4, 0, 4}),
               boost::test_tools::per_element());
    for (int i = 0; i != 4; ++i) {
        all.push_back(pool.create_channel(on_loopback()));
        BOOST_TEST(&pool.server_of(*all.back()) == &pool[1]);
    }
    BOOST_TEST(pool.stats().open_channels == 12U);
}

BOOST_AUTO_TEST_CASE(equal_servers_take_turns) {
    rtp_server_pool pool{3};
    std::set<rtp_server*> picked;
    for (int i = 0; i != 3; ++i) picked.insert(&pool.server_of(*pool.create_channel()));
    BOOST_TEST(picked.size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_channel_is_made_beside_another) {
    rtp_server_pool pool{2};
    port_range ports{{.address = own_loopback(), .first = 20200, .last = 20219}};
    for (int i = 0; i != 4; ++i) {
        const auto caller = ports.create_pair(pool.pick());
        const auto callee = ports.create_pair(pool.server_of(*caller.rtp));
        for (const auto& channel : {caller.rtcp, callee.rtp, callee.rtcp})
            BOOST_TEST(&pool.server_of(*channel) == &pool.server_of(*caller.rtp));
    }
    rtp_server other;
    const auto stranger = other.create_channel();
    BOOST_CHECK_THROW(pool.server_of(*stranger), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(handlers_and_counters_of_all_servers) {
    rtp_server_pool pool{3, immediate()};
    collector in;
    channels all;
    for (int i = 0; i != 6; ++i) all.push_back(pool.create_channel(on_loopback(), in.handler()));
    const auto batches = pool.create_channel(
        on_loopback(), [](rtp_channel&, std::span<const datagram_view>) { throw 1; });
    for (const auto& to : all)
        BOOST_TEST(!batches->try_send_to(bytes("voice"), to->local_endpoint()));
    BOOST_TEST(!all[0]->try_send_to(bytes("boo"), batches->local_endpoint()));
    BOOST_TEST(eventually([&] { return in.size() == 6 && pool.stats().handler_exceptions == 1; }));
    all.clear();
    const server_stats s = pool.stats();
    BOOST_TEST(s.channels.received == 7U);
    BOOST_TEST(s.channels.received_bytes == 33U);
    BOOST_TEST(s.channels.sent == 7U);
    BOOST_TEST(s.open_channels == 1U);
}

BOOST_AUTO_TEST_CASE(ticks_are_summed) {
    rtp_server_pool pool{2};
    const auto a = pool.create_channel(on_loopback()), b = pool.create_channel(on_loopback());
    BOOST_TEST(!a->try_send_to(bytes("x"), b->local_endpoint()));
    BOOST_TEST(!b->try_send_to(bytes("x"), a->local_endpoint()));
    BOOST_TEST(eventually([&] { return pool.stats().ticks == 2; }));
}

BOOST_AUTO_TEST_CASE(shutdown_ends_all) {
    const long threads_before = threads(), descriptors_before = descriptors();
    {
        rtp_server_pool pool{4};
        const auto channel = pool.create_channel();
        BOOST_TEST(threads() >= 1 + 4); // this one and the pool's
        pool.shutdown();
        BOOST_TEST(eventually([&] { return threads() <= threads_before; }));
        BOOST_TEST(!channel->is_open());
        BOOST_CHECK_THROW(pool.create_channel(), boost::system::system_error);
        BOOST_TEST(pool.stats().open_channels == 0U);
        pool.shutdown();
    }
    BOOST_TEST(descriptors() == descriptors_before);
}

BOOST_AUTO_TEST_CASE(all_queues_share_one_time_to_drain, *needs::epoll_and_poll()) {
    rtp_server_pool pool{4, {.tick = 10s}};
    channels all;
    for (std::size_t i = 0; i != pool.size(); ++i) {
        all.push_back(pool.create_channel(on_loopback()));
        BOOST_TEST(!all.back()->try_send_to(bytes("never"), all.front()->local_endpoint()));
    }
    std::atomic<int> waited{0}; // ms
    shim::on_send.fail(EAGAIN, shim::fault::for_good);
    shim::in_place_of_poll = [&](int timeout) {
        waited += timeout;
        std::this_thread::sleep_for(std::chrono::milliseconds{timeout});
        return 0;
    };
    pool.shutdown();
    shim::on_send.heal();
    shim::in_place_of_poll = nullptr;
    BOOST_TEST(waited <= 110);
    BOOST_TEST(pool.stats().channels.send_errors == pool.size());
}

BOOST_AUTO_TEST_CASE(handlers_of_several_servers_shut_the_pool_down_at_once) {
    const long threads_before = threads();
    auto pool = std::make_unique<rtp_server_pool>(3, immediate());
    latch both{2};
    std::atomic<int> done{0};
    const auto stop = [&](rtp_channel&, const datagram_view&) {
        both.arrive_and_wait();
        pool->shutdown();
        ++done;
    };
    const auto a = pool->create_channel(on_loopback(), stop);
    const auto b = pool->create_channel(on_loopback(), stop);
    rtp_server other{immediate()};
    const auto sender = other.create_channel(on_loopback());
    BOOST_TEST(!sender->try_send_to(bytes("stop"), a->local_endpoint()));
    BOOST_TEST(!sender->try_send_to(bytes("stop"), b->local_endpoint()));
    BOOST_REQUIRE(eventually([&] { return done == 2; }));
    pool.reset();
    other.shutdown();
    BOOST_TEST(eventually([&] { return threads() <= threads_before; }));
}

BOOST_AUTO_TEST_CASE(a_handler_may_destroy_its_pool) {
    const long threads_before = threads();
    auto* pool = new rtp_server_pool{3, immediate()};
    std::atomic<bool> gone{false};
    auto channel = pool->create_channel(on_loopback(), [&](rtp_channel&, const datagram_view&) {
        delete pool;
        gone = true;
    });
    BOOST_TEST(!channel->try_send_to(bytes("stop"), channel->local_endpoint()));
    BOOST_REQUIRE(eventually([&] { return gone.load(); }));
    BOOST_TEST(eventually([&] { return threads() <= threads_before; }));
}

BOOST_AUTO_TEST_CASE(any_thread_makes_channels) {
    rtp_server_pool pool{3};
    std::vector<channels> made(4);
    std::vector<std::thread> makers;
    for (auto& mine : made)
        makers.emplace_back([&] {
            for (int i = 0; i != 60; ++i) {
                mine.push_back(pool.create_channel(on_loopback()));
                if (i % 4 == 0) mine.erase(mine.begin());
            }
        });
    for (auto& t : makers) t.join();
    const auto open = open_channels(pool);
    std::size_t sum = 0;
    for (const std::size_t n : open) sum += n;
    BOOST_TEST(sum == 180U);
    BOOST_TEST(*std::min_element(open.begin(), open.end()) > 0U);
}
