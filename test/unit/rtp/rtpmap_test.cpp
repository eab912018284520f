#include <boost/test/unit_test.hpp>

#include <rtpsynth/rtp/rtpmap.hpp>

#include <string>

using namespace rtpsynth;

BOOST_AUTO_TEST_CASE(an_rtpmap_is_parsed) {
    BOOST_CHECK(parse_rtpmap("PCMU/8000").value() == (rtpmap{"PCMU", 8000, 1}));
    BOOST_CHECK(parse_rtpmap("opus/48000/2").value() == (rtpmap{"opus", 48000, 2}));
    BOOST_CHECK(parse_rtpmap(" L16/4294967295/255 ").value() == (rtpmap{"L16", 4294967295, 255}));
    BOOST_CHECK(parse_rtpmap("PCMU/8000/").value() == (rtpmap{"PCMU", 8000, 1}));
    const std::string longest(max_encoding_name, 'x');
    BOOST_TEST(parse_rtpmap(longest + "/1").value().name == longest);
}

BOOST_AUTO_TEST_CASE(what_is_none_is_an_error) {
    const std::string too_long(max_encoding_name + 1, 'x');
    for (const std::string& text :
         {std::string(), std::string("PCMU"), std::string("/8000"), std::string("PCMU/"),
          std::string("PCMU/0"), std::string("PCMU/-1"), std::string("PCMU/8k"),
          std::string("PCMU/4294967296"), std::string("PC MU/8000"),
          std::string("PCM\xc3\xa4/8000"), std::string("PCMU/8000/0"), std::string("PCMU/8000/256"),
          std::string("PCMU/8000/1/1"), std::string("PCMU/8000/x"), std::string("PCMU/8000 /1"),
          std::string("P\0U/8000", 8), too_long + "/8000"})
        BOOST_TEST_CONTEXT(text) { BOOST_CHECK(parse_rtpmap(text).error() == errc::bad_sdp); }
}

BOOST_AUTO_TEST_CASE(names_are_the_same_in_any_case) {
    BOOST_TEST(same_encoding("PCMU", "pcmu"));
    BOOST_TEST(same_encoding("", ""));
    BOOST_TEST(!same_encoding("PCMU", "PCMA"));
    BOOST_TEST(!same_encoding("PCMU", "PCM"));
    BOOST_TEST(!same_encoding("@", "`"));
    BOOST_CHECK(encoding_kind("Telephone-Event") == payload_kind::event);
    BOOST_CHECK(encoding_kind("cn") == payload_kind::comfort_noise);
    BOOST_CHECK(encoding_kind("opus") == payload_kind::media);
}

BOOST_AUTO_TEST_CASE(static_payload_types_are_found_by_name) {
    for (int type = 0; type < 256; ++type) {
        const rtp_profile* row = static_profile(static_cast<std::uint8_t>(type));
        if (!row) continue;
        const rtpmap map{row->encoding_name, row->clock_rate, row->channels ? row->channels : 1};
        BOOST_TEST_CONTEXT(type) { BOOST_TEST(int{static_payload_type(map).value()} == type); }
    }
    BOOST_TEST(int{static_payload_type({"pcma", 8000, 1}).value()} == 8);
    BOOST_TEST(int{static_payload_type({"L16", 44100, 2}).value()} == 10);
    BOOST_TEST(int{static_payload_type({"MPA", 90000, 2}).value()} == 14);
    BOOST_TEST(!static_payload_type({"L16", 48000, 1}));
    BOOST_TEST(!static_payload_type({"PCMU", 8000, 2}));
    BOOST_TEST(!static_payload_type({"opus", 48000, 2}));
}

BOOST_AUTO_TEST_CASE(parameters_are_found) {
    const std::string_view fmtp = "minptime=10; useinbandfec = 1;cbr;;x=a=b; MINPTIME=20";
    BOOST_TEST(fmtp_parameter(fmtp, "minptime").value() == "10");
    BOOST_TEST(fmtp_parameter(fmtp, "UseInbandFEC").value() == "1");
    BOOST_TEST(fmtp_parameter(fmtp, "cbr").value() == "");
    BOOST_TEST(fmtp_parameter(fmtp, "x").value() == "a=b");
    BOOST_TEST(!fmtp_parameter(fmtp, "usedtx"));
    BOOST_TEST(!fmtp_parameter("", "usedtx"));
    BOOST_TEST(fmtp_parameter("0-15", "0-15").value() == "");
}
