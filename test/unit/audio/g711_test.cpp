#include <boost/test/unit_test.hpp>

#include <rtpsynth/audio/detail/g711_kernels.hpp>
#include <rtpsynth/audio/g711.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <vector>

using namespace rtpsynth;

namespace {

static_assert(ulaw_encode(0) == 0xff && ulaw_encode(-1) == 0x7f && ulaw_decode(0x7f) == 0);
static_assert(alaw_encode(0) == 0xd5 && alaw_encode(-1) == 0x55 && alaw_decode(0x55) == -8);

std::vector<std::int16_t> all_samples() {
    std::vector<std::int16_t> samples;
    for (int x = -32768; x <= 32767; ++x) samples.push_back(static_cast<std::int16_t>(x));
    return samples;
}

std::vector<std::uint8_t> all_codes() {
    std::vector<std::uint8_t> codes;
    for (int c = 0; c <= 255; ++c) codes.push_back(static_cast<std::uint8_t>(c));
    return codes;
}

template <class Code>
std::vector<std::uint8_t> encode_all(Code code) {
    std::vector<std::uint8_t> codes;
    for (const std::int16_t x : all_samples()) codes.push_back(code(x));
    return codes;
}

std::uint64_t fnv1a(std::span<const std::uint8_t> bytes) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const std::uint8_t b : bytes) hash = (hash ^ b) * 0x100000001b3;
    return hash;
}

std::uint64_t fnv1a(std::span<const std::int16_t> samples) {
    std::vector<std::uint8_t> little_endian;
    for (const std::int16_t x : samples) {
        little_endian.push_back(static_cast<std::uint8_t>(x & 0xff));
        little_endian.push_back(static_cast<std::uint8_t>((x >> 8) & 0xff));
    }
    return fnv1a(little_endian);
}

// The decision values of G.711 tables 1a and 2a, in 16-bit units: runs of equal steps, ascending.
std::vector<int> decision_values(int unit, std::initializer_list<std::array<int, 2>> runs) {
    std::vector<int> values{0};
    for (const auto& [count, width] : runs)
        for (int i = 0; i < count; ++i) values.push_back(values.back() + unit * width);
    return values;
}

const std::vector<int> ulaw_decisions = decision_values(4, {{{1, 1}},
                                                            {{15, 2}},
                                                            {{16, 4}},
                                                            {{16, 8}},
                                                            {{16, 16}},
                                                            {{16, 32}},
                                                            {{16, 64}},
                                                            {{16, 128}},
                                                            {{16, 256}}});
const std::vector<int> alaw_decisions = decision_values(
    16, {{{32, 1}}, {{16, 2}}, {{16, 4}}, {{16, 8}}, {{16, 16}}, {{16, 32}}, {{16, 64}}});

// Number of the step of a magnitude: the upper one on a decision value, the last past the end.
int step_of(const std::vector<int>& decisions, int magnitude) {
    const auto above = std::upper_bound(decisions.begin(), decisions.end(), magnitude);
    const auto step = static_cast<int>(above - decisions.begin()) - 1;
    return std::min(step, static_cast<int>(decisions.size()) - 2);
}

int middle_of(const std::vector<int>& decisions, int step) {
    const auto i = static_cast<std::size_t>(step);
    return (decisions[i] + decisions[i + 1]) / 2;
}

} // namespace

BOOST_AUTO_TEST_CASE(decision_values_are_those_of_the_recommendation) {
    BOOST_TEST(ulaw_decisions.size() == 129U);
    BOOST_TEST(ulaw_decisions.back() == 8159 * 4);
    BOOST_TEST(alaw_decisions.size() == 129U);
    BOOST_TEST(alaw_decisions.back() == 4096 * 8);
}

