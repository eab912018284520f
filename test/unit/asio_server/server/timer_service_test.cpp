#include <boost/test/unit_test.hpp>

#include "allocation_fault.hpp"
#include "server/timer_service.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>

using namespace rtpsynth;
using namespace rtpsynth::asio_server::detail;
namespace asio = boost::asio;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

struct client final : timer_service::client {
    bool fired = false;
    void on_timer(time_point) noexcept override { fired = true; }
};

} // namespace

// The io_context has one more timer than before, for which Asio must make room, and has no memory.
BOOST_AUTO_TEST_CASE(a_wait_that_failed_is_begun_with_the_next_for_whichever_timer_is_first) {
    asio::io_context context;
    const auto service = std::make_shared<timer_service>(context.get_executor());
    context.poll();
    context.restart();
    asio::steady_timer other{context, 1h};
    other.async_wait([](const boost::system::error_code&) {});
    client soon, late;
    asio::post(context, [&] {
        {
            const memory::shortage none{0, 1};
            service->arm(soon, steady_clock::now() + 1ms);
        }
        service->arm(late, steady_clock::now() + 1h);
    });
    const auto until = steady_clock::now() + 20s;
    while (!soon.fired && steady_clock::now() < until) context.run_one_for(10ms);
    BOOST_TEST(memory::refused > 0);
    BOOST_TEST(soon.fired);
    BOOST_TEST(!late.fired);
    service->stop();
}
