#include <boost/test/unit_test.hpp>

#include "playout_fixture.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

// Whether a packet with the next number continues the audio before it, where its timestamp does
// not.

using namespace playout_test;

namespace {

// PCMU. Counts how often it was told that what it decodes next does not continue.
class counting_decoder : public audio_decoder {
public:
    explicit counting_decoder(int& interrupts)
        : audio_decoder({8000, 8000}), interrupts_(interrupts) {}

    result<std::size_t> samples(std::span<const std::uint8_t> payload) const noexcept override {
        return decoder_->samples(payload);
    }
    result<std::size_t> decode(std::span<const std::uint8_t> payload,
                               std::span<std::int16_t> pcm) noexcept override {
        return decoder_->decode(payload, pcm);
    }
    void interrupt() noexcept override { ++interrupts_; }
    void reset() noexcept override {}

private:
    int& interrupts_;
    std::unique_ptr<audio_decoder> decoder_ = codec_set().make_decoder("PCMU/8000");
};

struct call : fixture {
    call() {
        p.add_decoder(pcmu, std::make_unique<counting_decoder>(interrupts));
        begin();
        before = interrupts;
    }
    void insert(std::uint8_t type) {
        fields g = f;
        g.type = type;
        BOOST_REQUIRE(p.insert(datagram(g, {60, 10, 0, 160}), now));
        ++f.seq;
    }
    // 200 ms, of which the first packet has the marker or not. Returns how often the decoder was
    // told that the audio does not continue.
    int go_on(bool marker = false) {
        f.type = marker ? 0x80 | pcmu : pcmu;
        for (int i = 0; i < 10; ++i) {
            tick();
            f.type = pcmu;
        }
        BOOST_CHECK_EQUAL(p.stats().late + p.stats().discarded + p.stats().restarts, 0);
        return interrupts - before;
    }

    int interrupts = 0, before = 0;
};

constexpr unsigned rounding = 40; // 5 ms

} // namespace

// The timestamp of the first packet behind a pause is as much too small as the pause was long, and
// more. That there was one, the sender has said.
BOOST_AUTO_TEST_CASE(a_talkspurt_does_not_continue_the_one_before_whatever_its_timestamp_is) {
    for (const unsigned overlap : {rounding + 1, 64U, 159U})
        for (const int type : {int{event}, int{noise}, -1}) {
            BOOST_TEST_CONTEXT("type " << type << ", overlap " << overlap) {
                call c;
                c.f.timestamp -= overlap;
                if (type >= 0) c.insert(static_cast<std::uint8_t>(type));
                c.position += 10; // to the crest of the tone
                BOOST_CHECK_EQUAL(c.go_on(type < 0), 1);
                BOOST_CHECK_LE(c.largest_step(), step_of_tone);
            }
        }
}

BOOST_AUTO_TEST_CASE(a_packet_with_a_wrong_timestamp_continues_what_its_number_continues) {
    for (const unsigned overlap : {rounding + 1, 64U, 159U}) {
        call c;
        c.f.timestamp -= overlap;
        BOOST_CHECK_EQUAL(c.go_on(), 0);
        // The audio is heard as it was sent.
        const std::size_t end = c.heard.size();
        std::size_t changes = 0;
        for (std::size_t i = end - 1600; i + 40 < end; ++i)
            changes += c.heard[i] != c.heard[i + 40];
        BOOST_CHECK_EQUAL(changes, 0);
    }
}

BOOST_AUTO_TEST_CASE(a_sender_that_rounds_its_timestamps_does_not_pause) {
    for (const int off : {-int{rounding}, -1, 1, int{rounding}})
        for (const bool marker : {false, true})
            for (const bool is_behind_event : {false, true}) {
                call c;
                if (is_behind_event) c.insert(event);
                c.f.timestamp += static_cast<std::uint32_t>(off);
                BOOST_CHECK_EQUAL(c.go_on(marker), 0);
                BOOST_CHECK_EQUAL(c.p.stats().ticks_of(playout_kind::concealed), 0);
            }
}

BOOST_AUTO_TEST_CASE(a_gap_between_timestamps_is_a_pause_if_no_number_is_missing) {
    call c;
    c.f.timestamp += rounding + 1;
    c.position += 10;
    BOOST_CHECK_EQUAL(c.go_on(), 1);
    BOOST_CHECK_LE(c.largest_step(), step_of_tone);
}