BOOST_AUTO_TEST_CASE(encoders_follow_the_decision_values) {
    for (const std::int16_t x : all_samples()) {
        const int ulaw = step_of(ulaw_decisions, std::abs(x));
        BOOST_REQUIRE_EQUAL(+ulaw_encode(x), (x < 0 ? 0x7f : 0xff) - ulaw);
        const int alaw = step_of(alaw_decisions, x < 0 ? -x - 1 : +x);
        BOOST_REQUIRE_EQUAL(+alaw_encode(x), (alaw | (x < 0 ? 0 : 0x80)) ^ 0x55);
    }
}

BOOST_AUTO_TEST_CASE(decoders_give_the_middle_of_the_step) {
    for (int step = 0; step < 128; ++step) {
        // μ-law's first step reaches from -1 to 1, so that its middle is 0.
        const int ulaw = step == 0 ? 0 : middle_of(ulaw_decisions, step);
        BOOST_TEST(ulaw_decode(static_cast<std::uint8_t>(0xff - step)) == ulaw);
        BOOST_TEST(ulaw_decode(static_cast<std::uint8_t>(0x7f - step)) == -ulaw);
        const int alaw = middle_of(alaw_decisions, step);
        BOOST_TEST(alaw_decode(static_cast<std::uint8_t>((step | 0x80) ^ 0x55)) == alaw);
        BOOST_TEST(alaw_decode(static_cast<std::uint8_t>(step ^ 0x55)) == -alaw);
    }
}

BOOST_AUTO_TEST_CASE(known_values) {
    BOOST_TEST(+ulaw_encode(32767) == 0x80);
    BOOST_TEST(+ulaw_encode(-32768) == 0x00);
    BOOST_TEST(ulaw_decode(0x80) == 32124);
    BOOST_TEST(ulaw_decode(0x00) == -32124);
    BOOST_TEST(+ulaw_encode(4) == 0xfe);
    BOOST_TEST(+ulaw_encode(-3) == 0x7f);
    BOOST_TEST(+ulaw_encode(-4) == 0x7e);
    BOOST_TEST(+alaw_encode(32767) == 0xaa);
    BOOST_TEST(+alaw_encode(-32768) == 0x2a);
    BOOST_TEST(alaw_decode(0xaa) == 32256);
    BOOST_TEST(alaw_decode(0x2a) == -32256);
    BOOST_TEST(alaw_decode(0xd5) == 8);
    BOOST_TEST(+alaw_encode(-16) == 0x55);
    BOOST_TEST(+alaw_encode(-17) == 0x54);
}

// FNV-1a over the tables of all inputs in ascending order. The ones named audioop were computed
// from the output of CPython 3.11's audioop (lin2ulaw, ulaw2lin, lin2alaw, alaw2lin).
BOOST_AUTO_TEST_CASE(tables_are_those_of_audioop) {
    constexpr std::uint64_t audioop_lin2ulaw = 0xd5ee23f7d0ffae91;
    constexpr std::uint64_t audioop_lin2alaw = 0xf030666eb780cf25;
    constexpr std::uint64_t audioop_ulaw2lin = 0xb91e65d68481a1a8;
    constexpr std::uint64_t audioop_alaw2lin = 0x693a40ca62a3d2a5;

    std::vector<std::int16_t> ulaw;
    std::vector<std::int16_t> alaw;
    for (const std::uint8_t c : all_codes()) {
        ulaw.push_back(ulaw_decode(c));
        alaw.push_back(alaw_decode(c));
    }
    BOOST_TEST(fnv1a(ulaw) == audioop_ulaw2lin);
    BOOST_TEST(fnv1a(alaw) == audioop_alaw2lin);

    const auto floored = [](std::int16_t x) {
        return ulaw_encode(static_cast<std::int16_t>(x & ~3));
    };
    BOOST_TEST(fnv1a(encode_all(floored)) == audioop_lin2ulaw);
    BOOST_TEST(fnv1a(encode_all([](std::int16_t x) { return alaw_encode(x); })) ==
               audioop_lin2alaw);
    BOOST_TEST(fnv1a(encode_all([](std::int16_t x) { return ulaw_encode(x); })) ==
               0x94d7525214c75eb2U);
}

