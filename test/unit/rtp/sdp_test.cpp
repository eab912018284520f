#include <boost/test/unit_test.hpp>

#include <rtpsynth/rtp/sdp.hpp>

#include <string>
#include <vector>

using namespace rtpsynth;
using namespace std::chrono_literals;

namespace {

const std::string head =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";

std::vector<sdp_media> media_of(const std::string& text) {
    auto description = parse_sdp(text);
    BOOST_REQUIRE(description.has_value());
    return std::move(description->media);
}

sdp_media only(const std::string& text) {
    auto media = media_of(head + text);
    BOOST_REQUIRE_EQUAL(media.size(), 1U);
    return std::move(media.front());
}

} // namespace

BOOST_AUTO_TEST_CASE(a_telephone_s_offer) {
    const sdp_media media = only("m=audio 5004 RTP/AVP 9 0 111 101 13\r\n"
                                 "a=rtpmap:111 opus/48000/2\r\n"
                                 "a=fmtp:111 minptime=10;useinbandfec=1\r\n"
                                 "a=rtpmap:101 telephone-event/8000\r\n"
                                 "a=fmtp:101 0-16\r\n"
                                 "a=ptime:20\r\na=maxptime:60\r\na=sendonly\r\n"
                                 "a=rtcp:5010 IN IP4 192.0.2.1\r\n");
    BOOST_TEST(media.type == "audio");
    BOOST_TEST(media.protocol == "RTP/AVP");
    BOOST_TEST(media.is_rtp());
    BOOST_TEST(!media.is_secure());
    BOOST_TEST(media.address == "192.0.2.1");
    BOOST_TEST(!media.ipv6);
    BOOST_TEST(media.port == 5004);
    BOOST_TEST(media.rtcp_port.value() == 5010);
    BOOST_TEST(!media.rtcp_mux);
    BOOST_CHECK(media.ptime == 20ms);
    BOOST_CHECK(media.maxptime == 60ms);
    BOOST_CHECK(media.direction == sdp_direction::sendonly);
    const std::vector<sdp_format> formats{{9, "G722", 8000, 1, ""},
                                          {0, "PCMU", 8000, 1, ""},
                                          {111, "opus", 48000, 2, "minptime=10;useinbandfec=1"},
                                          {101, "telephone-event", 8000, 1, "0-16"},
                                          {13, "CN", 8000, 1, ""}};
    BOOST_CHECK(media.formats == formats);
    BOOST_TEST(media.find(9)->encoding() == "G722/8000");
    BOOST_TEST(media.find(111)->encoding() == "opus/48000/2");
    BOOST_TEST(fmtp_parameter(media.find(111)->fmtp, "useinbandfec").value() == "1");
    BOOST_CHECK(media.find(101)->format() == (payload_format{8000, payload_kind::event}));
    BOOST_CHECK(media.find(13)->format() == (payload_format{8000, payload_kind::comfort_noise}));
    BOOST_TEST(!media.find(8));
}

BOOST_AUTO_TEST_CASE(a_browser_s_offer) {
    const auto media = media_of("v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\n"
                                "a=group:BUNDLE 0 1 2\na=fingerprint:sha-256 AA:BB\n"
                                "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\nc=IN IP4 0.0.0.0\n"
                                "a=rtcp:9 IN IP4 0.0.0.0\na=mid:0\na=rtcp-mux\n"
                                "a=rtpmap:111 opus/48000/2\na=ssrc:1 cname:x\n"
                                "m=video 0 UDP/TLS/RTP/SAVPF 96\nc=IN IP6 ::\na=bundle-only\n"
                                "a=rtpmap:96 VP8/90000\na=rtcp-fb:96 nack pli\na=inactive\n"
                                "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\n");
    BOOST_REQUIRE_EQUAL(media.size(), 3U);
    BOOST_TEST(media[0].is_secure());
    BOOST_TEST(media[0].fingerprint);
    BOOST_TEST(media[0].rtcp_mux);
    BOOST_TEST(!media[0].bundle_only);
    BOOST_TEST(media[0].address == "0.0.0.0");
    BOOST_TEST(media[1].ipv6);
    BOOST_TEST(media[1].address == "::");
    BOOST_TEST(media[1].bundle_only);
    BOOST_TEST(media[1].port == 0);
    BOOST_CHECK(media[1].direction == sdp_direction::inactive);
    BOOST_TEST(media[1].formats.at(0).encoding() == "VP8/90000");
    BOOST_TEST(!media[2].is_rtp());
    BOOST_TEST(media[2].address == "");
    BOOST_TEST(media[2].formats.empty());
}

