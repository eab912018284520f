#include <boost/test/unit_test.hpp>

#include "../asio_server/allocation_fault.hpp"
#include "common/metrics_endpoint.hpp"
#include "http_client.hpp"

#include <limits>

// Want of memory, at each allocation that the endpoint makes: nothing is thrown out of its
// io_context, a client gets the page, status 500 or the end of its connection, and the next one the
// page.

using namespace std::chrono_literals;
using http_client::client;
using http_client::parse;

namespace {

struct counts {
    int pages = 0, failures = 0, closed = 0;
};

// How one client is answered while memory is refused after `granted` allocations. `false` if none
// was.
bool serve(std::string_view request, long granted, long in_a_row, counts& total) {
    boost::asio::io_context context{1};
    common::metrics_limits limits;
    limits.connection_lives = 1h;
    limits.page_lives = 0ms;
    limits.pause = 1ms;
    const std::string page(1000, 'x');
    common::metrics_endpoint endpoint{context, "127.0.0.1", 0, [&] { return page; }, limits};
    client c{context, endpoint.url()};
    bool is_thrown = false;
    const auto poll = [&] {
        for (int i = 0; i != 5; ++i) {
            try {
                context.poll();
            } catch (...) {
                is_thrown = true;
            }
        }
    };
    {
        const memory::shortage shortage{granted, in_a_row};
        poll();
        c.send(request.substr(0, 10)); // so that it is read twice
        poll();
        c.send(request.substr(10));
        poll();
    }
    const bool was_refused = memory::refused != 0;
    BOOST_TEST(!is_thrown);
    const std::string& text = c.read_all();
    if (text.empty()) {
        ++total.closed;
    } else {
        const bool is_page = parse(text).status == "200 OK";
        if (is_page)
            BOOST_TEST(parse(text).body == page);
        else
            BOOST_TEST(parse(text).status == "500 Internal Server Error");
        ++(is_page ? total.pages : total.failures);
    }
    client next{context, endpoint.url()};
    next.send("GET /metrics HTTP/1.1\r\n\r\n");
    BOOST_TEST(parse(next.read_all()).body == page);
    return was_refused;
}

} // namespace

BOOST_AUTO_TEST_CASE(each_allocation_is_refused) {
    const std::string requests[] = {
        "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
    };
    counts total;
    for (const std::string& request : requests)
        for (const long in_a_row : {1L, 2L, 5L, std::numeric_limits<long>::max()})
            for (long n = 0;; ++n)
                BOOST_TEST_CONTEXT("allocation " << n << " and what follows, " << in_a_row
                                                 << " times") {
                    BOOST_TEST_REQUIRE(n < 1000);
                    if (!serve(request, n, in_a_row, total)) {
                        BOOST_TEST(n > 0);
                        n = 1000;
                        break;
                    }
                }
    BOOST_TEST_MESSAGE(total.pages << " pages, " << total.failures << " failures, " << total.closed
                                   << " closed");
    BOOST_TEST(total.pages > 0);
    BOOST_TEST(total.failures > 0);
    BOOST_TEST(total.closed > 0);
}