BOOST_AUTO_TEST_CASE(encoding_inverts_decoding) {
    for (const std::uint8_t c : all_codes()) {
        // Negative zero decodes to 0, which is encoded as positive zero.
        BOOST_TEST(+ulaw_encode(ulaw_decode(c)) == (c == 0x7f ? 0xff : +c));
        BOOST_TEST(+alaw_encode(alaw_decode(c)) == +c);
    }
}

BOOST_AUTO_TEST_CASE(companding_is_monotonic) {
    const auto samples = all_samples();
    for (std::size_t i = 1; i < samples.size(); ++i) {
        BOOST_REQUIRE_LE(ulaw_decode(ulaw_encode(samples[i - 1])),
                         ulaw_decode(ulaw_encode(samples[i])));
        BOOST_REQUIRE_LE(alaw_decode(alaw_encode(samples[i - 1])),
                         alaw_decode(alaw_encode(samples[i])));
    }
}

BOOST_AUTO_TEST_CASE(every_kernel_equals_the_definition_for_every_input) {
    const auto samples = all_samples();
    const auto codes = all_codes();
    for (const detail::g711_kernels& kernels : detail::supported_g711_kernels()) {
        BOOST_TEST_CONTEXT(kernels.name) {
            std::vector<std::uint8_t> encoded(samples.size());
            kernels.ulaw_encode(samples.data(), encoded.data(), samples.size());
            BOOST_TEST((encoded == encode_all([](std::int16_t x) { return ulaw_encode(x); })));
            kernels.alaw_encode(samples.data(), encoded.data(), samples.size());
            BOOST_TEST((encoded == encode_all([](std::int16_t x) { return alaw_encode(x); })));

            std::vector<std::int16_t> decoded(codes.size());
            kernels.ulaw_decode(codes.data(), decoded.data(), codes.size());
            for (std::size_t i = 0; i < codes.size(); ++i)
                BOOST_TEST(decoded[i] == ulaw_decode(codes[i]));
            kernels.alaw_decode(codes.data(), decoded.data(), codes.size());
            for (std::size_t i = 0; i < codes.size(); ++i)
                BOOST_TEST(decoded[i] == alaw_decode(codes[i]));
        }
    }
}

namespace {

constexpr std::size_t longest = 130;
constexpr std::size_t alignments = 33;
constexpr std::uint8_t untouched = 0xa5;

// Samples in a buffer that begins at any address and ends where its allocation ends, so that the
// address sanitizer sees every byte too many.
struct placed {
    placed(std::size_t offset, std::size_t bytes, std::uint8_t fill)
        : storage(offset + bytes, fill), begin(storage.data() + offset) {}
    std::int16_t* pcm() { return static_cast<std::int16_t*>(static_cast<void*>(begin)); }

    std::vector<std::uint8_t> storage;
    std::uint8_t* begin;
};

std::int16_t sample_at(std::size_t i) { return static_cast<std::int16_t>(i * 7919 + i * i * 31); }

template <class Scalar>
void check_encoder(detail::g711_kernels::encoder encode, Scalar scalar, std::size_t n,
                   std::size_t offset) {
    placed pcm(offset, 2 * n, 0);
    placed codes(alignments - offset, n, untouched);
    for (std::size_t i = 0; i < n; ++i) {
        const std::int16_t x = sample_at(i + offset);
        std::memcpy(pcm.begin + 2 * i, &x, 2);
    }
    encode(pcm.pcm(), codes.begin, n);
    for (std::size_t i = 0; i < n; ++i)
        BOOST_REQUIRE_EQUAL(+codes.begin[i], +scalar(sample_at(i + offset)));
    BOOST_REQUIRE_EQUAL(std::count(codes.storage.data(), codes.begin, untouched),
                        codes.begin - codes.storage.data());

    encode(pcm.pcm(), pcm.begin, n);
    if (n > 0) BOOST_REQUIRE_EQUAL(std::memcmp(pcm.begin, codes.begin, n), 0);
}

template <class Scalar>
void check_decoder(detail::g711_kernels::decoder decode, Scalar scalar, std::size_t n,
                   std::size_t offset) {
    placed codes(offset, n, 0);
    placed pcm(alignments - offset, 2 * n, untouched);
    placed in_place(offset, 2 * n, untouched);
    for (std::size_t i = 0; i < n; ++i)
        in_place.begin[i] = codes.begin[i] = static_cast<std::uint8_t>(sample_at(i + offset));
    decode(codes.begin, pcm.pcm(), n);
    for (std::size_t i = 0; i < n; ++i) {
        std::int16_t x = 0;
        std::memcpy(&x, pcm.begin + 2 * i, 2);
        BOOST_REQUIRE_EQUAL(x, scalar(codes.begin[i]));
    }
    BOOST_REQUIRE_EQUAL(std::count(pcm.storage.data(), pcm.begin, untouched),
                        pcm.begin - pcm.storage.data());

    decode(in_place.begin, in_place.pcm(), n);
    if (n > 0) BOOST_REQUIRE_EQUAL(std::memcmp(in_place.begin, pcm.begin, 2 * n), 0);
}

} // namespace

