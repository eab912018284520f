#include <boost/test/unit_test.hpp>

#include <rtpsynth/rtp/datagram_kind.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <vector>

namespace rtpsynth {

std::ostream& operator<<(std::ostream& out, datagram_kind kind) {
    constexpr const char* names[] = {"rtp", "rtcp", "stun", "zrtp", "dtls", "turn", "unknown"};
    return out << names[static_cast<std::size_t>(kind)];
}

namespace {

// RFC 7983 figure 3 and RFC 5761 §4, row by row.
datagram_kind expected_kind(const std::vector<std::uint8_t>& bytes) {
    struct row {
        int first, last;
        datagram_kind kind;
    };
    constexpr row rows[] = {
        {0, 3, datagram_kind::stun},    {16, 19, datagram_kind::zrtp},
        {20, 63, datagram_kind::dtls},  {64, 79, datagram_kind::turn_channel},
        {128, 191, datagram_kind::rtp},
    };
    if (bytes.empty()) return datagram_kind::unknown;
    for (const row& r : rows) {
        if (bytes[0] < r.first || bytes[0] > r.last) continue;
        if (r.kind == datagram_kind::rtp && bytes.size() >= 2 && bytes[1] >= 192 && bytes[1] <= 223)
            return datagram_kind::rtcp;
        return r.kind;
    }
    return datagram_kind::unknown;
}

BOOST_AUTO_TEST_CASE(every_first_and_second_byte_at_eight_sizes) {
    std::size_t cases = 0;
    std::array<std::size_t, 7> seen{};
    for (const std::size_t size : {1U, 11U, 12U, 13U, 16U, 28U, 60U, 200U}) {
        std::vector<std::uint8_t> bytes(size, 0xc8); // an exact allocation: ASan sees any overread
        for (unsigned first = 0; first < 256; ++first) {
            for (unsigned second = 0; second < 256; ++second, ++cases) {
                bytes[0] = static_cast<std::uint8_t>(first);
                if (size > 1) bytes[1] = static_cast<std::uint8_t>(second);
                const datagram_kind kind = classify(bytes);
                if (kind != expected_kind(bytes))
                    BOOST_ERROR("bytes " << first << ", " << second << ", size " << size << ": "
                                         << kind << " != " << expected_kind(bytes));
                ++seen[static_cast<std::size_t>(kind)];
            }
        }
    }
    BOOST_TEST(cases == 524288U);
    // 64 first bytes; RTCP is a window of 32 second bytes at each size that has a second byte.
    BOOST_TEST(seen[static_cast<std::size_t>(datagram_kind::rtcp)] == 64U * 32 * 7);
    BOOST_TEST(seen[static_cast<std::size_t>(datagram_kind::rtp)] == 64U * 224 * 7 + 64 * 256);
    BOOST_TEST(seen[static_cast<std::size_t>(datagram_kind::stun)] == 4U * 256 * 8);
    BOOST_TEST(seen[static_cast<std::size_t>(datagram_kind::zrtp)] == 4U * 256 * 8);
    BOOST_TEST(seen[static_cast<std::size_t>(datagram_kind::dtls)] == 44U * 256 * 8);
    BOOST_TEST(seen[static_cast<std::size_t>(datagram_kind::turn_channel)] == 16U * 256 * 8);
}

BOOST_AUTO_TEST_CASE(empty_is_unknown) { BOOST_TEST(classify({}) == datagram_kind::unknown); }

BOOST_AUTO_TEST_CASE(one_byte_of_rtp_is_not_rtcp) {
    const std::array<std::uint8_t, 2> bytes{0x80, 200};
    BOOST_TEST(classify(std::span{bytes}.first(1)) == datagram_kind::rtp);
    BOOST_TEST(classify(bytes) == datagram_kind::rtcp);
}

BOOST_AUTO_TEST_CASE(usable_in_constant_expressions) {
    static constexpr std::uint8_t dtls_hello[] = {22, 254, 253};
    static_assert(classify(dtls_hello) == datagram_kind::dtls);
    BOOST_TEST(classify(dtls_hello) == datagram_kind::dtls);
}

} // namespace
} // namespace rtpsynth
