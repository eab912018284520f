#include <rtpsynth/audio/emodel.hpp>

#include <rtpsynth/rtp/rtpmap.hpp>

#include <algorithm>
#include <cmath>

namespace rtpsynth {
namespace {

double ratio(double db) noexcept { return std::pow(10.0, db / 10); }
double db(double ratio) noexcept { return 10 * std::log10(ratio); }

// (1 + x^n)^(1/n): G.107's smooth transition between two impairments.
double knee(double x, double n) noexcept { return std::pow(1 + std::pow(x, n), 1 / n); }

// G.107 §7.2: No, the power sum of all noises, in dBm0p.
double noise(const emodel_parameters& p) noexcept {
    const double olr = p.slr + p.rlr;
    const double send = p.ps - olr - p.ds - 14;
    const double nos = p.ps - p.slr - p.ds - 100 + 0.004 * send * send;
    const double pre = p.pr + db(1 + ratio(10 - p.lstr));
    const double nor = p.rlr - 121 + pre + 0.008 * (pre - 35) * (pre - 35);
    return db(ratio(p.nc) + ratio(nos) + ratio(nor) + ratio(p.nfor + p.rlr));
}

// §7.3.1: impairment by excessive loudness.
double loudness_impairment(const emodel_parameters& p, double no) noexcept {
    const double xolr = (p.slr + p.rlr + 0.2 * (64 + no - p.rlr)) / 8;
    return 20 * (knee(xolr, 8) - xolr);
}

// §7.3.2: Ist.
double sidetone_impairment(const emodel_parameters& p) noexcept {
    const double stmr = -db(ratio(-p.stmr) + std::exp(-p.t / 4) * ratio(-p.telr));
    return 12 * knee((stmr - 13) / 6, 8) - 28 * knee((stmr + 1) / 19.4, 35) -
           13 * knee((stmr - 3) / 33, 13) + 29;
}

// §7.3.3.
double quantizing_impairment(const emodel_parameters& p, double ro) noexcept {
    const double q = 37 - 15 * std::log10(p.qdu);
    const double g = 1.07 + 0.258 * q + 0.0602 * q * q;
    const double y = (ro - 100) / 15 + 46 / 8.4 - g / 9;
    const double z = 46.0 / 30 - g / 40;
    return 15 * std::log10(1 + std::pow(10, y) + std::pow(10, z));
}

// §7.4: talker echo, listener echo, and the delay itself.
double delay_impairment(const emodel_parameters& p, double ro, double no, double ist) noexcept {
    const double roe = -1.5 * (no - p.rlr);
    double terv =
        p.telr - 40 * std::log10((1 + p.t / 10) / (1 + p.t / 150)) + 6 * std::exp(-0.3 * p.t * p.t);
    if (p.stmr < 9) terv += ist / 2;
    const double re = 80 + 2.5 * (terv - 14);
    const double talker = (roe - re) / 2;
    double idte = (talker + std::sqrt(talker * talker + 100) - 1) * (1 - std::exp(-p.t));
    if (p.stmr > 20) idte = std::hypot(idte, ist);

    const double rle = 10.5 * (p.wepl + 7) / std::sqrt(std::sqrt(p.tr + 1));
    const double listener = (ro - rle) / 2;
    const double idle = listener + std::sqrt(listener * listener + 169);

    double idd = 0;
    if (p.ta > p.mt) {
        const double x = std::log2(p.ta / p.mt);
        idd = 25 * (knee(x, 6 * p.st) - 3 * knee(x / 3, 6 * p.st) + 2);
    }
    return idte + idle + idd;
}

struct known_codec {
    std::string_view name;
    codec_impairment concealed, silent;
};

// G.113 Appendix I: tables I.1 (Ie) and I.4 (Bpl).
constexpr codec_impairment g711_silent{0, 4.3}, g711_concealed{0, 25.1};
constexpr known_codec known_codecs[] = {
    {"PCMU", g711_concealed, g711_silent},    {"PCMA", g711_concealed, g711_silent},
    {"L16", g711_concealed, g711_silent},     {"G722", g711_concealed, g711_silent},
    {"opus", g711_concealed, g711_concealed}, {"G729", {11, 19}, {11, 19}},
    {"G723", {15, 16.1}, {15, 16.1}},         {"GSM-EFR", {5, 10}, {5, 10}},
};

} // namespace

std::optional<codec_impairment> impairment_of(std::string_view codec, bool concealed) noexcept {
    for (const known_codec& known : known_codecs)
        if (same_encoding(codec, known.name)) return concealed ? known.concealed : known.silent;
    return std::nullopt;
}

double r_factor(const emodel_parameters& p) noexcept {
    const double no = noise(p);
    const double ro = 15 - 1.5 * (p.slr + no);
    const double ist = sidetone_impairment(p);
    const double is = loudness_impairment(p, no) + ist + quantizing_impairment(p, ro);
    const double id = delay_impairment(p, ro, no, ist);
    const double ie_eff = p.ie + (95 - p.ie) * p.ppl / (p.ppl / p.burst_r + p.bpl);
    return ro - is - id - ie_eff + p.advantage;
}

double mos_of(double r) noexcept {
    if (!(r > 0)) return 1; // also for NaN
    if (r >= 100) return 4.5;
    return std::max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}

} // namespace rtpsynth