BOOST_AUTO_TEST_CASE(the_session_speaks_for_media_that_do_not) {
    const auto media = media_of(head + "a=recvonly\r\nm=audio 5004/2 RTP/AVP 0\r\n"
                                       "c=IN IP4 233.252.0.1/127/3\r\n"
                                       "m=audio 5006 RTP/AVP 0\r\na=sendrecv\r\n"
                                       "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc\r\n"
                                       "m=audio 5008 RTP/AVP 0\r\nc=IN IP6 host.example\r\n"
                                       "m=audio 5010 RTP/AVP 0\r\nc=nonsense\r\n");
    BOOST_REQUIRE_EQUAL(media.size(), 4U);
    BOOST_TEST(media[0].address == "233.252.0.1");
    BOOST_TEST(media[0].port == 5004);
    BOOST_CHECK(media[0].direction == sdp_direction::recvonly);
    BOOST_TEST(media[0].cryptos.empty());
    BOOST_TEST(media[1].address == "192.0.2.1");
    BOOST_CHECK(media[1].direction == sdp_direction::sendrecv);
    BOOST_TEST(media[1].cryptos.at(0) == "1 AES_CM_128_HMAC_SHA1_80 inline:abc");
    BOOST_TEST(!media[1].is_secure());
    BOOST_TEST(media[2].address == "host.example");
    BOOST_TEST(media[2].ipv6);
    BOOST_TEST(media[3].address == "192.0.2.1");
}

BOOST_AUTO_TEST_CASE(the_first_rtpmap_of_a_type_counts) {
    const sdp_media media = only("m=audio 5004 RTP/AVP 0 96 0\r\na=rtpmap:0 L16/8000\r\n"
                                 "a=rtpmap:0 other/1\r\na=fmtp:97 lost\r\na=rtpmap:97 late/1\r\n"
                                 "a=fmtp:97 kept\r\n");
    const std::vector<sdp_format> formats{
        {0, "L16", 8000, 1, ""}, {96, "", 0, 1, ""}, {97, "late", 1, 1, "kept"}};
    BOOST_CHECK(media.formats == formats);
    BOOST_TEST(media.find(96)->encoding() == "");
    BOOST_CHECK(media.find(96)->format() == payload_format{});
}

BOOST_AUTO_TEST_CASE(it_is_found_in_another_body) {
    const auto media =
        media_of("--x\r\nContent-Type: application/sdp\r\n\r\n" + head +
                 "m=audio 5004 RTP/AVP 0\r\n--x\r\nm=audio 6000 RTP/AVP 0\r\n" + head);
    BOOST_REQUIRE_EQUAL(media.size(), 1U);
    BOOST_TEST(media[0].port == 5004);
}

BOOST_AUTO_TEST_CASE(it_ends_with_the_next_or_at_a_line_without_an_equals_sign) {
    const std::string medium = "m=audio 5004 RTP/AVP 0\r\n";
    for (const char* end : {"\r\n", "a\r\n", "m\r\n", "a:b\r\n", "v=0\r\n"})
        BOOST_TEST_CONTEXT(end) { BOOST_TEST(media_of(head + medium + end + medium).size() == 1U); }
}

