#include "load_stream.hpp"

#include <rtpsynth/random.hpp>
#include <rtpsynth/sequence.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <new>

namespace load {
namespace {

constexpr std::uint32_t clock_rate = 8000; // of G.711, RFC 3551 §4.5.14

/// Echoes are known for what they are for 8 s, which is more than they are waited for.
std::size_t flights(const program_options& options) {
    const auto packets = std::min<std::uint64_t>(options.packets(),
                                                 static_cast<std::uint64_t>(8'000 / options.ptime));
    return std::bit_ceil(std::max<std::size_t>(packets, 2));
}

rtpsynth::jitter_buffer_options buffer_options(const program_options& options) {
    // max_delay decides, not room; and nothing is a stray, since flights are asked first.
    const auto waiting = options.max_delay / options.packet_time();
    return {.capacity = static_cast<unsigned>(2 * waiting + 16),
            .max_delay = options.max_delay,
            .max_dropout = 65536,
            .max_misorder = 65536};
}

constexpr rtpsynth::receiver_stats_options no_limits{
    .min_sequential = 0, .max_dropout = 65536, .max_misorder = 65536};

constexpr std::size_t largest_packet = rtpsynth::rtp_header_size + 8 * 180;

} // namespace

/// The buffer's sink.
struct load_stream::player {
    traffic_counts& counts;
    bool again = false; // what is being put in is a duplicate

    void operator()(jitter_buffer::frame&&) const { ++counts.played; }
    void operator()(const rtpsynth::erasure& gap) const {
        if (!gap.restart)
            counts.concealed += static_cast<std::uint64_t>(gap.lseq_end - gap.lseq_start + 1);
    }
    void operator()(rtpsynth::drop_reason why, jitter_buffer::frame&&) const {
        if (why == rtpsynth::drop_reason::late && !again) ++counts.late;
    }
};

load_stream::load_stream(const program_options& options, const audio_loop& audio, std::size_t index,
                         load_log& log)
    : log_(log),
      audio_(audio),
      flights_(flights(options)),
      synth_(clock_rate, options.ptime, rtpsynth::stream_origin::draw(rtpsynth::system_random32)),
      first_seq_(synth_.next_position().seq),
      format_{.payload_size = options.payload_size(), .payload_type = options.payload_type()},
      position_(audio.size() * index / options.streams),
      packets_(options.packets()),
      packet_time_(options.packet_time()),
      impairment_(options.impairment, index),
      reception_(clock_rate, no_limits),
      buffer_(buffer_options(options)) {
    fate_ = impairment_.next();
}

void load_stream::open(rtpsynth::asio_server::rtp_server& server, const endpoint& target) {
    using namespace rtpsynth::asio_server;
    channel_options options;
    options.bind = endpoint(target.protocol(), 0);
    options.source_lock.policy = source_policy::target;
    channel_ = server.create_channel(
        options, [this](rtp_channel&, std::span<const datagram_view> batch) { receive(batch); });
    if (const auto error = channel_->set_target(target)) throw boost::system::system_error(error);
}

void load_stream::start(rtpsynth::time_point first) {
    due_ = first_due_ = first;
    schedule();
}

/// Delayed packets stay in order, as behind a queue that is long at times.
void load_stream::schedule() noexcept {
    const auto number = static_cast<rtpsynth::duration::rep>(made_);
    due_ = std::max(due_, first_due_ + number * packet_time_ + fate_.delay);
}

void load_stream::send_next(rtpsynth::time_point now) {
    log_.lateness.record(now - due_);
    const std::uint64_t number = made_;
    const packet_fate fate = fate_;
    std::array<std::uint8_t, largest_packet> buffer;
    const std::size_t size = synth_.write(now, format_, buffer, audio_.next(position_)).value();
    const auto packet = std::span<const std::uint8_t>(buffer).first(size);
    flight_number(number).forget();
    ++log_.counts.made;
    ++made_;
    fate_ = impairment_.next();
    if (fate.lost) {
        ++log_.counts.dropped;
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
    schedule();
    buffer_.expire(now, player{log_.counts});
}

void load_stream::stop(rtpsynth::time_point now) {
    packets_ = made_;
    if (holds_) transmit_held(now);
}

void load_stream::transmit_held(rtpsynth::time_point now) {
    holds_ = false;
    transmit(held_, held_number_, held_twice_, now);
}

void load_stream::transmit(std::span<const std::uint8_t> packet, std::uint64_t number, bool twice,
                           rtpsynth::time_point now) {
    traffic_counts& counts = log_.counts;
    if (channel_->try_send(packet)) {
        ++counts.refused;
        return;
    }
    ++counts.packets;
    ++counts.sent;
    ++log_.over_time.at(now - log_.start).packets;
    flight_number(number).sent(now);
    if (twice && !channel_->try_send(packet)) {
        ++counts.sent;
        ++counts.duplicated;
    }
}

/// Where the packet that \p packet is the echo of may be; nullptr if there never was one.
load_stream::flight* load_stream::flight_of(const rtpsynth::rtp_packet_view& packet) noexcept {
    if (packet.ssrc() != synth_.ssrc() || made_ == 0) return nullptr;
    const auto newest = static_cast<std::int64_t>(made_ - 1);
    const auto since_first = static_cast<std::uint16_t>(packet.seq() - first_seq_);
    const std::int64_t number = rtpsynth::unwrap_seq(since_first, newest);
    if (number < 0 || number > newest ||
        newest - number >= static_cast<std::int64_t>(flights_.size()))
        return nullptr;
    flight& f = flight_number(static_cast<std::uint64_t>(number));
    return f.is_sent() ? &f : nullptr;
}

void load_stream::receive(std::span<const rtpsynth::asio_server::datagram_view> batch) {
    traffic_counts& counts = log_.counts;
    for (const auto& datagram : batch) {
        rtpsynth::rtp_packet_view packet;
        flight* found = nullptr;
        if (packet.assign(datagram.data.data(), datagram.data.size()) == 0)
            found = flight_of(packet);
        if (!found) {
            ++counts.other;
            continue;
        }
        ++counts.received;
        player sink{counts, found->has_landed()};
        if (sink.again) {
            ++counts.duplicates;
        } else {
            ++counts.returned;
            ++log_.over_time.at(found->sent_at() - log_.start).returned;
            log_.round_trip.record(datagram.received_at - found->sent_at());
            found->landed();
        }
        const auto outcome = reception_.update(packet, datagram.received_at);
        if (outcome == rtpsynth::receiver_stats::outcome::reordered) ++counts.reordered;
        buffer_.expire(datagram.received_at, sink);
        if (!buffer_.insert(packet, {}, datagram.received_at, sink)) throw std::bad_alloc();
    }
}

void load_stream::finish() { buffer_.flush(player{log_.counts}); }

} // namespace load
