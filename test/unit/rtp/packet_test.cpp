#include <boost/test/unit_test.hpp>

#include <rtpsynth/rtp/packet.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <type_traits>
#include <vector>

namespace rtpsynth {
namespace {

using bytes = std::vector<std::uint8_t>; // of n elements: an exact allocation, ASan sees overreads

static_assert(sizeof(rtp_packet_view) == 16 + 2 * sizeof(void*) &&
              std::is_trivially_copyable_v<rtp_packet_view>);

struct expectation {
    int code = 1; // RTP_PARSER_OK
    std::size_t offset = 0, payload_size = 0, padding = 0, extension_at = 0, extension_size = 0;
};

// SPEC §1, line by line, with signed arithmetic and at() throughout.
expectation reference_parse(const bytes& d) {
    expectation e;
    const long size = static_cast<long>(d.size());
    const auto fail = [](int code) { return expectation{code, 0, 0, 0, 0, 0}; };
    if (!(size >= 12)) return fail(-1);
    if (d.at(0) / 64 != 2) return fail(-2);
    const bool p = d.at(0) / 32 % 2 == 1;
    const bool x = d.at(0) / 16 % 2 == 1;
    long off = 12 + 4 * (d.at(0) % 16);
    if (x) {
        if (!(size >= off + 4)) return fail(-3);
        const std::size_t at = static_cast<std::size_t>(off);
        const long length = d.at(at + 2) * 256 + d.at(at + 3);
        e.extension_at = at;
        e.extension_size = static_cast<std::size_t>(4 * length);
        off += 4 + 4 * length;
    }
    if (!(size >= off)) return fail(-4);
    long pad = 0;
    if (p) {
        if (!(off < size)) return fail(-5);
        pad = d.at(d.size() - 1);
        if (pad == 0) return fail(-7);
        if (!(size >= off + pad)) return fail(-6);
    }
    e.offset = static_cast<std::size_t>(off);
    e.payload_size = static_cast<std::size_t>(size - off - pad);
    e.padding = static_cast<std::size_t>(pad);
    return e;
}

std::uint32_t big_endian(const bytes& d, std::size_t at, int n) {
    std::uint32_t v = 0;
    for (int i = 0; i < n; ++i) v = v * 256 + d.at(at + static_cast<std::size_t>(i));
    return v;
}

bool fields_match(const rtp_packet_view& v, const bytes& d, const expectation& e) {
    bool same = v.marker() == (d[1] >= 128) && v.payload_type() == d[1] % 128 &&
                v.seq() == big_endian(d, 2, 2) && v.timestamp() == big_endian(d, 4, 4) &&
                v.ssrc() == big_endian(d, 8, 4) && v.csrc_count() == d[0] % 16U &&
                v.payload_offset() == e.offset && v.padding() == e.padding &&
                v.payload().data() == d.data() + e.offset && v.payload().size() == e.payload_size &&
                v.datagram().data() == d.data() && v.datagram().size() == d.size() &&
                v.has_extension() == (e.extension_at != 0);
    for (std::size_t i = 0; i < v.csrc_count(); ++i)
        same = same && v.csrc(i) == big_endian(d, 12 + 4 * std::size_t{i}, 4);
    if (e.extension_at == 0) return same && v.extension_profile() == 0 && v.extension().empty();
    return same && v.extension_profile() == big_endian(d, e.extension_at, 2) &&
           v.extension().data() == d.data() + e.extension_at + 4 &&
           v.extension().size() == e.extension_size;
}

// Returns the code after comparing everything with the reference.
int check(const bytes& d) {
    const expectation e = reference_parse(d);
    const result<rtp_packet_view> r = rtp_packet_view::parse(d);
    const int code = r ? 1 : static_cast<int>(r.error());
    if (code != e.code || (r && !fields_match(*r, d, e)))
        BOOST_ERROR("size " << d.size() << ", first byte " << (d.empty() ? 0 : d[0]) << ": code "
                            << code << ", expected " << e.code);
    return code;
}

// Mostly small numbers, so that lengths and padding counts end both before and after the datagram.
void fill(bytes& d, std::mt19937& random) {
    for (std::uint8_t& b : d) {
        const auto r = static_cast<std::uint32_t>(random());
        b = static_cast<std::uint8_t>(r % 4 == 0 ? r >> 8 : r % 4 == 1 ? (r >> 8) % 9 : 0);
    }
}

bytes packet(std::initializer_list<int> head, std::size_t size) {
    bytes d(size);
    std::size_t i = 0;
    for (const int b : head) d.at(i++) = static_cast<std::uint8_t>(b);
    return d;
}

BOOST_AUTO_TEST_CASE(every_first_and_second_byte_at_eight_sizes) {
    std::mt19937 random(3550);
    std::map<int, std::size_t> seen;
    std::size_t cases = 0;
    for (const std::size_t size : {1U, 11U, 12U, 13U, 16U, 28U, 60U, 200U}) {
        bytes d(size);
        for (unsigned first = 0; first < 256; ++first) {
            for (unsigned second = 0; second < 256; ++second, ++cases) {
                fill(d, random);
                d[0] = static_cast<std::uint8_t>(first);
                if (size > 1) d[1] = static_cast<std::uint8_t>(second);
                ++seen[check(d)];
            }
        }
    }
    BOOST_TEST(cases == 524288U);
    BOOST_TEST(seen.size() == 8U);
    for (const int code : {1, -1, -2, -3, -4, -5, -6, -7})
        BOOST_TEST(seen[code] > 100U, "code " << code << " came " << seen[code] << " times");
}

BOOST_AUTO_TEST_CASE(random_datagrams_of_every_size_up_to_300) {
    std::mt19937 random(7983);
    for (std::size_t size = 0; size <= 300; ++size) {
        for (int i = 0; i < 300; ++i) {
            bytes d(size);
            fill(d, random);
            if (size > 0) d[0] = static_cast<std::uint8_t>(0x80 | random() % 64);
            check(d);
        }
    }
}

BOOST_AUTO_TEST_CASE(checks_are_made_in_order) {
    const auto code = [](const bytes& d) {
        const auto r = rtp_packet_view::parse(d);
        return r ? errc{} : r.error();
    };
    BOOST_TEST((code(packet({}, 0)) == errc::packet_too_short));
    BOOST_TEST((code(packet({0x40}, 11)) == errc::packet_too_short)); // before its version
    BOOST_TEST((code(packet({0x7f}, 12)) == errc::bad_version));
    BOOST_TEST((code(packet({0xc0}, 12)) == errc::bad_version));
    BOOST_TEST((code(packet({0x8f}, 71)) == errc::header_truncated));
    BOOST_TEST((code(packet({0x8f}, 72)) == errc{}));
    BOOST_TEST((code(packet({0x9f}, 75)) == errc::extension_truncated)); // before the CSRC list
    BOOST_TEST((code(packet({0x9f}, 76)) == errc{}));
    BOOST_TEST((code(packet({0xb0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 19)) ==
                errc::header_truncated)); // before the padding
    BOOST_TEST((code(packet({0xa0}, 12)) == errc::padding_missing));
    BOOST_TEST((code(packet({0xa0}, 13)) == errc::padding_zero));
    BOOST_TEST(
        (code(packet({0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}, 13)) == errc::padding_too_long));
    BOOST_TEST((code(packet({0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 13)) == errc{}));
}

BOOST_AUTO_TEST_CASE(the_longest_possible_header) {
    bytes d(12 + 60 + 4 + 4 * 65535 + 1, 0xff);
    d[0] = 0xbf;
    d.back() = 1;
    BOOST_TEST(check(d) == 1);
    BOOST_TEST(rtp_packet_view::parse(d)->payload_offset() == 262216U);
    d.resize(d.size() - 2);
    BOOST_TEST(check(d) == -4);
}

BOOST_AUTO_TEST_CASE(a_failed_assign_does_not_change_the_view) {
    const bytes good = packet({0x80, 0x88, 1, 2}, 20);
    const bytes bad = packet({0xa1, 0x00, 3, 4}, 16);
    rtp_packet_view view;
    BOOST_TEST((view.assign(good.data(), good.size()) == errc{}));
    BOOST_TEST((view.assign(bad.data(), bad.size()) == errc::padding_missing));
    BOOST_TEST((view.assign(bad.data(), 3) == errc::packet_too_short));
    BOOST_TEST(fields_match(view, good, reference_parse(good)));
}

BOOST_AUTO_TEST_CASE(an_empty_view_is_all_zero) {
    const rtp_packet_view view;
    BOOST_TEST(view.datagram().empty());
    BOOST_TEST(view.payload().empty());
    BOOST_TEST(view.extension().empty());
    BOOST_TEST(!view.has_extension());
    BOOST_TEST(view.extension_profile() == 0);
    BOOST_TEST(view.csrc_count() == 0U);
    BOOST_TEST(view.seq() + view.timestamp() + view.ssrc() + view.payload_type() == 0U);
    BOOST_TEST(!view.marker());
}

BOOST_AUTO_TEST_CASE(changing_the_bytes_of_a_view_moves_no_bound) {
    bytes d = packet({0x91, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 0xbe, 0xde, 0, 1}, 30);
    const auto view = rtp_packet_view::parse(d);
    BOOST_REQUIRE(view.has_value());
    const auto extension = view->extension();
    std::fill(d.begin(), d.end(), std::uint8_t{0xff});
    BOOST_TEST(view->csrc_count() == 1U);
    BOOST_TEST(view->csrc(0) == 0xffffffffU);
    BOOST_TEST(view->extension_profile() == 0xffff);
    BOOST_TEST(view->extension().data() == extension.data());
    BOOST_TEST(view->extension().size() == 4U);
    BOOST_TEST(view->payload().size() == 6U);
}

} // namespace
} // namespace rtpsynth