BOOST_AUTO_TEST_CASE(a_ptime_may_have_a_fraction_and_is_not_0) {
    const auto ptime = [](const std::string& text) {
        return only("m=audio 5004 RTP/AVP 0\r\na=ptime:" + text + "\r\n").ptime;
    };
    BOOST_CHECK(ptime("2.5") == 2500us);
    BOOST_CHECK(ptime("0.125") == 125us);
    BOOST_CHECK(ptime("20.0") == 20ms);
    BOOST_CHECK(ptime("1.0000019") == 1'000'001ns);
    BOOST_CHECK(ptime("4294967295.999999") == 4'294'967'295'999'999ns);
    for (const char* text : {"0", "0.0", "0.0000001", ".5", "2.", "2.x", "2.-5", "2.5.5", "-2.5",
                             "2,5", "4294967296", "1.00000000x"})
        BOOST_TEST_CONTEXT(text) { BOOST_CHECK(!ptime(text)); }
    BOOST_CHECK(!only("m=audio 5004 RTP/AVP 0\r\na=maxptime:0\r\n").maxptime);
}

BOOST_AUTO_TEST_CASE(a_medium_that_is_wrong_is_empty_in_its_place) {
    const auto media = media_of(head + "m=audio x RTP/AVP 0\r\na=sendonly\r\na=rtpmap:0 x/1\r\n"
                                       "c=IN IP4 192.0.2.9\r\nm=audio 5004 RTP/AVP 0\r\n");
    BOOST_REQUIRE_EQUAL(media.size(), 2U);
    BOOST_CHECK(media[0] == sdp_media{});
    BOOST_TEST(media[1].address == "192.0.2.1");
    BOOST_CHECK(media[1].direction == sdp_direction::sendrecv);
    BOOST_TEST(media[1].find(0)->encoding() == "PCMU/8000");
    for (const char* line :
         {"m=", "m=audio", "m=audio 5004", "m= 5004 RTP/AVP 0", "m=audio 65536 RTP/AVP 0"})
        BOOST_TEST_CONTEXT(line)
    BOOST_CHECK(only(std::string(line) + "\r\n") == sdp_media{});
}

BOOST_AUTO_TEST_CASE(wrong_lines_are_ignored) {
    // One that has nothing that they could erase, and one that has all of it.
    const std::string bare = "m=audio 5004 RTP/AVP 96\r\n";
    const std::string full = bare + "c=IN IP6 2001:db8::1\r\na=rtpmap:96 x/8000\r\na=fmtp:96 y\r\n"
                                    "a=ptime:20\r\na=maxptime:40\r\na=rtcp:5010\r\n";
    for (const char* line : {"a=rtpmap:",
                             "a=rtpmap:96",
                             "a=rtpmap:96 ",
                             "a=rtpmap:96 /8000",
                             "a=rtpmap:96 x/",
                             "a=rtpmap:96 x/-1",
                             "a=rtpmap:96 x/8000x",
                             "a=rtpmap:128 x/8000",
                             "a=rtpmap:-1 x/8000",
                             "a=rtpmap:96 x/99999999999",
                             "a=",
                             "a=ptime:",
                             "a=ptime:x",
                             "a=ptime:-1",
                             "a=ptime:0",
                             "a=maxptime:",
                             "a=maxptime:0",
                             "a=fmtp:",
                             "a=fmtp:96",
                             "a=fmtp:96 ",
                             "a=fmtp:128 x",
                             "a=rtcp:",
                             "a=rtcp:70000",
                             "c=",
                             "c=IN",
                             "c=IN IP4",
                             "c=IN IP4 ",
                             "c=IN IP5 192.0.2.9",
                             "c=X IP4 192.0.2.9",
                             "b=AS:64",
                             "k=clear:x",
                             "x=y",
                             "a=unknown:1"})
        BOOST_TEST_CONTEXT(line)
    for (const std::string& before : {bare, full})
        BOOST_CHECK(only(before + line + "\r\n") == only(before));
}

BOOST_AUTO_TEST_CASE(without_a_version_it_is_none) {
    for (const char* text : {"", "\r\n", "v=1\r\n", "m=audio 5004 RTP/AVP 0\r\n", " v=0\r\n"})
        BOOST_TEST_CONTEXT(text) { BOOST_CHECK(parse_sdp(text).error() == errc::bad_sdp); }
    BOOST_TEST(parse_sdp("v=0").value().media.empty());
}

BOOST_AUTO_TEST_CASE(what_is_kept_is_bounded) {
    std::string text = head;
    const std::string long_text(max_sdp_text + 1, 'x');
    for (int i = 0; i < 100; ++i) {
        text += "m=audio " + std::to_string(5000 + i) + " RTP/AVP";
        for (int type = 0; type < 300; ++type) text += ' ' + std::to_string(type % 200);
        text += "\r\n";
        for (int type = 0; type < 200; ++type)
            text += "a=rtpmap:" + std::to_string(type) + " x/8000\r\na=crypto:1\r\n";
        text += "a=fmtp:0 " + long_text + "\r\nc=IN IP4 " + long_text + "\r\n";
    }
    text += "m=" + long_text + " 1 RTP/AVP 0\r\n";
    const auto media = media_of(text);
    BOOST_TEST(media.size() == max_sdp_media);
    for (const sdp_media& medium : media) {
        BOOST_TEST(medium.formats.size() == max_sdp_formats);
        BOOST_TEST(medium.cryptos.size() == max_sdp_cryptos);
        BOOST_TEST(medium.find(0)->fmtp == "");
        BOOST_TEST(medium.address == "192.0.2.1");
    }
}
