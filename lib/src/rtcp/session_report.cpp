// How rtp_session writes RTCP.
#include <rtpsynth/rtcp/session.hpp>

#include <rtpsynth/rtcp/builder.hpp>

#include "layout.hpp"

#include <algorithm>
#include <array>

namespace rtpsynth {
namespace {

constexpr std::size_t sender_report_size =
    detail::rtcp_header_size + detail::ssrc_size + detail::sender_info_size;
constexpr std::size_t one_bye_size = detail::rtcp_header_size + detail::ssrc_size;

std::size_t description_size(std::size_t cname_size) noexcept {
    // 3: the item's type and length, and the null octet that ends the items.
    return detail::rtcp_header_size + detail::align4(detail::ssrc_size + 3 + cname_size);
}

} // namespace

std::size_t rtp_session::minimum_rtcp_size() const noexcept {
    return sender_report_size + description_size(cname_.size()) + one_bye_size;
}

result<std::span<const std::uint8_t>> rtp_session::make_rtcp(
    time_point now, ntp_time wall_clock, std::span<std::uint8_t> storage,
    std::span<const voip_metrics> metrics) noexcept {
    if (storage.size() < minimum_rtcp_size()) return errc::buffer_too_small;
    if (!metrics.empty()) { // checked before anything changes
        rtcp_builder trial(storage, rtcp_mode::reduced_size);
        if (const auto ok = trial.add_voip_metrics(ssrc_, metrics);
            !ok && ok.error() == errc::invalid_argument)
            return ok.error();
    }
    if (old_ssrc_) {
        const std::uint32_t old = *old_ssrc_;
        old_ssrc_.reset();
        return write_bye(old, nullptr, storage);
    }
    if (now < schedule_.next()) return std::span<const std::uint8_t>{};
    if (phase_ == phase::leaving) {
        if (!schedule_.expired(now, {1 + byes_, 0, false}, random_))
            return std::span<const std::uint8_t>{};
        phase_ = phase::gone;
        schedule_.stop();
        const sender_info sender = local_sender(now, wall_clock);
        return write_bye(ssrc_, we_sent_ ? &sender : nullptr, storage);
    }
    expire(now);
    if (!schedule_.expired(now, group(), random_)) return std::span<const std::uint8_t>{};
    const std::span<const std::uint8_t> bytes = write_report(now, wall_clock, storage, metrics);
    schedule_.sent(bytes.size() + header_size_, now, group(), random_);
    return bytes;
}

// Precondition: the storage has minimum_rtcp_size().
std::span<const std::uint8_t> rtp_session::write_bye(std::uint32_t ssrc, const sender_info* sender,
                                                     std::span<std::uint8_t> storage) noexcept {
    rtcp_builder builder(storage);
    if (sender != nullptr)
        static_cast<void>(builder.add_sender_report(ssrc, *sender));
    else
        static_cast<void>(builder.add_receiver_report(ssrc));
    static_cast<void>(builder.add_cname(ssrc, cname_));
    if (!builder.add_bye({&ssrc, 1}, reason_)) static_cast<void>(builder.add_bye({&ssrc, 1}));
    ++stats_.rtcp_sent;
    return builder.bytes();
}

std::span<const std::uint8_t> rtp_session::write_report(
    time_point now, ntp_time wall_clock, std::span<std::uint8_t> storage,
    std::span<const voip_metrics> metrics) noexcept {
    std::array<report_block, rtcp_max_count> storage_of_blocks;
    const std::size_t room =
        (storage.size() - sender_report_size - description_size(cname_.size())) /
        detail::report_block_size;
    std::span<report_block> blocks{storage_of_blocks};
    blocks = blocks.first(std::min(room, blocks.size()));
    blocks = blocks.first(collect_blocks(blocks, now));

    rtcp_builder builder(storage);
    if (we_sent_) {
        static_cast<void>(builder.add_sender_report(ssrc_, local_sender(now, wall_clock), blocks));
        if (wall_clock != ntp_time{}) {
            sent_reports_[next_sent_report_] = {wall_clock.compact(), now};
            next_sent_report_ = (next_sent_report_ + 1) % sent_reports_.size();
        }
    } else {
        static_cast<void>(builder.add_receiver_report(ssrc_, blocks));
    }
    static_cast<void>(builder.add_cname(ssrc_, cname_));
    if (!metrics.empty()) static_cast<void>(builder.add_voip_metrics(ssrc_, metrics));
    was_heard_ = true;
    ++stats_.rtcp_sent;
    return builder.bytes();
}

// Blocks for sources that were heard since their last block, in turn. Returns their number.
std::size_t rtp_session::collect_blocks(std::span<report_block> blocks, time_point now) noexcept {
    std::size_t n = 0;
    const std::size_t count = sources_.size();
    const std::size_t first = next_block_;
    for (std::size_t i = 0; i < count && n < blocks.size(); ++i) {
        const std::size_t at = (first + i) % count;
        rtp_source& source = *sources_[at];
        if (source.left_ || source.reception_.received_since_report() == 0) continue;
        blocks[n++] = source.reception_.make_report(source.ssrc_, now);
        next_block_ = at + 1;
    }
    return n;
}

// The timestamp that corresponds to now is extrapolated from that of the last packet (§6.4.1).
sender_info rtp_session::local_sender(time_point now, ntp_time wall_clock) const noexcept {
    constexpr std::int64_t second = 1'000'000'000;
    const std::int64_t elapsed = std::max<std::int64_t>((now - timestamp_at_).count(), 0);
    const auto seconds = static_cast<std::uint64_t>(elapsed / second);
    const auto rest = static_cast<std::uint64_t>(elapsed % second);
    const std::uint64_t advance =
        seconds * timestamp_rate_ + rest * timestamp_rate_ / std::uint64_t{second};
    return {wall_clock, timestamp_ + static_cast<std::uint32_t>(advance), packet_count_,
            octet_count_};
}

} // namespace rtpsynth
