#include <boost/test/unit_test.hpp>

#include "signalling/sdp.hpp"

#include <string>

using namespace replay;
using rtpsynth::payload_kind;

namespace {

const std::string head =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";

} // namespace

BOOST_AUTO_TEST_CASE(several_media) {
    const auto media =
        parse_sdp(head + "m=audio 5004/2 RTP/AVP 0 101 98\r\na=rtpmap:0 PCMU/8000\r\n"
                         "a=rtpmap:101 Telephone-Event/8000\r\na=rtpmap:98 CN/16000\r\n"
                         "a=ptime:30\r\na=rtpmap:0 other/1\r\n"
                         "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                         "m=audio 0 RTP/AVP 0\r\n"
                         "m=video 5006 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP6 2001:db8::1\r\n"
                         "a=rtpmap:96 VP8/90000\r\n"
                         "m=video 5008 RTP/AVP 31\r\nc=IN IP4 224.2.1.1/127/3\r\n");
    BOOST_REQUIRE_EQUAL(media.size(), 3U);
    BOOST_CHECK_EQUAL(to_string(media[0].address), "192.0.2.1:5004");
    BOOST_CHECK(media[0].srtp == protection::none && media[0].ptime_ms == 30U);
    BOOST_REQUIRE_EQUAL(media[0].payloads.size(), 3U);
    BOOST_CHECK_EQUAL(media[0].payloads[0].name, "PCMU");
    BOOST_CHECK(media[0].payloads[0].format ==
                (rtpsynth::payload_format{8000, payload_kind::media}));
    BOOST_CHECK(media[0].payloads[1].format.kind == payload_kind::event);
    BOOST_CHECK(media[0].payloads[2].format.kind == payload_kind::comfort_noise);
    BOOST_CHECK_EQUAL(to_string(media[1].address), "[2001:db8::1]:5006");
    BOOST_CHECK(media[1].srtp == protection::required);
    BOOST_CHECK_EQUAL(to_string(media[2].address), "224.2.1.1:5008");
}

BOOST_AUTO_TEST_CASE(keys_without_a_profile_of_srtp_offer_it) {
    const auto media = parse_sdp(head + "m=audio 5004 RTP/AVP 0\r\na=crypto:1 x inline:y\r\n"
                                        "m=audio 5006 RTP/AVP 0\r\na=fingerprint:sha-256 00\r\n"
                                        "m=audio 5008 RTP/SAVP 0\r\na=crypto:1 x inline:y\r\n"
                                        "m=audio 5010 RTP/AVP 0\r\n");
    BOOST_REQUIRE_EQUAL(media.size(), 4U);
    BOOST_CHECK(media[0].srtp == protection::offered);
    BOOST_CHECK(media[1].srtp == protection::offered);
    BOOST_CHECK(media[2].srtp == protection::required);
    BOOST_CHECK(media[3].srtp == protection::none);
}

BOOST_AUTO_TEST_CASE(bundled_media_need_no_port_of_their_own) {
    const auto media = parse_sdp(head + "m=audio 0 RTP/AVP 8\r\na=bundle-only\r\n"
                                        "m=audio 5004 RTP/AVP 0\r\n"
                                        "m=video 0 RTP/AVP 96\r\na=bundle-only\r\n"
                                        "a=rtpmap:96 VP8/90000\r\n"
                                        "m=video 0 RTP/AVP 97\r\na=rtpmap:97 VP9/90000\r\n");
    BOOST_REQUIRE_EQUAL(media.size(), 2U);
    BOOST_CHECK_EQUAL(to_string(media[1].address), "192.0.2.1:5004");
    BOOST_CHECK_EQUAL(media[1].payloads[0].name, "VP8");
}

BOOST_AUTO_TEST_CASE(lines_that_are_wrong_are_left_out) {
    for (const char* line :
         {"a=rtpmap:", "a=rtpmap:96", "a=rtpmap:96 ", "a=rtpmap:96 /8000", "a=rtpmap:96 x/",
          "a=rtpmap:96 x/-1", "a=rtpmap:96 x/8000x", "a=rtpmap:128 x/8000", "a=rtpmap:-1 x/8000",
          "a=rtpmap:96 x/99999999999", "a", "a=", "=", "a=ptime:", "a=ptime:x", "c=", "c=IN IP4 ",
          "m=", "m=audio"}) {
        const auto media = parse_sdp(head + "m=audio 5004 RTP/AVP 96\r\n" + line + "\r\n");
        BOOST_TEST_CONTEXT(line)
        BOOST_CHECK(media.size() <= 1 && (media.empty() || media[0].payloads.empty()));
    }
    BOOST_CHECK(parse_sdp("").empty());
    BOOST_CHECK(parse_sdp("m=audio 5004 RTP/AVP 0\r\n").empty());        // no v=0
    BOOST_CHECK(parse_sdp("v=0\r\nm=audio 5004 RTP/AVP 0\r\n").empty()); // no address
}

BOOST_AUTO_TEST_CASE(size_is_bounded) {
    std::string text = head;
    for (int i = 0; i < 1000; ++i) {
        text += "m=audio " + std::to_string(5000 + i) + " RTP/AVP 0\r\n";
        for (int type = 0; type < 300; ++type)
            text += "a=rtpmap:" + std::to_string(type % 200) + " x/8000\r\n";
    }
    const auto media = parse_sdp(text);
    BOOST_CHECK_EQUAL(media.size(), 64U);
    BOOST_CHECK_EQUAL(media[0].payloads.size(), 128U);
}
