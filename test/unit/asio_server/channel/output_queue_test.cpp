#include <boost/test/unit_test.hpp>

#include "channel/output_queue.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <vector>

using namespace rtpsynth::asio_server::detail;
namespace asio = boost::asio;

namespace {

struct blocked_queue {
    asio::io_context context;
    output_queue queue{1000};
    const asio::ip::udp::endpoint to{asio::ip::address_v4::loopback(), 9};

    void push(std::uint8_t content, std::size_t size, std::uint64_t id) {
        const std::vector<std::uint8_t> data(size, content);
        auto op = std::make_unique<send_op>(
            id, send_op::handler_type{[](boost::system::error_code) {}}, context.get_executor());
        BOOST_REQUIRE(!queue.push(data, &to, op).error);
    }
};

} // namespace

// A socket that is blocked does not take what was cancelled off the queue.
BOOST_AUTO_TEST_CASE(cancelled_datagrams_take_no_memory) {
    blocked_queue q;
    q.push(1, 100, 1);
    for (std::uint64_t id = 2; id != 10'000; ++id) {
        q.push(2, 1000, id);
        BOOST_REQUIRE(q.queue.cancel(id));
    }
    q.push(3, 50, 1);
    send_op_list rejected;
    BOOST_TEST(q.queue.refill(rejected));
    const output_batch& batch = q.queue.sending();
    BOOST_TEST(batch.live == 2U);
    BOOST_TEST(batch.records.size() < 50U);
    BOOST_TEST(batch.bytes.size() < 50'000U);
    BOOST_TEST(batch.bytes.front() == 1);
    BOOST_TEST(batch.bytes.back() == 3);
    BOOST_TEST(q.queue.cancelled() == 9'998U);
}

BOOST_AUTO_TEST_CASE(remaining_datagrams_keep_their_order_and_bytes) {
    blocked_queue q;
    for (std::uint64_t id = 0; id != 100; ++id)
        q.push(static_cast<std::uint8_t>(id), 1 + id % 7, id);
    for (std::uint64_t id = 0; id != 100; ++id)
        if (id % 5 != 3) BOOST_REQUIRE(q.queue.cancel(id));
    send_op_list rejected;
    BOOST_TEST(q.queue.refill(rejected));
    const output_batch& batch = q.queue.sending();
    std::size_t at = 0;
    std::vector<std::uint64_t> left;
    for (const auto& r : batch.records) {
        if (!r.cancelled) {
            left.push_back(batch.bytes[at]);
            BOOST_TEST(r.size == 1 + left.back() % 7);
            BOOST_TEST(r.op->id == left.back());
        }
        at += r.size;
    }
    BOOST_TEST(at == batch.bytes.size());
    BOOST_TEST(left.size() == 20U);
    for (std::size_t i = 0; i != left.size(); ++i) BOOST_TEST(left[i] == 5 * i + 3);
    q.queue.cancel_all();
}
