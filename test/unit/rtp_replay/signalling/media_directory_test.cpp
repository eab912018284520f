#include <boost/test/unit_test.hpp>

#include "signalling/media_directory.hpp"

#include <array>

using namespace replay;
using namespace std::chrono_literals;

namespace {

constexpr rtpsynth::time_point t0{100h};

std::array<sdp_media, 1> described(std::uint16_t port, const char* name, std::uint8_t type = 96) {
    sdp_media media;
    media.address.port = port;
    media.payloads.push_back({type, name, {8000, rtpsynth::payload_kind::media}});
    return {media};
}

} // namespace

BOOST_AUTO_TEST_CASE(the_latest_description_counts_or_the_first_that_follows) {
    media_directory directory;
    const endpoint address = described(1, "")[0].address;
    BOOST_CHECK(directory.find(address, t0).empty());
    directory.learn(described(1, "second"), t0 + 20s);
    directory.learn(described(1, "first"), t0 + 10s); // time stamps may go back
    directory.learn(described(2, "other"), t0 + 15s);
    const auto name = [&](rtpsynth::time_point when) {
        return directory.find(address, when)[0].payloads[0].name;
    };
    BOOST_CHECK_EQUAL(name(t0), "first");
    BOOST_CHECK_EQUAL(name(t0 + 10s), "first");
    BOOST_CHECK_EQUAL(name(t0 + 19s), "first");
    BOOST_CHECK_EQUAL(name(t0 + 20s), "second");
    BOOST_CHECK_EQUAL(name(t0 + 99s), "second");
}

BOOST_AUTO_TEST_CASE(the_receiver_is_asked_before_the_sender) {
    media_directory directory;
    const std::array senders{described(1, "sender's")[0], described(1, "sender's", 97)[0]};
    directory.learn(senders, t0);
    directory.learn(described(2, "receiver's"), t0);
    const endpoint sender = described(1, "")[0].address, receiver = described(2, "")[0].address;
    BOOST_CHECK_EQUAL(directory.find(sender, receiver, 96, t0)->name, "receiver's");
    BOOST_CHECK_EQUAL(directory.find(sender, receiver, 97, t0)->name, "sender's");
    BOOST_CHECK(!directory.find(sender, receiver, 98, t0));
}

BOOST_AUTO_TEST_CASE(media_of_one_description_share_an_address) {
    media_directory directory;
    const auto at = described(1, "")[0].address;
    const auto name = [&](std::uint8_t type, rtpsynth::time_point when) {
        const sdp_payload* payload = directory.find({}, at, type, when);
        return payload ? payload->name : "";
    };
    const auto audio = described(1, "opus", 111)[0], other = described(2, "elsewhere")[0];
    directory.learn(std::array{audio, other, described(1, "VP8")[0]}, t0);
    directory.learn(std::array{audio, described(1, "H264")[0]}, t0 + 10s);
    directory.learn(described(1, "alone"), t0 + 20s);
    BOOST_CHECK_EQUAL(directory.find(at, t0).size(), 2U);
    BOOST_CHECK_EQUAL(name(111, t0), "opus");
    BOOST_CHECK_EQUAL(name(96, t0), "VP8");
    BOOST_CHECK_EQUAL(name(111, t0 + 10s), "opus");
    BOOST_CHECK_EQUAL(name(96, t0 + 10s), "H264");
    BOOST_CHECK_EQUAL(name(111, t0 + 20s), "");
}

BOOST_AUTO_TEST_CASE(what_is_learnt_is_bounded_and_the_rest_counted) {
    media_directory directory;
    for (int i = 0; i < 5; ++i) directory.learn(described(1, "same"), t0 + i * 1s);
    BOOST_CHECK_EQUAL(directory.left_out(), 0U);
    for (unsigned i = 0; i < 2000; ++i)
        directory.learn(described(2, i % 2 ? "a" : "b"), t0 - i * 1s);
    BOOST_CHECK_EQUAL(directory.left_out(), 2000 - media_directory::most_of_an_address);
    BOOST_CHECK_EQUAL(directory.version(), 2005U);
    for (unsigned i = 0; i < 300'000; ++i)
        directory.learn(
            described(static_cast<std::uint16_t>(i), "x", static_cast<std::uint8_t>(i >> 16)),
            t0 + i * 1s);
    BOOST_CHECK_GT(directory.left_out(), 100'000U);
}