BOOST_AUTO_TEST_CASE(every_kernel_at_every_length_and_alignment_and_in_place) {
    for (const detail::g711_kernels& kernels : detail::supported_g711_kernels())
        for (std::size_t n = 0; n <= longest; ++n)
            for (std::size_t offset = 0; offset < alignments; ++offset)
                BOOST_TEST_CONTEXT(kernels.name << ", " << n << " samples at " << offset) {
                    const auto ulaw = [](auto x) { return ulaw_encode(x); };
                    const auto alaw = [](auto x) { return alaw_encode(x); };
                    check_encoder(kernels.ulaw_encode, ulaw, n, offset);
                    check_encoder(kernels.alaw_encode, alaw, n, offset);
                    const auto from_ulaw = [](auto c) { return ulaw_decode(c); };
                    const auto from_alaw = [](auto c) { return alaw_decode(c); };
                    check_decoder(kernels.ulaw_decode, from_ulaw, n, offset);
                    check_decoder(kernels.alaw_decode, from_alaw, n, offset);
                }
}

namespace {

// A block function given more input than output, and more output than input.
template <class In, class Out>
void check_sizes(void (*convert)(std::span<const In>, std::span<Out>) noexcept, In input,
                 Out result) {
    constexpr auto left_alone = static_cast<Out>(untouched);
    BOOST_REQUIRE(result != left_alone);
    const std::vector<In> in(100, input);
    std::vector<Out> out(150, left_alone);
    convert(std::span(in), std::span(out).first(99));
    BOOST_TEST(std::count(out.begin(), out.begin() + 99, result) == 99);
    BOOST_TEST(std::count(out.begin() + 99, out.end(), left_alone) == 51);
    convert(std::span(in), std::span(out));
    BOOST_TEST(std::count(out.begin(), out.begin() + 100, result) == 100);
    BOOST_TEST(std::count(out.begin() + 100, out.end(), left_alone) == 50);
}

} // namespace

BOOST_AUTO_TEST_CASE(blocks_convert_as_much_as_both_sides_hold) {
    check_sizes<std::int16_t, std::uint8_t>(ulaw_encode, 1000, ulaw_encode(1000));
    check_sizes<std::int16_t, std::uint8_t>(alaw_encode, 1000, alaw_encode(1000));
    check_sizes<std::uint8_t, std::int16_t>(ulaw_decode, 0x00, -32124);
    check_sizes<std::uint8_t, std::int16_t>(alaw_decode, 0xaa, 32256);
}

BOOST_AUTO_TEST_CASE(empty_blocks_are_accepted) {
    ulaw_encode({}, {});
    ulaw_decode({}, {});
    alaw_encode({}, {});
    alaw_decode({}, {});
    std::array<std::uint8_t, 1> code{untouched};
    ulaw_encode({}, code);
    BOOST_TEST(+code[0] == +untouched);
}
