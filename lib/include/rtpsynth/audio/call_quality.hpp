/// \file
/// Rates the quality of a call by the E-model (ITU-T G.107), from the packets that were played,
/// lost and discarded.
#pragma once

#include <rtpsynth/audio/emodel.hpp>
#include <rtpsynth/audio/loss_bursts.hpp>
#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/rtcp/voip_metrics.hpp>

#include <concepts>
#include <cstdint>
#include <optional>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// Rates one direction of a call. Report the fate of each packet, in order of sequence numbers, as
/// it leaves the jitter buffer: a packet that comes too late is as bad as a lost one.
///
///     call_quality quality(*impairment_of("PCMU"));
///     …                                        // for each frame of the buffer:
///     quality.received();                      //   a packet was played
///     quality.lost(erasure.packets);           //   packets are missing
///     quality.set_delay(round_trip, buffer_delay + 2 * ptime);
///     if (auto mos = quality.mos()) …
///
/// Ratings are nullopt until a packet was counted. G.107 is a planning model for whole connections:
/// the rating after a few packets is that of a call that continues in the same way.
///
/// \par Exception safety
/// Nothing throws or allocates. Counting is O(1); a rating costs about a microsecond.
///
/// \par Thread safety
/// A value type; distinct objects are independent.
class RTPSYNTH_API call_quality {
public:
    /// \param codec  the result of impairment_of(), or your own measurements
    explicit call_quality(const codec_impairment& codec) noexcept;
    /// Rates a connection with the defaults of G.107.
    call_quality() noexcept = default;
    /// A template, so that a braced list without a type means a codec_impairment.
    /// \param connection  the known parameters of the telephones at both ends. Loss and burst ratio
    /// are
    ///                    filled in here, and delays after set_delay().
    template <std::same_as<emodel_parameters> Parameters>
    explicit call_quality(const Parameters& connection) noexcept : connection_(connection) {}

    /// The next \p packets were played.
    void received(std::uint64_t packets = 1) noexcept { bursts_.received(packets); }
    /// The next \p packets never arrived.
    void lost(std::uint64_t packets = 1) noexcept { bursts_.lost(packets); }
    /// The next \p packets arrived and were not played: too late, or too early.
    void discarded(std::uint64_t packets = 1) noexcept {
        bursts_.lost(packets);
        discarded_ += packets;
    }
    /// Changes the codec. The whole call is then rated with the new one.
    void set_codec(const codec_impairment& codec) noexcept;

    /// Sets the delays of RFC 3611 §4.7.3. The mouth-to-ear delay is half of the sum of \p
    /// round_trip and both end system delays. Negative delays count as 0.
    /// \param round_trip  between the RTP interfaces: round_trip_time() of a report
    /// \param end_system  our delay: encoding and packetising plus jitter buffer and decoding
    /// \param remote_end_system  the other side's; nullopt: the same as ours
    void set_delay(duration round_trip, duration end_system,
                   std::optional<duration> remote_end_system = std::nullopt) noexcept;

    /// The rating factor R, not clamped. It includes delay after set_delay(). nullopt without a
    /// packet.
    std::optional<double> r() const noexcept;
    /// The mean opinion score of r(), 1..4.5: conversational quality.
    std::optional<double> mos() const noexcept;
    /// The mean opinion score without delay: listening quality.
    std::optional<double> listening_mos() const noexcept;

    /// Losses and bursts since construction.
    const loss_bursts& losses() const noexcept { return bursts_; }
    /// Packets that were not played, in percent of all packets; 0 without a packet.
    double loss_percent() const noexcept;

    /// The VoIP metrics block of an extended report (RFC 3611 §4.7). The caller fills in signal and
    /// echo levels and the fields of the jitter buffer. R and the conversational MOS depend on
    /// delay, and are unavailable until set_delay() was called.
    /// \param ssrc   the source that is rated
    /// \param ptime  media in one of its packets
    voip_metrics metrics(std::uint32_t ssrc, duration ptime) const noexcept;

private:
    emodel_parameters parameters(bool with_delay) const noexcept;

    emodel_parameters connection_;
    loss_bursts bursts_;
    std::uint64_t discarded_ = 0;
    duration round_trip_{};
    duration end_system_{};
    bool has_delay_ = false;
};

/// \}

} // namespace rtpsynth
