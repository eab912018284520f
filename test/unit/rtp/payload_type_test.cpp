#include <boost/test/unit_test.hpp>

#include <rtpsynth/rtp/payload_type.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace rtpsynth {
namespace {

struct row {
    std::string name;
    unsigned clock_rate, channels;
    rtp_media_kind kind;
};

// RFC 3551 §6: table 4, audio, and table 5, video and combined.
const std::map<int, row> rfc3551 = {
    {0, {"PCMU", 8000, 1, RTP_MEDIA_AUDIO}},         {3, {"GSM", 8000, 1, RTP_MEDIA_AUDIO}},
    {4, {"G723", 8000, 1, RTP_MEDIA_AUDIO}},         {5, {"DVI4", 8000, 1, RTP_MEDIA_AUDIO}},
    {6, {"DVI4", 16000, 1, RTP_MEDIA_AUDIO}},        {7, {"LPC", 8000, 1, RTP_MEDIA_AUDIO}},
    {8, {"PCMA", 8000, 1, RTP_MEDIA_AUDIO}},         {9, {"G722", 8000, 1, RTP_MEDIA_AUDIO}},
    {10, {"L16", 44100, 2, RTP_MEDIA_AUDIO}},        {11, {"L16", 44100, 1, RTP_MEDIA_AUDIO}},
    {12, {"QCELP", 8000, 1, RTP_MEDIA_AUDIO}},       {13, {"CN", 8000, 1, RTP_MEDIA_AUDIO}},
    {14, {"MPA", 90000, 0, RTP_MEDIA_AUDIO}},        {15, {"G728", 8000, 1, RTP_MEDIA_AUDIO}},
    {16, {"DVI4", 11025, 1, RTP_MEDIA_AUDIO}},       {17, {"DVI4", 22050, 1, RTP_MEDIA_AUDIO}},
    {18, {"G729", 8000, 1, RTP_MEDIA_AUDIO}},        {25, {"CelB", 90000, 0, RTP_MEDIA_VIDEO}},
    {26, {"JPEG", 90000, 0, RTP_MEDIA_VIDEO}},       {28, {"nv", 90000, 0, RTP_MEDIA_VIDEO}},
    {31, {"H261", 90000, 0, RTP_MEDIA_VIDEO}},       {32, {"MPV", 90000, 0, RTP_MEDIA_VIDEO}},
    {33, {"MP2T", 90000, 0, RTP_MEDIA_AUDIO_VIDEO}}, {34, {"H263", 90000, 0, RTP_MEDIA_VIDEO}},
};

std::vector<std::uint8_t> zeros(std::size_t n) { return std::vector<std::uint8_t>(n); }

BOOST_AUTO_TEST_CASE(the_table_of_rfc_3551) {
    for (int pt = 0; pt < 256; ++pt) {
        const rtp_profile* profile = static_profile(static_cast<std::uint8_t>(pt));
        const auto found = rfc3551.find(pt);
        BOOST_TEST_CONTEXT("payload type " << pt) {
            BOOST_REQUIRE_EQUAL(profile != nullptr, found != rfc3551.end());
            if (profile == nullptr) continue;
            BOOST_TEST(profile->encoding_name == found->second.name);
            BOOST_TEST(profile->clock_rate == found->second.clock_rate);
            BOOST_TEST(profile->channels == found->second.channels);
            BOOST_TEST(profile->kind == found->second.kind);
        }
    }
    BOOST_TEST((RTP_MEDIA_AUDIO | RTP_MEDIA_VIDEO) == RTP_MEDIA_AUDIO_VIDEO);
    static_assert(static_profile(9)->clock_rate == 8000);
}

BOOST_AUTO_TEST_CASE(one_sample_a_byte) {
    for (const int pt : {0, 8, 9}) {
        for (const std::size_t size : {1U, 2U, 160U, 65507U, 0xffffffU})
            BOOST_TEST(nsamples(static_cast<std::uint8_t>(pt), zeros(size)) ==
                       static_cast<int>(size));
    }
}

BOOST_AUTO_TEST_CASE(g729_counts_started_frames) {
    const std::map<std::size_t, int> expected = {{1, 80},   {2, 80},   {9, 80},   {10, 80},
                                                 {11, 160}, {12, 160}, {20, 160}, {22, 240}};
    for (const auto& [size, samples] : expected) BOOST_TEST(nsamples(18, zeros(size)) == samples);
}

BOOST_AUTO_TEST_CASE(gsm_counts_whole_frames) {
    const std::map<std::size_t, int> expected = {{1, 0},    {32, 0},   {33, 160},
                                                 {65, 160}, {66, 320}, {330, 1600}};
    for (const auto& [size, samples] : expected) BOOST_TEST(nsamples(3, zeros(size)) == samples);
}

BOOST_AUTO_TEST_CASE(g723_frame_sizes_follow_the_low_bits) {
    const std::size_t sizes[] = {24, 20, 4};
    std::vector<std::uint8_t> all;
    for (std::uint8_t rate = 0; rate < 3; ++rate) {
        std::vector<std::uint8_t> frame(sizes[rate], 0xff); // only its first byte counts
        frame[0] = static_cast<std::uint8_t>(0xfc | rate);
        BOOST_TEST(nsamples(4, frame) == 240);
        frame.pop_back();
        BOOST_TEST(nsamples(4, frame) == 0); // cut short
        frame.push_back(0);
        all.insert(all.end(), frame.begin(), frame.end());
        BOOST_TEST(nsamples(4, all) == 240 * (rate + 1));
    }
    BOOST_REQUIRE_EQUAL(all.size(), 48U);
    all.push_back(1); // a fragment of a fourth frame
    BOOST_TEST(nsamples(4, all) == 720);
    all.back() = 3;
    BOOST_TEST(nsamples(4, all) == -1);
    all[0] = 3;
    BOOST_TEST(nsamples(4, all) == -1);
}

BOOST_AUTO_TEST_CASE(other_payload_types_have_no_sample_count) {
    for (int pt = 0; pt < 256; ++pt) {
        const auto type = static_cast<std::uint8_t>(pt);
        BOOST_TEST(nsamples(type, {}) == -1);
        const bool counted = pt == 0 || pt == 3 || pt == 4 || pt == 8 || pt == 9 || pt == 18;
        BOOST_TEST((nsamples(type, zeros(48)) == -1) == !counted);
    }
}

BOOST_AUTO_TEST_CASE(no_size_overflows) {
    // Of these payloads only the size matters; their bytes are not read.
    const std::uint8_t byte = 0;
    for (const std::size_t size : {max_counted_payload + 1, std::size_t{0x80000000},
                                   std::numeric_limits<std::size_t>::max()}) {
        for (const int pt : {0, 3, 4, 8, 9, 18})
            BOOST_TEST(nsamples(static_cast<std::uint8_t>(pt), {&byte, size}) == -1);
    }
    BOOST_TEST(nsamples(18, zeros(max_counted_payload)) == 134217760);
    const std::vector<std::uint8_t> silence(max_counted_payload, 2); // the most samples a byte
    BOOST_TEST(nsamples(4, silence) == 240 * 4194303);
}

BOOST_AUTO_TEST_CASE(only_g729_ending_in_comfort_noise_is_not_appendable) {
    for (int pt = 0; pt < 128; ++pt) {
        for (std::size_t size = 0; size < 64; ++size)
            BOOST_REQUIRE_EQUAL(appendable(static_cast<std::uint8_t>(pt), size),
                                !(pt == 18 && size % 10 != 0));
    }
}

} // namespace
} // namespace rtpsynth
