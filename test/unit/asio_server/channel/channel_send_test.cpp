// What a handler sends leaves at once or together, and in order.
#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"
#include "socket_shim.hpp"

#include <array>
#include <cstdint>

using namespace rtpsynth::asio_server;

namespace {

/// A channel that sends three answers to each datagram on to the receiver of \p p, and how many had
/// left after each.
struct answering {
    async_pair& p;
    std::array<std::uint64_t, 3> sent{};
    std::shared_ptr<rtp_channel> channel =
        p.server.create_channel(on_loopback(), [this](rtp_channel& c, const datagram_view& d) {
            for (std::uint64_t& s : sent) {
                BOOST_TEST(!c.try_send(d.data));
                s = c.stats().sent;
            }
        });

    udp::socket plain{p.context, {own_loopback(), 0}};

    explicit answering(async_pair& pair) : p{pair} {
        std::ignore = channel->set_target(p.receiver->local_endpoint());
    }
    void ask(std::string_view what) {
        plain.send_to(boost::asio::buffer(what), channel->local_endpoint());
    }
    void check_answers(std::string_view what, int count = 3) {
        for (int i = 0; i != count; ++i) BOOST_TEST(p.receive() == what);
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(the_first_answer_to_a_lone_datagram_leaves_at_once_and_others_together) {
    async_pair p;
    answering a{p};
    a.ask("x");
    a.check_answers("x");
    for (const std::uint64_t sent : a.sent) BOOST_TEST(sent == 1U);
    BOOST_TEST(a.channel->stats().sent == 3U);
    BOOST_TEST(a.channel->stats().sent_bytes == 3U);
    check_accounts(a.channel->stats());
}

BOOST_AUTO_TEST_CASE(with_a_tick_nothing_leaves_before_it) {
    async_pair p{{.tick = std::chrono::milliseconds{20}}};
    answering a{p};
    a.ask("x");
    a.check_answers("x");
    for (const std::uint64_t sent : a.sent) BOOST_TEST(sent == 0U);
    BOOST_TEST(a.channel->stats().sent == 3U);
}

// What the kernel does not take is queued, and nothing overtakes it.
BOOST_AUTO_TEST_CASE(answers_stay_in_order_when_the_socket_is_full) {
    async_pair p;
    answering a{p};
    a.ask("1");
    a.ask("2");
    shim::on_send.fail(EAGAIN, 5);
    a.check_answers("1");
    a.check_answers("2");
    BOOST_TEST(shim::on_send.spent());
    BOOST_TEST(a.channel->stats().send_errors == 0U);
    check_accounts(a.channel->stats());
}

BOOST_AUTO_TEST_CASE(an_error_of_the_kernel_is_counted_and_what_follows_is_sent) {
    async_pair p;
    answering a{p};
    a.ask("x");
    shim::on_send.fail(EPERM);
    a.check_answers("x", 2);
    BOOST_TEST(a.sent[0] == 0U);
    BOOST_TEST(a.channel->stats().send_errors == 1U);
    BOOST_TEST(a.channel->stats().last_send_error == error::no_permission);
    check_accounts(a.channel->stats());
}
