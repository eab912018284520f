#include <boost/test/unit_test.hpp>

#include "../effort.hpp"

#include <rtpsynth/rtp/builder.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace rtpsynth {
namespace {

using bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t untouched = 0xee;

bytes some_bytes(std::size_t n, std::mt19937& random) {
    bytes b(n);
    for (std::uint8_t& x : b) x = static_cast<std::uint8_t>(random());
    return b;
}

std::uint32_t word(std::mt19937& random) { return static_cast<std::uint32_t>(random()); }

// Builds into storage that is larger than needed and returns the packet alone.
bytes built(const rtp_fields& fields, std::span<const std::uint8_t> payload) {
    bytes out(payload.size() + 300000, untouched);
    const auto size = build_rtp(out, fields, payload);
    BOOST_REQUIRE(size.has_value());
    BOOST_TEST(std::all_of(out.begin() + static_cast<std::ptrdiff_t>(*size), out.end(),
                           [](std::uint8_t b) { return b == untouched; }));
    out.resize(*size);
    return out;
}

bool same(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

void check_refused(const rtp_fields& fields, std::size_t room, std::size_t payload_size, errc why) {
    bytes out(room, untouched);
    const bytes payload(payload_size, 1);
    const auto size = build_rtp(out, fields, payload);
    BOOST_REQUIRE(!size.has_value());
    BOOST_TEST((size.error() == why));
    BOOST_TEST(std::count(out.begin(), out.end(), untouched) == static_cast<std::ptrdiff_t>(room));
    BOOST_TEST(rtp_header_length(fields).has_value() == (why != errc::invalid_argument));
}

void check_invalid(const rtp_fields& fields) {
    check_refused(fields, 400000, 10, errc::invalid_argument);
    check_refused(fields, 0, 10, errc::invalid_argument); // named before the lack of room
}

BOOST_AUTO_TEST_CASE(a_plain_packet) {
    const bytes payload{0xd5, 0xd6};
    const bytes expected{0x80, 0x88, 0x12, 0x34, 0xa1, 0xa2, 0xa3,
                         0xa4, 0xb1, 0xb2, 0xb3, 0xb4, 0xd5, 0xd6};
    const rtp_fields fields{.marker = true,
                            .payload_type = 8,
                            .seq = 0x1234,
                            .timestamp = 0xa1a2a3a4,
                            .ssrc = 0xb1b2b3b4};
    BOOST_TEST(built(fields, payload) == expected);
    std::array<std::uint8_t, 12> fixed{};
    detail::store_rtp_header(fixed.data(), 0x88, 0x1234, 0xa1a2a3a4, 0xb1b2b3b4);
    BOOST_TEST(std::equal(fixed.begin(), fixed.end(), expected.begin()));
}

BOOST_AUTO_TEST_CASE(everything_at_once_byte_by_byte) {
    const std::uint32_t csrcs[] = {0x01020304, 0x05060708};
    const bytes a{0x11}, b{0x21, 0x22, 0x23};
    const rtp_extension_element elements[] = {{1, a}, {14, b}};
    const bytes payload{9, 9};
    const bytes expected{0xb2, 0x7f, 0, 1, 0,    0,    0,    2,    0,    0,    0, 3,
                         1,    2,    3, 4, 5,    6,    7,    8,                      //
                         0xbe, 0xde, 0, 2, 0x10, 0x11, 0xe2, 0x21, 0x22, 0x23, 0, 0, //
                         9,    9,    0, 0, 0,    4};
    BOOST_TEST(built({.payload_type = 127,
                      .seq = 1,
                      .timestamp = 2,
                      .ssrc = 3,
                      .csrcs = csrcs,
                      .extension_profile = one_byte_extension,
                      .extension_elements = elements,
                      .padding = 4},
                     payload) == expected);
}

BOOST_AUTO_TEST_CASE(two_byte_elements_byte_by_byte) {
    const bytes long_data(255, 0x77);
    const rtp_extension_element elements[] = {{255, {}}, {15, long_data}, {1, {}}};
    const bytes packet =
        built({.extension_profile = two_byte_extension | 5, .extension_elements = elements}, {});
    BOOST_REQUIRE_EQUAL(packet.size(), 12U + 4 + 264); // 2 + 257 + 2 filled up by 3
    const bytes front{0x10, 0x05, 0, 66, 255, 0, 15, 255, 0x77};
    const bytes back{0x77, 1, 0, 0, 0, 0};
    BOOST_TEST(std::equal(front.begin(), front.end(), packet.begin() + 12));
    BOOST_TEST(std::equal(back.rbegin(), back.rend(), packet.rbegin()));
}

BOOST_AUTO_TEST_CASE(padding_to_a_multiple) {
    for (unsigned multiple = 1; multiple <= 255; ++multiple) {
        for (std::size_t n = 0; n < 40; ++n) {
            const bytes payload(n, 1);
            bytes out(12 + n + 255);
            const rtp_fields fields{.pad_to_multiple = static_cast<std::uint8_t>(multiple)};
            const auto size = build_rtp(out, fields, payload);
            BOOST_REQUIRE(size.has_value());
            BOOST_REQUIRE_EQUAL(*size % multiple, 0U);
            BOOST_REQUIRE(*size < 12 + n + multiple);
            const auto view = rtp_packet_view::parse(std::span{out}.first(*size));
            BOOST_REQUIRE(view.has_value());
            BOOST_REQUIRE_EQUAL(view->payload().size(), n);
            BOOST_REQUIRE_EQUAL(view->padding(), *size - 12 - n);
        }
    }
}

BOOST_AUTO_TEST_CASE(out_of_range_fields_are_refused) {
    const std::uint32_t csrcs[16] = {};
    const bytes body(8), odd(7), data16(16), data17(17), data256(256), too_long(4 * 65536);
    check_invalid({.payload_type = 128});
    check_invalid({.csrcs = csrcs});
    check_invalid({.padding = 1, .pad_to_multiple = 4});
    check_invalid({.extension_body = body}); // no profile
    check_invalid({.extension_profile = 1, .extension_body = odd});
    check_invalid({.extension_profile = 1, .extension_body = too_long});

    const auto refuse = [](std::uint16_t profile, rtp_extension_element element) {
        check_invalid({.extension_profile = profile, .extension_elements = {&element, 1}});
    };
    refuse(one_byte_extension, {0, data16});
    refuse(one_byte_extension, {15, data16});
    refuse(one_byte_extension, {1, {}});
    refuse(one_byte_extension, {1, data17});
    refuse(two_byte_extension, {0, data16});
    refuse(two_byte_extension, {1, data256});
    refuse(0x1010, {1, data16});
    refuse(0xbedf, {1, data16});

    const rtp_extension_element one{1, data16};
    check_invalid({.extension_elements = {&one, 1}}); // no profile
    check_invalid({.extension_profile = one_byte_extension,
                   .extension_body = body,
                   .extension_elements = {&one, 1}});
    const std::vector<rtp_extension_element> most(15420, one); // 17 bytes each: 262140
    BOOST_TEST(
        built({.extension_profile = one_byte_extension, .extension_elements = most}, {}).size() ==
        12U + 4 + 262140);
    const std::vector<rtp_extension_element> more(15421, one);
    check_invalid({.extension_profile = one_byte_extension, .extension_elements = more});
}

BOOST_AUTO_TEST_CASE(every_size_that_is_too_small_is_refused) {
    const std::uint32_t csrcs[3] = {};
    const bytes body(8);
    const rtp_fields fields{
        .csrcs = csrcs, .extension_profile = 7, .extension_body = body, .padding = 5};
    constexpr std::size_t whole = 12 + 12 + 12 + 20 + 5;
    for (std::size_t room = 0; room < whole; ++room)
        check_refused(fields, room, 20, errc::buffer_too_small);
    check_refused({.pad_to_multiple = 16}, 31, 10, errc::buffer_too_small);
    bytes out(whole);
    BOOST_TEST(build_rtp(out, fields, bytes(20)).value() == whole);
    const std::uint8_t byte = 0; // a size that no sum may overflow; the bytes are not read
    BOOST_TEST((build_rtp(out, fields, {&byte, SIZE_MAX - 4}).error() == errc::buffer_too_small));
}

BOOST_AUTO_TEST_CASE(a_payload_may_be_anywhere_in_the_storage) {
    std::mt19937 random(1);
    const std::uint32_t csrcs[] = {1, 2};
    const rtp_fields fields{.csrcs = csrcs, .padding = 3};
    const std::size_t header = rtp_header_length(fields).value();
    BOOST_REQUIRE_EQUAL(header, 20U);
    for (std::size_t at = 0; at <= 60; ++at) {
        bytes out = some_bytes(100, random);
        const bytes payload(out.begin() + static_cast<std::ptrdiff_t>(at),
                            out.begin() + static_cast<std::ptrdiff_t>(at + 40));
        const auto size = build_rtp(out, fields, std::span{out}.subspan(at, 40));
        BOOST_REQUIRE(size.has_value());
        const auto view = rtp_packet_view::parse(std::span{out}.first(*size));
        BOOST_REQUIRE(view.has_value());
        BOOST_TEST(same(view->payload(), payload), "payload at " << at);
    }
}

struct random_description {
    std::vector<std::uint32_t> csrcs;
    std::vector<bytes> data;
    std::vector<rtp_extension_element> elements;
    bytes body, payload;
    rtp_fields fields;

    explicit random_description(std::mt19937& random) {
        fields.marker = random() % 2;
        fields.payload_type = random() % 128;
        fields.seq = static_cast<std::uint16_t>(random());
        fields.timestamp = word(random);
        fields.ssrc = word(random);
        for (auto n = random() % 16; n > 0; --n) csrcs.push_back(word(random));
        fields.csrcs = csrcs;
        payload = some_bytes(random() % 200, random);
        if (random() % 2)
            fields.padding = static_cast<std::uint8_t>(random());
        else
            fields.pad_to_multiple = static_cast<std::uint8_t>(random());
        switch (random() % 4) {
        case 0:
            break;
        case 1:
            raw(random);
            break;
        case 2:
            add_elements(one_byte_extension, 14, 1, 16, random);
            break;
        case 3:
            add_elements(static_cast<std::uint16_t>(two_byte_extension + random() % 16), 255, 0,
                         255, random);
        }
    }

    void raw(std::mt19937& random) {
        fields.extension_profile = static_cast<std::uint16_t>(random());
        body = some_bytes(4 * (random() % 50), random);
        fields.extension_body = body;
    }

    void add_elements(std::uint16_t profile, unsigned last_id, unsigned least, unsigned most,
                      std::mt19937& random) {
        fields.extension_profile = profile;
        data.resize(random() % 8);
        for (bytes& d : data) {
            d = some_bytes(least + random() % (most - least + 1), random);
            elements.push_back({static_cast<std::uint8_t>(1 + random() % last_id), d});
        }
        fields.extension_elements = elements;
    }
};

void check_round_trip(const random_description& d, const bytes& packet) {
    const auto view = rtp_packet_view::parse(packet);
    BOOST_REQUIRE(view.has_value());
    const rtp_fields& f = d.fields;
    BOOST_REQUIRE(view->marker() == f.marker && view->payload_type() == f.payload_type);
    BOOST_REQUIRE(view->seq() == f.seq && view->timestamp() == f.timestamp &&
                  view->ssrc() == f.ssrc);
    BOOST_REQUIRE_EQUAL(view->csrc_count(), d.csrcs.size());
    for (std::size_t i = 0; i < view->csrc_count(); ++i)
        BOOST_REQUIRE_EQUAL(view->csrc(i), d.csrcs[i]);
    BOOST_REQUIRE(same(view->payload(), d.payload));
    BOOST_REQUIRE_EQUAL(view->payload_offset(), rtp_header_length(f).value());
    if (f.pad_to_multiple == 0) BOOST_REQUIRE_EQUAL(view->padding(), f.padding);
    if (f.pad_to_multiple != 0) BOOST_REQUIRE_EQUAL(packet.size() % f.pad_to_multiple, 0U);
    BOOST_REQUIRE_EQUAL(view->has_extension(), f.extension_profile.has_value());
    if (!f.extension_profile) return;
    BOOST_REQUIRE_EQUAL(view->extension_profile(), *f.extension_profile);
    if (d.elements.empty()) BOOST_REQUIRE(same(view->extension(), d.body));
    if (!d.body.empty()) return;
    const rtp_extension_elements range{*view};
    BOOST_REQUIRE(range.validate().has_value());
    std::size_t elements = 0;
    for (const rtp_extension_element& element : range) {
        BOOST_REQUIRE(elements < d.elements.size());
        const auto& expected = d.elements[elements++];
        BOOST_REQUIRE(element.id == expected.id && same(element.data, expected.data));
    }
    BOOST_REQUIRE_EQUAL(elements, d.elements.size());
}

BOOST_AUTO_TEST_CASE(parsing_returns_what_was_built) {
    std::mt19937 random(42);
    for (int i = 0; i < effort(50'000); ++i) {
        const random_description d(random);
        bytes out(4096, untouched);
        const auto size = build_rtp(out, d.fields, d.payload);
        BOOST_REQUIRE(size.has_value());
        BOOST_REQUIRE_EQUAL(
            std::count(out.begin() + static_cast<std::ptrdiff_t>(*size), out.end(), untouched),
            static_cast<std::ptrdiff_t>(out.size() - *size));
        bytes exact(*size);
        BOOST_REQUIRE(build_rtp(exact, d.fields, d.payload).value() == *size);
        BOOST_REQUIRE(std::equal(exact.begin(), exact.end(), out.begin()));
        check_round_trip(d, exact);
    }
}

} // namespace
} // namespace rtpsynth
