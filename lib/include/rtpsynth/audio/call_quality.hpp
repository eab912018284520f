/// \file
/// How good a call sounds, by the E-model (ITU-T G.107) from what was played and what was not.
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

/// Judges one direction of a call. Feed it what became of each packet, in order of sequence
/// numbers, after the jitter buffer: a packet that came too late is as bad as none.
///
///     call_quality quality(*impairment_of("PCMU"));
///     …                                        // for each frame of the buffer:
///     quality.received();                      //   a packet that is played
///     quality.lost(erasure.packets);           //   packets in whose place nothing is
///     quality.set_delay(round_trip, buffer_delay + 2 * ptime);
///     if (auto mos = quality.mos()) …
///
/// While there is no packet to judge, a rating is nullopt. G.107 is a planning model for whole
/// connections: its rating of a few packets is that of a call that goes on like them.
///
/// \par Exception safety
/// Nothing throws or allocates. Counting is O(1); a rating costs about a microsecond.
///
/// \par Thread safety
/// A value type; distinct objects are independent.
class RTPSYNTH_API call_quality {
public:
    /// \param codec  of impairment_of(), or your own measurements
    explicit call_quality(const codec_impairment& codec) noexcept;
    /// Of a connection with the defaults of G.107.
    call_quality() noexcept = default;
    /// A template, so that braces without a type are a codec_impairment.
    /// \param connection  what is known of the telephones at both ends. Loss and burst ratio are
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
    /// Another codec from here on. The whole call is rated by the last one.
    void set_codec(const codec_impairment& codec) noexcept;

    /// The delays of RFC 3611 §4.7.3. From mouth to ear it takes half of \p round_trip and of both
    /// end systems. Negative ones count as 0.
    /// \param round_trip  between the RTP interfaces: round_trip_time() of a report
    /// \param end_system  of our side: encoding and packetising plus jitter buffer and decoding
    /// \param remote_end_system  of the other; nullopt: as ours
    void set_delay(duration round_trip, duration end_system,
                   std::optional<duration> remote_end_system = std::nullopt) noexcept;

    /// The rating factor R, not clamped. Delay counts once set_delay() has told it. nullopt without
    /// a packet.
    std::optional<double> r() const noexcept;
    /// The mean opinion score, 1..4.5, of r(): of a conversation.
    std::optional<double> mos() const noexcept;
    /// The same without delay: of one who only listens.
    std::optional<double> listening_mos() const noexcept;

    /// Losses and bursts since the start.
    const loss_bursts& losses() const noexcept { return bursts_; }
    /// Packets not played, in percent of all; 0 without a packet.
    double loss_percent() const noexcept;

    /// A block for an extended report (RFC 3611 §4.7): all but signal and echo levels and the
    /// fields of the jitter buffer, which the caller knows. Until set_delay() was called, the
    /// ratings that delay lowers are unavailable: R and the conversational MOS.
    /// \param ssrc   the source that is judged
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
