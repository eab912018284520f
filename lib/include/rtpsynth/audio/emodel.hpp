/// \file
/// The E-model of ITU-T G.107: predicts from the parameters of a connection how people rate it.
#pragma once

#include <rtpsynth/base/compiler.h>

#include <optional>
#include <string_view>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// The impairment values of a codec in ITU-T G.113 Appendix I: how much it impairs speech, and how
/// robust it is to packet loss.
struct codec_impairment {
    double ie = 0;    ///< equipment impairment factor Ie, without loss
    double bpl = 4.3; ///< packet-loss robustness factor Bpl

    friend bool operator==(const codec_impairment&, const codec_impairment&) = default;
};

/// The impairment of a codec by its name in an SDP rtpmap, upper or lower case: PCMU, PCMA, G723,
/// G729 (with voice activity detection, as annex B has it) and GSM-EFR. nullopt for others.
///
/// G.107 rates narrowband telephony, and G.113 has no narrowband value for L16, G722 and opus. They
/// count as G.711: their wider band neither improves nor lowers the rating.
///
/// \param concealed  whether losses of a codec that does not conceal by itself (PCMU, PCMA, L16,
///                   G722) are concealed, as by packet_loss_concealer, rather than left silent
RTPSYNTH_API std::optional<codec_impairment> impairment_of(std::string_view codec,
                                                           bool concealed = true) noexcept;

/// The parameters of the E-model by their names in G.107. The defaults are those of its table 1,
/// for which r_factor() is 93.2. Levels and losses are in dB, dBm0p or dBmp, delays in ms. The
/// ranges are those in which the Recommendation holds; other values are not clamped.
struct emodel_parameters {
    double slr = 8;       ///< SLR, send loudness rating, 0..18 dB
    double rlr = 2;       ///< RLR, receive loudness rating, -5..14 dB
    double stmr = 15;     ///< STMR, sidetone masking rating, 10..20 dB
    double lstr = 18;     ///< LSTR, listener sidetone rating, 13..23 dB
    double ds = 3;        ///< Ds, D-value of the telephone at the send side, -3..3
    double telr = 65;     ///< TELR, talker echo loudness rating, 5..65 dB
    double wepl = 110;    ///< WEPL, weighted echo path loss, 5..110 dB
    double t = 0;         ///< T, mean one-way delay of the echo path, 0..500 ms
    double tr = 0;        ///< Tr, round-trip delay in a 4-wire loop, 0..1000 ms
    double ta = 0;        ///< Ta, absolute delay in echo-free connections, 0..500 ms
    double qdu = 1;       ///< qdu, quantization distortion units, 1..14
    double ie = 0;        ///< Ie, equipment impairment factor, 0..40
    double bpl = 4.3;     ///< Bpl, packet-loss robustness factor, 4.3..40
    double ppl = 0;       ///< Ppl, random packet-loss probability, 0..20 %
    double burst_r = 1;   ///< BurstR, burst ratio, 1..8
    double nc = -70;      ///< Nc, circuit noise referred to the 0 dBr point, -80..-40 dBm0p
    double nfor = -64;    ///< Nfor, noise floor at the receive side, dBmp
    double ps = 35;       ///< Ps, room noise at the send side, 35..85 dB(A)
    double pr = 35;       ///< Pr, room noise at the receive side, 35..85 dB(A)
    double advantage = 0; ///< A, advantage factor, 0..20
    double st = 1;        ///< sT, delay sensitivity, 0.4..1
    double mt = 100;      ///< mT, minimum perceivable delay, 20..150 ms

    friend bool operator==(const emodel_parameters&, const emodel_parameters&) = default;
};

/// The transmission rating factor R of G.107 §7. 93.2 is the best value of narrowband telephony;
/// below 50 nearly all users are dissatisfied. Not clamped: heavy loss makes it negative. NaN if a
/// parameter is NaN, or so far out of its range that G.107's formulas give no number.
///
/// Threads: a pure function. Costs about a microsecond.
RTPSYNTH_API double r_factor(const emodel_parameters& parameters = {}) noexcept;

/// The mean opinion score, 1..4.5, of a rating factor (G.107 annex B). 1 for NaN.
RTPSYNTH_API double mos_of(double r) noexcept;

/// \}

} // namespace rtpsynth
