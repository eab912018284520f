// voice_stream and want of memory, at each allocation there is: nothing ends the program, nothing
// hangs, and every operation that was started completes.
#include <boost/test/unit_test.hpp>

#include "../allocation_fault.hpp"
#include "voice_tools.hpp"

#include <atomic>

namespace rtpsynth::asio_server {
namespace {

struct whole_call {
    rtp_server server{immediate()};
    plain_phone phone;
    voice_stream_options options = silent_stream_to(phone.endpoint());
    const std::vector<std::int16_t> speech = tone(60ms, 24000);
    std::vector<std::int16_t> pcm = std::vector<std::int16_t>(480);
    std::optional<voice_stream> stream;
    int started = 0;
    std::atomic<int> completed{0};

    whole_call() {
        options.sender.input_rate = 24000;
        options.playout.rate = 24000;
        options.sender.capacity = 40ms;
    }

    template <class Start>
    void start(Start begin) {
        if (memory::done(begin)) ++started;
    }
    auto counted() {
        return [this](error_code, auto&&...) { ++completed; };
    }

    void run() {
        if (!memory::done([this] { stream.emplace(server, options); })) return;
        start([this] { stream->async_play(speech, 1, counted()); });
        start([this] { stream->async_play(speech, 2, counted()); });
        start([this] { stream->async_read(pcm, counted()); });
        start([this] { stream->async_read_event(counted()); });
        start([this] { stream->async_drain(counted()); });
        static_cast<void>(stream->send_digits("1"));
        memory::done([this] { stream->set_codec({.encoding = "PCMA/8000"}); });
        for (unsigned i = 0; i != 4; ++i) phone.send_rtp(stream->local_endpoint(), i, 5);
        std::this_thread::sleep_for(2ms);
        stream->clear();
        stream->close("no memory");
    }
    void check() {
        stream.reset();
        BOOST_TEST(eventually([this] { return completed == started; }));
        // What was refused has left the server whole.
        voice_stream other{server, options};
        BOOST_TEST(!std::get<0>(get(other.async_play(speech, 1, to_future))));
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(each_allocation_may_fail) {
    for (const long in_a_row : {0L, 1L, 30L})
        for (long n = 0, refused = in_a_row; refused != 0 || n == 0; n += 1 + in_a_row / 10)
            BOOST_TEST_CONTEXT("allocation " << n << " and what follows, " << in_a_row
                                             << " times") {
                whole_call scenario;
                {
                    const memory::shortage shortage{n, in_a_row};
                    scenario.run();
                    refused = memory::refused;
                }
                scenario.check();
                BOOST_REQUIRE(n < 5000);
            }
}

} // namespace rtpsynth::asio_server
