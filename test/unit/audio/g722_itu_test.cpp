// G.722 against the ITU-T's test sequence, where somebody has put it beside the sources.
#include <boost/test/unit_test.hpp>

#include <rtpsynth/audio/g722.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

using namespace rtpsynth;

namespace {

using bytes = std::vector<std::uint8_t>;
using pcm = std::vector<std::int16_t>;

const std::filesystem::path folder = std::filesystem::path(RTPSYNTH_ITU) / "g722";

// 16-bit words, little-endian.
pcm words(const char* name) {
    std::ifstream in(folder / name, std::ios::binary);
    const bytes raw{std::istreambuf_iterator<char>(in), {}};
    pcm all(raw.size() / 2);
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = static_cast<std::int16_t>(raw[2 * i] | raw[2 * i + 1] << 8);
    return all;
}

pcm decoded(const bytes& codes, unsigned bits) {
    g722_decoder decoder(bits);
    pcm audio(codes.size() * 2);
    BOOST_REQUIRE_EQUAL(decoder.decode(codes, audio).value(), audio.size());
    return audio;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_sequence_is_met_to_the_bit) {
    if (!std::filesystem::exists(folder)) {
        std::cout << "skipped: no sequence in " << folder << '\n';
        return;
    }
    const pcm audio = words("inpsp.bin");
    const pcm code_words = words("codspw.cod");
    const bytes codes(code_words.begin(), code_words.end());
    BOOST_REQUIRE_EQUAL(codes.size(), 48768U);
    BOOST_REQUIRE_EQUAL(audio.size(), 2 * codes.size());

    g722_encoder encoder;
    bytes ours(codes.size());
    BOOST_REQUIRE_EQUAL(encoder.encode(audio, ours).value(), ours.size());
    BOOST_TEST(ours == codes, boost::test_tools::per_element());
    BOOST_TEST(decoded(codes, 8) == words("outsp1.bin"), boost::test_tools::per_element());
    BOOST_TEST(decoded(codes, 7) == words("outsp2.bin"), boost::test_tools::per_element());
    BOOST_TEST(decoded(codes, 6) == words("outsp3.bin"), boost::test_tools::per_element());
}
