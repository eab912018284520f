#include "traffic/load_stream.hpp"

#include <rtpsynth/base/random.hpp>
#include <rtpsynth/rtp/datagram_kind.hpp>
#include <rtpsynth/rtp/sequence.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>

namespace load {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t clock_rate = 8000; // of G.711, RFC 3551 §4.5.14

/// An answer may be this much shorter than what was sent before the difference counts as lost: a
/// far end with its own jitter buffer begins and ends a little later or earlier.
constexpr auto forgiven_media = 500ms;

/// Sent packets are remembered for 8 s, longer than their echoes are waited for.
std::size_t flights(const program_options& options) {
    const auto packets = std::min<std::uint64_t>(options.packets(),
                                                 static_cast<std::uint64_t>(8'000 / options.ptime));
    return std::bit_ceil(std::max<std::size_t>(packets, 2));
}

constexpr rtpsynth::receiver_stats_options no_limits{
    .min_sequential = 0, .max_dropout = 65536, .max_misorder = 65536};

constexpr std::size_t rtcp_room = 1400; // bytes of a report

constexpr std::size_t largest_packet = rtpsynth::rtp_header_size + 8 * 180;

} // namespace

load_stream::load_stream(const program_options& options, const audio_loop& audio, std::size_t index,
                         load_log& log)
    : log_(log),
      audio_(audio),
      flights_(flights(options)),
      synth_(clock_rate, options.packet_time(),
             rtpsynth::stream_origin::draw(rtpsynth::system_random32)),
      first_(synth_.next_position()),
      format_{.payload_size = options.payload_size(), .payload_type = options.payload_type()},
      position_(audio.size() * index / options.streams),
      packets_(options.packets()),
      source_port_(options.source_port == 0
                       ? std::uint16_t{0}
                       : static_cast<std::uint16_t>(options.source_port + index)),
      packet_time_(options.packet_time()),
      impairment_(options.impairment, index),
      reception_(clock_rate, no_limits),
      delay_(options.max_delay),
      clock_(options.max_delay) {
    fate_ = impairment_.next();
    if (options.rtcp)
        rtcp_ = std::make_unique<stream_rtcp>(*options.rtcp, synth_.ssrc(), first_.seq, log);
    if (options.srtp) srtp_ = std::make_unique<common::srtp_stream>(*options.srtp);
}

void load_stream::open(rtpsynth::asio_server::rtp_server& server, const endpoint& target) {
    using namespace rtpsynth::asio_server;
    channel_options options;
    options.bind = endpoint(target.protocol(), source_port_);
    options.source_lock.policy = source_policy::target;
    options.report_unreachable = true; // distinguishes a closed port from a silent one
    const auto make = [&] {
        channel_ = server.create_channel(
            options,
            [this](rtp_channel&, std::span<const datagram_view> batch) { receive(batch); });
    };
    try {
        make();
    } catch (const boost::system::system_error& e) {
        if (e.code() != boost::asio::error::operation_not_supported) throw;
        options.report_unreachable = result_.icmp_reported = false;
        make();
    }
    result_.port = target.port();
    if (const auto error = channel_->set_target(target)) throw boost::system::system_error(error);
}

void load_stream::start(rtpsynth::time_point first) {
    due_ = first_due_ = first;
    schedule();
}

/// Delayed packets stay in order, as in a queue whose length varies.
void load_stream::schedule() noexcept {
    const auto number = static_cast<rtpsynth::duration::rep>(made_);
    due_ = std::max(due_, first_due_ + number * packet_time_ + fate_.delay);
}

void load_stream::send_next(rtpsynth::time_point now) {
    log_.lateness.record(now - due_);
    if (now - due_ > packet_time_ / 2) ++log_.counts.behind;
    const std::uint64_t number = made_;
    const packet_fate fate = fate_;
    std::array<std::uint8_t, largest_packet> buffer;
    const std::size_t size =
        synth_.write(now, format_, buffer, audio_.piece(position_, number)).value();
    const auto packet = std::span<const std::uint8_t>(buffer).first(size);
    flight_number(number).forget();
    ++log_.counts.made;
    ++made_;
    fate_ = impairment_.next();
    if (fate.lost) {
        ++log_.counts.dropped;
        ++dropped_;
    } else if (fate.overtaken && !done() && !fate_.lost) {
        fate_.overtaken = false;
        holds_ = true;
        held_number_ = number;
        held_twice_ = fate.duplicated;
        held_.assign(packet.begin(), packet.end());
    } else {
        transmit(packet, number, fate.duplicated, now);
        if (holds_) {
            ++log_.counts.overtaken;
            transmit_held(now);
        }
    }
    if (rtcp_ && rtcp_->is_due(now)) {
        std::array<std::uint8_t, rtcp_room + common::srtp_stream::max_overhead> report;
        send_rtcp(report, rtcp_->report(now, std::span(report).first(rtcp_room)).size());
    }
    schedule();
}

void load_stream::stop(rtpsynth::time_point now) {
    packets_ = made_;
    if (holds_) transmit_held(now);
}

void load_stream::leave(rtpsynth::time_point now) {
    if (!rtcp_) return;
    std::array<std::uint8_t, rtcp_room + common::srtp_stream::max_overhead> bye;
    send_rtcp(bye, rtcp_->leave(now, std::span(bye).first(rtcp_room)).size());
}

/// Sends the packet in the first \p size bytes of \p storage; no-op if \p size is 0.
void load_stream::send_rtcp(std::span<std::uint8_t> storage, std::size_t size) {
    if (size == 0) return;
    if (srtp_) {
        const auto protected_size = srtp_->protect_rtcp(storage, size);
        if (!protected_size) return;
        size = *protected_size;
    }
    static_cast<void>(channel_->try_send(storage.first(size))); // RTCP may be lost
}

void load_stream::transmit_held(rtpsynth::time_point now) {
    holds_ = false;
    transmit(held_, held_number_, held_twice_, now);
}

void load_stream::transmit(std::span<const std::uint8_t> packet, std::uint64_t number, bool twice,
                           rtpsynth::time_point now) {
    traffic_counts& counts = log_.counts;
    std::array<std::uint8_t, largest_packet + common::srtp_stream::max_overhead> buffer;
    const std::span<const std::uint8_t> plain = packet;
    if (srtp_) [[unlikely]] {
        std::ranges::copy(plain, buffer.begin());
        const auto size = srtp_->protect(buffer, plain.size());
        packet = std::span<const std::uint8_t>(buffer).first(size.value_or(0));
    }
    if (packet.empty() || channel_->try_send(packet)) {
        ++counts.refused;
        return;
    }
    if (rtcp_) rtcp_->sent(rtpsynth::rtp_packet_view::parse(plain).value(), now);
    ++counts.packets;
    ++counts.sent;
    ++given_;
    note_sent(now);
    flight_number(number).sent(now);
    if (twice && !channel_->try_send(packet)) {
        ++counts.sent;
        ++counts.duplicated;
    }
}

void load_stream::note_sent(rtpsynth::time_point now) {
    const std::size_t at = log_.over_time.index(now - log_.start);
    timeline::slot& slot = log_.over_time.at(at);
    ++slot.packets;
    if (returned_ != 0) {
        ++slot.expected;
        return;
    }
    if (at >= unproven_.size()) unproven_.resize(at + 1);
    ++unproven_[at];
}

void load_stream::expect(std::span<const std::uint32_t> packets) {
    for (std::size_t at = 0; at != packets.size(); ++at)
        if (packets[at] != 0) log_.over_time.at(at).expected += packets[at];
}

/// The number of the packet that \p packet echoes; nothing if it echoes none. Sequence number and
/// timestamp must both match, since a renumbering peer may keep the SSRC.
std::optional<std::uint64_t> load_stream::number_of(
    const rtpsynth::rtp_packet_view& packet) const noexcept {
    if (packet.ssrc() != synth_.ssrc() || made_ == 0) return std::nullopt;
    const auto newest = static_cast<std::int64_t>(made_ - 1);
    const auto since_first = static_cast<std::uint16_t>(packet.seq() - first_.seq);
    const std::int64_t number = rtpsynth::unwrap_seq(since_first, newest);
    if (number < 0 || number > newest) return std::nullopt;
    const auto units = static_cast<std::uint64_t>(number) * format_.payload_size; // one a sample
    if (packet.timestamp() != static_cast<std::uint32_t>(first_.timestamp + units))
        return std::nullopt;
    return static_cast<std::uint64_t>(number);
}

void load_stream::receive(std::span<const rtpsynth::asio_server::datagram_view> batch) {
    for (const auto& datagram : batch) {
        if (srtp_) [[unlikely]]
            receive_protected(datagram);
        else
            receive(datagram.data, datagram.received_at);
    }
}

void load_stream::receive(std::span<const std::uint8_t> datagram, rtpsynth::time_point arrival) {
    const auto kind = rtpsynth::classify(datagram);
    rtpsynth::rtp_packet_view packet;
    if (kind == rtpsynth::datagram_kind::rtp &&
        packet.assign(datagram.data(), datagram.size()) == rtpsynth::errc{}) {
        receive_rtp(packet, arrival);
        return;
    }
    if (kind == rtpsynth::datagram_kind::rtcp && rtcp_ && rtcp_->receive_rtcp(datagram, arrival))
        return;
    ++log_.counts.of_kind(kind);
    ++unusable_;
}

void load_stream::receive_protected(const rtpsynth::asio_server::datagram_view& datagram) {
    const auto kind = rtpsynth::classify(datagram.data);
    const bool is_rtcp = kind == rtpsynth::datagram_kind::rtcp;
    if (!is_rtcp && kind != rtpsynth::datagram_kind::rtp) {
        receive(datagram.data, datagram.received_at);
        return;
    }
    std::array<std::uint8_t, 2048> buffer; // more than we have sent
    if (datagram.data.size() <= buffer.size()) {
        std::ranges::copy(datagram.data, buffer.begin());
        const auto packet = std::span(buffer).first(datagram.data.size());
        const auto size = is_rtcp ? srtp_->unprotect_rtcp(packet) : srtp_->unprotect(packet);
        if (size) {
            receive(packet.first(*size), datagram.received_at);
            return;
        }
    }
    ++log_.counts.srtp_refused;
    ++unusable_;
}

void load_stream::receive_rtp(const rtpsynth::rtp_packet_view& packet,
                              rtpsynth::time_point arrival) {
    if (const auto number = number_of(packet)) {
        if (made_ - *number > flights_.size()) {
            ++log_.counts.overdue;
            ++unusable_;
            return;
        }
        if (flight_number(*number).is_sent()) {
            receive_echo(packet, *number, arrival);
            return;
        }
    }
    ++log_.counts.renumbered;
    if (!answers_) answers_ = std::make_unique<answer_log>(delay_);
    answers_->take(packet, arrival);
    if (rtcp_) rtcp_->receive_rtp(packet, arrival);
}

void load_stream::receive_echo(const rtpsynth::rtp_packet_view& packet, std::uint64_t number,
                               rtpsynth::time_point arrival) {
    traffic_counts& counts = log_.counts;
    ++counts.received;
    if (packet.payload_type() != format_.payload_type ||
        !std::ranges::equal(packet.payload(), audio_.piece(position_, number)))
        ++counts.altered;
    const auto outcome = reception_.update(packet, arrival);
    if (outcome == rtpsynth::receiver_stats::outcome::reordered) ++counts.reordered;
    flight& found = flight_number(number);
    if (found.has_landed()) {
        ++counts.duplicates;
        return;
    }
    if (returned_++ == 0) {
        expect(unproven_);
        unproven_ = {};
    }
    ++counts.returned;
    ++log_.over_time.at(log_.over_time.index(found.sent_at() - log_.start)).returned;
    log_.round_trip.record(arrival - found.sent_at());
    play(number, found.sent_at(), arrival);
    found.landed();
}

void load_stream::play(std::uint64_t number, rtpsynth::time_point sent,
                       rtpsynth::time_point arrival) {
    const auto tick = static_cast<std::int64_t>(number);
    const rtpsynth::duration position = tick * packet_time_;
    const rtpsynth::duration behind = clock_.arrive(tick, position, arrival);
    const rtpsynth::duration sent_behind = sent - (first_due_ + position);
    if (behind > rtpsynth::duration::zero() && behind <= sent_behind) ++log_.counts.late_here;
}

answer_kind load_stream::kind(const rtpsynth::asio_server::channel_stats& stats) const noexcept {
    if (given_ == 0) return answer_kind::unsent;
    if (returned_ != 0) return answer_kind::echoed;
    if (result_.answers.sources != 0) return answer_kind::renumbered;
    if (unusable_ != 0 || result_.answers.strays != 0) return answer_kind::unusable;
    if (result_.error == boost::asio::error::connection_refused) return answer_kind::closed;
    if (result_.error) return answer_kind::unreachable;
    return stats.rejected != 0 ? answer_kind::elsewhere : answer_kind::silent;
}

void load_stream::finish() {
    const auto stats = channel_->stats();
    stream_result& r = result_;
    r.error = stats.last_receive_error ? stats.last_receive_error : stats.last_send_error;
    r.errors = stats.receive_errors;
    r.packets = given_;
    r.dropped = dropped_;
    if (rtcp_) r.peer = rtcp_->result();
    if (answers_) r.answers = answers_->finish();
    answers_.reset();
    r.kind = kind(stats);
    if (r.kind == answer_kind::renumbered) {
        judge_answers();
        return;
    }
    expect(unproven_);
    r.expected = given_;
    r.lost = given_ - returned_;
    clock_.stop(static_cast<std::int64_t>(made_));
    r.played = clock_.played();
    r.late = clock_.late();
    r.concealed = clock_.concealed();
}

void load_stream::judge_answers() {
    stream_result& r = result_;
    const answer_totals& a = r.answers;
    // If the peer shifts our numbers, packets dropped on purpose are gaps in its numbers, too.
    const std::uint64_t missing = a.missing - std::min(a.missing, dropped_);
    const auto sent = static_cast<rtpsynth::duration::rep>(given_) * packet_time_;
    const auto unanswered = sent - (a.media + packet_time_); // from the first to after the last
    if (unanswered > forgiven_media)
        r.unanswered = static_cast<std::uint64_t>(unanswered / packet_time_);
    r.lost = missing + r.unanswered;
    r.expected = a.unique + r.lost;
    r.played = a.played;
    r.late = a.late;
    r.concealed = a.concealed + (a.timed != 0 ? r.unanswered : 0);
}

} // namespace load
