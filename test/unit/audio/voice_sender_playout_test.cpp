#include <boost/test/unit_test.hpp>

#include "voice_sender_tools.hpp"

#include <rtpsynth/audio/telephone_event_receiver.hpp>
#include <rtpsynth/jitter/playout.hpp>

#include <algorithm>
#include <cstdlib>
#include <random>

// What is heard of a sender by a phone, whatever the application does.

using namespace voice_sender_test;

namespace {

constexpr std::size_t tick = 160;

struct call {
    explicit call(const voice_sender_options& o) : f(o) {
        phone.add_decoder(pcmu, codec_set().make_decoder("PCMU/8000"));
        phone.add_comfort_noise(noise);
        phone.add_event(event);
    }
    void ticks(std::size_t n) {
        for (; n > 0; --n) {
            const std::size_t before = f.sent.size();
            const time_point now = f.now;
            f.tick();
            for (std::size_t i = before; i < f.sent.size(); ++i)
                BOOST_REQUIRE(phone.insert(std::span(f.out), now));
            pcm got(tick);
            phone.pull(now + milliseconds(7), got);
            heard.insert(heard.end(), got.begin(), got.end());
        }
    }
    int largest_step(std::size_t from = 1) const {
        int most = 0;
        for (std::size_t i = from; i < heard.size(); ++i)
            most = std::max(most, std::abs(heard[i] - heard[i - 1]));
        return most;
    }

    fixture f;
    playout phone;
    pcm heard;
};

} // namespace

// Everything that may come is cut off and goes on at any sample, between digits too.
BOOST_AUTO_TEST_CASE(no_click_is_heard) {
    for (const idle_policy idle :
         {idle_policy::silence, idle_policy::comfort_noise, idle_policy::nothing})
        for (const std::uint32_t rate : {8000U, 24000U}) {
            BOOST_TEST_CONTEXT("idle " << static_cast<int>(idle) << ", " << rate << " Hz") {
                call c({.input_rate = rate, .idle = idle});
                std::mt19937 random(1);
                std::size_t pushed = 0;
                for (std::uint64_t i = 0; i < 300; ++i) {
                    const std::size_t n =
                        std::min<std::size_t>(c.f.sender.room(), 100 + random() % rate / 4);
                    c.f.push(tone(n, rate, pushed), i / 2);
                    pushed += n;
                    if (random() % 4 == 0) c.f.sender.end_item();
                    c.ticks(random() % 20);
                    if (random() % 3 == 0) c.f.sender.clear();
                    if (random() % 8 == 0) BOOST_REQUIRE(c.f.sender.send_digits("1"));
                    if (random() % 6 == 0) c.ticks(40);
                }
                c.ticks(50);
                // The tone's own steps are 4,150, and PCMU's 512.
                BOOST_CHECK_LT(c.largest_step(), 9'000);
                BOOST_CHECK_GT(c.largest_step(), 4'000);
                BOOST_CHECK_EQUAL(c.phone.stats().late, 0);
            }
        }
}
