#include <rtpquality.h>

#include "result.hpp"

#include <rtpsynth/audio/call_quality.hpp>
#include <rtpsynth/audio/emodel.hpp>
#include <rtpsynth/audio/loss_bursts.hpp>
#include <rtpsynth/base/clock.hpp>

#include <cstdint>
#include <limits>
#include <optional>

using namespace rtpsynth;

struct rtpquality : call_quality {
    using call_quality::call_quality;
};

namespace {

// The C++ parameters; nullopt for NULL or a struct of no known version.
std::optional<emodel_parameters> parameters_of(const rtpquality_emodel* c) noexcept {
    if (c == nullptr || c->size != sizeof *c) return std::nullopt;
    return emodel_parameters{.slr = c->slr,
                             .rlr = c->rlr,
                             .stmr = c->stmr,
                             .lstr = c->lstr,
                             .ds = c->ds,
                             .telr = c->telr,
                             .wepl = c->wepl,
                             .t = c->t,
                             .tr = c->tr,
                             .ta = c->ta,
                             .qdu = c->qdu,
                             .ie = c->ie,
                             .bpl = c->bpl,
                             .ppl = c->ppl,
                             .burst_r = c->burst_r,
                             .nc = c->nc,
                             .nfor = c->nfor,
                             .ps = c->ps,
                             .pr = c->pr,
                             .advantage = c->advantage,
                             .st = c->st,
                             .mt = c->mt};
}

std::optional<codec_impairment> impairment_by_name(const char* codec, int concealed) noexcept {
    if (codec == nullptr) return std::nullopt;
    return impairment_of(codec, concealed != 0);
}

} // namespace

double rtpquality_r_factor(const rtpquality_emodel* connection) {
    const auto parameters = parameters_of(connection);
    return parameters ? r_factor(*parameters) : std::numeric_limits<double>::quiet_NaN();
}

double rtpquality_mos_of(double r) { return mos_of(r); }

int rtpquality_impairment(rtpquality_emodel* connection, const char* codec, int concealed) {
    const auto impairment = impairment_by_name(codec, concealed);
    if (!impairment || !parameters_of(connection)) return RTPAUDIO_EINVAL;
    connection->ie = impairment->ie;
    connection->bpl = impairment->bpl;
    return RTPAUDIO_OK;
}

rtpquality* rtpquality_ctor(const rtpquality_emodel* connection) {
    const auto parameters = connection == nullptr ? emodel_parameters() : parameters_of(connection);
    if (!parameters) return nullptr;
    return detail::made_or_null([&] { return new rtpquality(*parameters); });
}

void rtpquality_dtor(rtpquality* quality) { delete quality; }

int rtpquality_set_codec(rtpquality* quality, const char* codec, int concealed) {
    const auto impairment = impairment_by_name(codec, concealed);
    if (quality == nullptr || !impairment) return RTPAUDIO_EINVAL;
    quality->set_codec(*impairment);
    return RTPAUDIO_OK;
}

void rtpquality_received(rtpquality* quality, uint64_t packets) {
    if (quality != nullptr) quality->received(packets);
}

void rtpquality_lost(rtpquality* quality, uint64_t packets) {
    if (quality != nullptr) quality->lost(packets);
}

void rtpquality_discarded(rtpquality* quality, uint64_t packets) {
    if (quality != nullptr) quality->discarded(packets);
}

void rtpquality_set_delay(rtpquality* quality, int64_t round_trip_ns, int64_t end_system_ns,
                          int64_t remote_end_system_ns) {
    if (quality != nullptr)
        quality->set_delay(duration(round_trip_ns), duration(end_system_ns),
                           duration(remote_end_system_ns));
}

int rtpquality_rate(const rtpquality* quality, rtpquality_rating* rating) {
    if (rating == nullptr) return 0;
    *rating = {};
    if (quality == nullptr || quality->losses().expected() == 0) return 0;
    const loss_bursts& losses = quality->losses();
    *rating = {.r = *quality->r(),
               .mos = *quality->mos(),
               .listening_mos = *quality->listening_mos(),
               .loss_percent = quality->loss_percent(),
               .burst_ratio = losses.burst_ratio(),
               .burst_density = losses.burst_density(),
               .gap_density = losses.gap_density(),
               .mean_burst = losses.mean_burst(),
               .mean_gap = losses.mean_gap(),
               .packets = losses.expected(),
               .losses = losses.losses(),
               .bursts = losses.bursts()};
    return 1;
}
