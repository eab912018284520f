#include <boost/test/unit_test.hpp>

#include "common/metrics_endpoint.hpp"
#include "http_client.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <deque>
#include <new>
#include <optional>

// Clients of all manners, and pages that cannot be made.

using namespace std::chrono_literals;
using common::metrics_endpoint;
using common::metrics_limits;
using http_client::client;
using http_client::parse;
namespace asio = boost::asio;

namespace {

constexpr const char* get = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";

// No test waits for an end that is due to time, but those that set it.
metrics_limits patient() {
    metrics_limits limits;
    limits.connection_lives = 1h;
    limits.page_lives = 0ms;
    return limits;
}

struct served {
    asio::io_context context{1};
    std::string text = "a page\n";
    std::function<std::string()> make = [this] { return text; };
    std::optional<metrics_endpoint> endpoint;

    explicit served(const metrics_limits& limits = patient()) {
        endpoint.emplace(
            context, "127.0.0.1", std::uint16_t{0}, [this] { return make(); }, limits);
    }
    client connect() { return {context, endpoint->url()}; }
    http_client::answer answer_to(std::string_view request, bool is_head_only = false) {
        client c = connect();
        BOOST_TEST_REQUIRE(c.send(request));
        return parse(c.read_all(), is_head_only);
    }
    std::string status_of(std::string_view request) { return answer_to(request).status; }
    // And is it still there?
    bool answers() {
        const auto a = answer_to(get);
        return a.status == "200 OK" && a.body == text;
    }
    // Until now and nothing is left to be done.
    void serve_for(std::chrono::milliseconds time) {
        const auto end = std::chrono::steady_clock::now() + time;
        while (std::chrono::steady_clock::now() < end) {
            context.poll();
            std::this_thread::sleep_for(1ms);
        }
        while (context.poll() != 0) {
        }
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(a_page) {
    served s;
    const auto a = s.answer_to(get);
    BOOST_TEST(a.status == "200 OK");
    BOOST_TEST(a.body == "a page\n");
    for (const char* field : {"Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n",
                              "Server: rtpsynth\r\n", "Cache-Control: no-store\r\n"})
        BOOST_TEST(a.head.find(field) != std::string::npos);
    const auto head = s.answer_to("HEAD /metrics HTTP/1.1\r\n\r\n", true);
    BOOST_TEST(head.status == "200 OK");
    BOOST_TEST(head.head == a.head);
    s.text = "";
    BOOST_TEST(s.answers());
}

BOOST_AUTO_TEST_CASE(what_is_not_a_get_of_the_page) {
    served s;
    BOOST_TEST(s.status_of("GET / HTTP/1.1\r\n\r\n") == "404 Not Found");
    BOOST_TEST(s.status_of("GET /metrics2 HTTP/1.1\r\n\r\n") == "404 Not Found");
    const auto post = s.answer_to("POST /metrics HTTP/1.1\r\nContent-Length: 2\r\n\r\nxy");
    BOOST_TEST(post.status == "405 Method Not Allowed");
    BOOST_TEST(post.head.find("\r\nAllow: GET, HEAD\r\n") != std::string::npos);
    BOOST_TEST(s.status_of("\x16\x03\x01\r\n\r\n") == "400 Bad Request");
    BOOST_TEST(s.status_of("GET /metrics HTTP/1.1\r\nno colon\r\n\r\n") == "400 Bad Request");
    const std::string longer(8000, 'y'), too_long(8192, 'y');
    BOOST_TEST(s.status_of("GET /metrics HTTP/1.1\r\nx: " + longer + "\r\n\r\n") == "200 OK");
    for (const auto& end : {"\r\n\r\n", ""})
        BOOST_TEST(s.status_of("GET /metrics HTTP/1.1\r\nx: " + too_long + end) ==
                   "431 Request Header Fields Too Large");
    BOOST_TEST(s.status_of(too_long + too_long) == "431 Request Header Fields Too Large");
}

BOOST_AUTO_TEST_CASE(a_page_that_cannot_be_made) {
    served s;
    const auto good = s.make;
    const std::function<std::string()> bad[] = {
        []() -> std::string { throw std::bad_alloc{}; },
        []() -> std::string { throw std::runtime_error{"why"}; },
        []() -> std::string { throw 1; },
    };
    for (const auto& make : bad) {
        s.make = make;
        const auto a = s.answer_to(get);
        BOOST_TEST(a.status == "500 Internal Server Error");
        BOOST_TEST(a.body == "the page could not be made\n");
        BOOST_TEST(s.answer_to("HEAD /metrics HTTP/1.1\r\n\r\n", true).status == a.status);
        BOOST_TEST(s.status_of("GET / HTTP/1.1\r\n\r\n") == "404 Not Found");
        s.make = good;
        BOOST_TEST(s.answers());
    }
}

BOOST_AUTO_TEST_CASE(a_page_is_made_once_in_a_while) {
    metrics_limits limits = patient();
    limits.page_lives = 1h;
    for (const bool is_good : {true, false}) {
        served s{limits};
        int pages = 0;
        s.make = [&] {
            ++pages;
            if (!is_good) throw std::bad_alloc{};
            return std::string{"x"};
        };
        for (int i = 0; i != 5; ++i)
            BOOST_TEST(s.status_of(get) == (is_good ? "200 OK" : "500 Internal Server Error"));
        BOOST_TEST(pages == 1);
    }
}

BOOST_AUTO_TEST_CASE(the_body_of_a_request_is_ignored) {
    served s;
    const std::string line = "GET /metrics HTTP/1.1\r\n";
    for (const char* rest : {"Content-Length: 0\r\n\r\n", "Content-Length: 5\r\n\r\nabcde",
                             "Content-Length: 5\r\n\r\nGET /", "Content-Length: 5\r\n\r\n",
                             "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
                             "Content-Length: 99999999999\r\n\r\nabcde",
                             "Content-Length: 18446744073709551615\r\n\r\nabcde",
                             "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
                             "Transfer-Encoding: chunked\r\n\r\nno chunk at all\r\n\r\n"}) {
        BOOST_TEST_CONTEXT(rest) {
            const auto a = s.answer_to(line + rest);
            BOOST_TEST(a.status == "200 OK");
            BOOST_TEST(a.body == s.text);
        }
    }
    client c = s.connect(); // goes on after the answer
    BOOST_TEST(c.send(line + "Content-Length: 1000000\r\n\r\n"));
    while (c.received().find(s.text) == std::string::npos && c.read_some()) c.serve();
    for (int i = 0; i != 10; ++i) {
        BOOST_TEST(c.send(std::string(100'000, 'x')));
        c.serve();
    }
    c.send_end();
    BOOST_TEST(parse(c.read_all()).body == s.text);
}

BOOST_AUTO_TEST_CASE(a_body_without_end_is_not_read_for_ever) {
    metrics_limits limits = patient();
    limits.ignored_bytes = 100'000;
    served s{limits};
    client c = s.connect();
    BOOST_TEST(c.send("GET /metrics HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"));
    const std::string piece(65536, 'x');
    std::size_t sent = 0; // with what the kernel holds
    while (sent < 256'000'000 && c.send(piece)) {
        c.serve();
        sent += piece.size();
    }
    BOOST_TEST(sent < 256'000'000U);
    BOOST_TEST(s.answers());
}

BOOST_AUTO_TEST_CASE(one_request_a_connection) {
    served s;
    int pages = 0;
    s.make = [&] { return ++pages, s.text; };
    const std::string one = get;
    BOOST_TEST(s.answer_to(one + one + one).body == s.text);
    BOOST_TEST(s.answer_to(one + "GET / HTTP/1.1\r\n\r\n" + one).body == s.text);
    BOOST_TEST(pages == 2);
    client c = s.connect(); // the second after the first's answer
    BOOST_TEST(c.send(one));
    while (c.received().find(s.text) == std::string::npos && c.read_some()) c.serve();
    c.send(one);
    BOOST_TEST(parse(c.read_all()).body == s.text);
    BOOST_TEST(pages == 3);
}

BOOST_AUTO_TEST_CASE(a_request_in_pieces) {
    served s;
    const std::string_view request = get;
    for (std::size_t n = 1; n != request.size(); ++n) {
        client c = s.connect();
        c.send(request.substr(0, n));
        c.serve();
        c.send(request.substr(n));
        BOOST_TEST(parse(c.read_all()).body == s.text);
    }
    client c = s.connect();
    for (const char byte : request) {
        c.send({&byte, 1});
        c.serve();
        BOOST_TEST_REQUIRE(c.read_some());
    }
    BOOST_TEST(parse(c.read_all()).body == s.text);
}

BOOST_AUTO_TEST_CASE(half_closed_clients) {
    served s;
    client whole = s.connect();
    whole.send(get);
    whole.send_end();
    BOOST_TEST(parse(whole.read_all()).body == s.text);
    for (const std::string_view part : {"", "GET /met", "GET /metrics HTTP/1.1\r\nHost: x\r\n"}) {
        client c = s.connect();
        c.send(part);
        c.send_end();
        BOOST_TEST(c.read_all() == "");
    }
    for (const std::string_view part : {"", "GET /met", get}) {
        client c = s.connect();
        c.send(part);
        c.close();
    }
    BOOST_TEST(s.answers());
}

BOOST_AUTO_TEST_CASE(slow_clients_end) {
    metrics_limits limits = patient();
    limits.connection_lives = 50ms;
    served s{limits};
    for (const std::string_view part : {"", "GET /metrics HTTP/1.1\r\nx: "}) {
        client c = s.connect();
        c.send(part);
        BOOST_TEST(c.read_all() == "");
    }
    client unread = s.connect(); // and reads nothing, of more than the kernel's buffers hold
    s.text.assign(32'000'000, 'x');
    unread.send(get);
    s.serve_for(100ms);
    unread.read_all();
    BOOST_TEST(unread.received().size() < s.text.size());
    client open = s.connect(); // and does not close
    s.text = "small";
    open.send(get);
    s.serve_for(100ms);
    while (open.send("x")) open.serve();
    BOOST_TEST(parse(open.received().empty() ? open.read_all() : open.received()).body == "small");
}

BOOST_AUTO_TEST_CASE(a_large_page_arrives_whole) {
    served s;
    s.text.assign(32'000'000, 'x');
    BOOST_TEST((s.answer_to(get).body == s.text));
}

BOOST_AUTO_TEST_CASE(the_oldest_gives_way) {
    metrics_limits limits = patient();
    limits.connections = 4;
    served s{limits};
    std::deque<client> all;
    for (int i = 0; i != 10; ++i) {
        all.emplace_back(s.context, s.endpoint->url());
        if (i % 2) all.back().send("GET /metrics HTTP/1.1\r\nx: ");
    }
    s.serve_for(1ms);
    for (int i = 0; i != 6; ++i) BOOST_TEST(all[static_cast<std::size_t>(i)].read_all() == "");
    BOOST_TEST(s.answers());
    BOOST_TEST(all[6].read_all() == "");
    for (std::size_t i = 7; i != 10; ++i) BOOST_TEST(all[i].read_some()); // and not the end
    all[9].send("y\r\n\r\n");
    BOOST_TEST(parse(all[9].read_all()).body == s.text);
}

BOOST_AUTO_TEST_CASE(without_descriptors_clients_wait) {
    metrics_limits limits = patient();
    limits.pause = 1ms;
    served s{limits};
    client c = s.connect();
    c.send(get);
    rlimit before{};
    BOOST_TEST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit none = before;
    none.rlim_cur = 0;
    BOOST_TEST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    s.serve_for(10ms);
    BOOST_TEST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    BOOST_TEST(c.received() == "");
    BOOST_TEST(parse(c.read_all()).body == s.text);
}

BOOST_AUTO_TEST_CASE(the_end_with_clients) {
    for (const bool is_run : {true, false}) {
        served s;
        s.text.assign(32'000'000, 'x');
        std::deque<client> all;
        for (const std::string_view part : {"", "GET /met", get, get}) {
            all.emplace_back(s.context, s.endpoint->url());
            all.back().send(part);
        }
        s.serve_for(1ms);
        s.endpoint.reset();
        if (!is_run) continue;
        BOOST_TEST(s.context.run() > 0U); // it returns: nothing is outstanding
        for (client& c : all) BOOST_TEST(c.read_all().size() < s.text.size());
    }
}
