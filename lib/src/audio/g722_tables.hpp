// The tables of ITU-T G.722 under descriptive names, with the recommendation's in brackets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace rtpsynth::detail::g722 {

// clang-format off

// Table 11: the coefficients of both QMFs, which are symmetric. Also with alternating signs, and
// separately for each phase.
inline constexpr std::array<std::int16_t, 24> qmf{
       3,  -11,  -11,   53,   12, -156,   32,  362, -210, -805,  951, 3876,
    3876,  951, -805, -210,  362,   32, -156,   12,   53,  -11,  -11,    3};
inline constexpr std::array<std::int16_t, 24> qmf_alternating = [] {
    auto h = qmf;
    for (std::size_t i = 0; i < h.size(); i += 2) h[i] = static_cast<std::int16_t>(-h[i]);
    return h;
}();
inline constexpr std::array<std::int16_t, 12> qmf_even = [] {
    std::array<std::int16_t, 12> h{};
    for (std::size_t i = 0; i < h.size(); ++i) h[i] = qmf[2 * i];
    return h;
}();
inline constexpr std::array<std::int16_t, 12> qmf_odd = [] {
    std::array<std::int16_t, 12> h{};
    for (std::size_t i = 0; i < h.size(); ++i) h[i] = qmf[2 * i + 1];
    return h;
}();

// Decision levels of the lower band's quantiser (Q6), followed by two that are never reached; the
// codes of each level, for negative and for positive differences (ILN, ILP).
inline constexpr std::array<std::int16_t, 31> low_decisions{
      35,   72,  110,  150,  190,  233,  276,  323,  370,  422,  473,  530,  587,  650,  714,  786,
     858,  940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919, 32767, 32767};
inline constexpr std::array<std::uint8_t, 32> low_negative{
    63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18,
    17, 16, 15, 14, 13, 12, 11, 10,  9,  8,  7,  6,  5,  4,  4,  4};
inline constexpr std::array<std::uint8_t, 32> low_positive{
    61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46,
    45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32, 32, 32};
inline constexpr std::int32_t high_decision = 564;

// Inverse quantisers of the lower band with 4, 5 and 6 bits (QM4, QM5, QM6), and of the higher (QM2).
inline constexpr std::array<std::int16_t, 16> low_inverse_4{
         0, -20456, -12896,  -8968,  -6288,  -4240,  -2584,  -1200,
     20456,  12896,   8968,   6288,   4240,   2584,   1200,      0};
inline constexpr std::array<std::int16_t, 32> low_inverse_5{
      -280,   -280, -23352, -17560, -14120, -11664,  -9752,  -8184,
     -6864,  -5712,  -4696,  -3784,  -2960,  -2208,  -1520,   -880,
     23352,  17560,  14120,  11664,   9752,   8184,   6864,   5712,
      4696,   3784,   2960,   2208,   1520,    880,    280,   -280};
inline constexpr std::array<std::int16_t, 64> low_inverse_6{
      -136,   -136,   -136,   -136, -24808, -21904, -19008, -16704,
    -14984, -13512, -12280, -11192, -10232,  -9360,  -8576,  -7856,
     -7192,  -6576,  -6000,  -5456,  -4944,  -4464,  -4008,  -3576,
     -3168,  -2776,  -2400,  -2032,  -1688,  -1360,  -1040,   -728,
     24808,  21904,  19008,  16704,  14984,  13512,  12280,  11192,
     10232,   9360,   8576,   7856,   7192,   6576,   6000,   5456,
      4944,   4464,   4008,   3576,   3168,   2776,   2400,   2032,
      1688,   1360,   1040,    728,    432,    136,   -432,   -136};
inline constexpr std::array<std::int16_t, 4> high_inverse{-7408, -1616, 7408, 1616};

// The change of the logarithm of the quantiser step by code (WL by RL42, WH by RH2).
inline constexpr std::array<std::int16_t, 16> low_weights{
    -60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60};
inline constexpr std::array<std::int16_t, 4> high_weights{798, -214, 798, -214};

// 2048·2^(i/32) (ILB).
inline constexpr std::array<std::int16_t, 32> inverse_log{
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
    2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008};

// clang-format on

} // namespace rtpsynth::detail::g722
