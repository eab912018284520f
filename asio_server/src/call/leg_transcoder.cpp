#include "call/leg_transcoder.hpp"

#include <rtpsynth/asio_server/call/rtp_relay.hpp>
#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/base/detail/byte_order.hpp>
#include <rtpsynth/rtcp/detail/reception_pace.hpp>
#include <rtpsynth/rtp/packet.hpp>
#include <rtpsynth/rtp/rtpmap.hpp>
#include <rtpsynth/rtp/sequence.hpp>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

using rtpsynth::detail::load_be16;
using rtpsynth::detail::load_be32;
using rtpsynth::detail::store_be16;
using rtpsynth::detail::store_be32;

constexpr int longest_continued = 100; // packets, over which a codec continues another
constexpr double most_jitter = 0.1;    // s; later packets come after a pause
constexpr double most_advance = 2e9;   // units; fits 32 bits

[[noreturn]] void refuse_transcoding(const std::string& why) {
    throw std::invalid_argument("rtp_relay: transcode: " + why);
}

rtpmap checked_rtpmap(const voice_codec& codec) {
    const auto map = parse_rtpmap(codec.encoding);
    if (!map) refuse_transcoding("encoding '" + codec.encoding + "' is no rtpmap");
    return *map;
}

std::uint8_t checked_type(const voice_codec& codec) {
    if (!codec.payload_type) {
        if (const auto type = static_payload_type(checked_rtpmap(codec))) return *type;
        refuse_transcoding("payload_type of " + codec.encoding +
                           " must be given, since it has no static one");
    }
    if (*codec.payload_type > 127)
        refuse_transcoding("payload_type of " + codec.encoding + " must be 0..127");
    return *codec.payload_type;
}

// Whether each payload stands for itself.
bool is_memoryless(const voice_codec& codec) {
    const std::string_view name = checked_rtpmap(codec).name;
    return same_encoding(name, "PCMU") || same_encoding(name, "PCMA") || same_encoding(name, "L16");
}

/// Calls \p make; what it refuses, the transcoding does.
template <class Make>
auto naming(Make make) -> decltype(make()) {
    try {
        return make();
    } catch (const std::invalid_argument& e) {
        refuse_transcoding(e.what());
    }
}

/// Makes an encoder or decoder at an audio rate; null if the codec does not have it.
template <class Make>
auto made_at(std::uint32_t rate, Make make) -> decltype(make(rate)) {
    try {
        return make(rate);
    } catch (const std::invalid_argument&) {
        return nullptr;
    }
}

/// Encoders and decoders, at rates that need no resampler where the codecs allow it.
class codec_maker {
public:
    explicit codec_maker(const codec_set& codecs) noexcept : codecs_{codecs} {}

    std::unique_ptr<audio_decoder> decoder(const voice_codec& codec, std::uint32_t rate = 0) const {
        return naming([&] {
            return codecs_.make_decoder(codec.encoding, {.fmtp = codec.fmtp, .audio_rate = rate});
        });
    }
    std::unique_ptr<audio_encoder> encoder(const voice_codec& codec, std::uint32_t rate = 0) const {
        // A suppressed packet would look like a lost one.
        const std::string fmtp = "usedtx=0;" + codec.fmtp;
        return naming([&] {
            return codecs_.make_encoder(codec.encoding, {.fmtp = fmtp, .audio_rate = rate});
        });
    }
    /// For all sources that become this: at the highest of their rates.
    std::shared_ptr<audio_encoder> encoder_for(const std::vector<relay_transcoding>& all,
                                               const voice_codec& target) const {
        std::unique_ptr<audio_encoder> usual = encoder(target);
        std::uint32_t highest = 0;
        for (const relay_transcoding& t : all)
            if (checked_type(t.target) == checked_type(target))
                highest = std::max(highest, decoder(t.source)->rates().audio);
        if (usual->rates().audio != highest)
            if (auto fitting = made_at(highest, [&](auto rate) { return encoder(target, rate); }))
                return fitting;
        return usual;
    }
    std::unique_ptr<audio_decoder> decoder_for(const voice_codec& source,
                                               const audio_encoder& encoder) const {
        std::unique_ptr<audio_decoder> usual = decoder(source);
        const std::uint32_t wanted = encoder.rates().audio;
        if (usual->rates().audio != wanted)
            if (auto fitting = made_at(wanted, [&](auto rate) { return decoder(source, rate); }))
                return fitting;
        return usual;
    }

private:
    const codec_set& codecs_;
};

/// Calls \p f with each packet of a compound that a rewriter made.
template <class Function>
void each_packet(std::span<std::uint8_t> compound, Function f) {
    while (compound.size() >= 4) {
        const std::size_t size = 4 * (std::size_t{load_be16(&compound[2])} + 1);
        if (size > compound.size()) return;
        f(compound[1], compound.first(size));
        compound = compound.subspan(size);
    }
}

constexpr std::uint8_t sender_report_type = 200, receiver_report_type = 201;

} // namespace

stream_rewriter_options leg_transcoder::rewriter_options(const relay_leg_options& options) {
    stream_rewriter_options o = options.stream;
    for (const relay_transcoding& t : options.transcode) {
        o.payload_types.set(checked_type(t.source), checked_type(t.target));
        o.formats.set(checked_type(t.source),
                      {checked_rtpmap(t.source).clock_rate, payload_kind::media});
    }
    return o;
}

leg_transcoder::leg_transcoder(const relay_leg_options& options, std::uint32_t timestamp)
    : first_timestamp_{timestamp}, media_rate_{options.clock_rate} {
    for (std::size_t i = 0; i != types_.size(); ++i) {
        const payload_format format = options.stream.formats[static_cast<std::uint8_t>(i)];
        types_[i] = {format.clock_rate != 0 ? format.clock_rate : options.clock_rate, format.kind,
                     none};
    }
    add_paths(options);
}

void leg_transcoder::add_paths(const relay_leg_options& options) {
    const codec_maker maker{options.codec_library};
    const std::vector<relay_transcoding>& all = options.transcode;
    if (all.size() > types_.size()) refuse_transcoding("at most 128 codecs");
    paths_.reserve(all.size());
    for (std::size_t i = 0; i != all.size(); ++i) {
        const voice_codec &source = all[i].source, &target = all[i].target;
        type_rule& rule = types_[checked_type(source)];
        if (rule.path != none)
            refuse_transcoding("source payload type " + std::to_string(checked_type(source)) +
                               " is given twice");
        std::shared_ptr<audio_encoder> encoder;
        for (std::size_t other = 0; other != i && !encoder; ++other) {
            if (checked_type(all[other].target) != checked_type(target)) continue;
            if (!same_encoding(all[other].target.encoding, target.encoding) ||
                all[other].target.fmtp != target.fmtp)
                refuse_transcoding("target payload type " + std::to_string(checked_type(target)) +
                                   " has two encodings");
            // The listener has one decoder for it.
            encoder = paths_[other].shared_encoder();
        }
        if (!encoder) encoder = maker.encoder_for(all, target);
        if (i != 0 && encoder->rates().clock != out_rate_)
            refuse_transcoding("all targets must have one clock rate");
        out_rate_ = sent_rate_ = encoder->rates().clock;
        auto decoder = maker.decoder_for(source, *encoder);
        rule = {decoder->rates().clock, payload_kind::media, static_cast<std::uint8_t>(i)};
        naming([&] {
            paths_.emplace_back(std::move(decoder), std::move(encoder),
                                !is_memoryless(source) || !is_memoryless(target));
        });
    }
}

leg_transcoder::clock& leg_transcoder::clock_of(std::uint32_t clock_rate) noexcept {
    const auto found = std::find_if(clocks_.begin(), clocks_.end(), [=](const clock& c) {
        return c.scaler.in_rate() == clock_rate;
    });
    if (found != clocks_.end()) return *found;
    clock& c = clocks_[next_clock_];
    next_clock_ = (next_clock_ + 1) % clocks_.size();
    c = {timestamp_scaler{clock_rate, out_rate_, first_timestamp_}, 0};
    return c;
}

leg_transcoder::output leg_transcoder::convert(std::uint8_t source_type, bool begins,
                                               std::span<std::uint8_t> packet, time_point arrival,
                                               std::span<std::uint8_t> storage) noexcept {
    rtp_packet_view view;
    if (view.assign(packet.data(), packet.size()) != errc{}) return {outcome::refused};
    const type_rule rule = types_[source_type & 0x7f];
    const int ahead = has_begun_ ? seq_distance(view.seq(), seq_) : 1;
    if (ahead > 0) {
        seq_ = view.seq();
        has_begun_ = true;
    }
    if (begins) path_ = none;
    const place at{ahead, begins, arrival};
    if (rule.path == none) {
        pass(rule, at, packet);
        return {outcome::passed, packet.size()};
    }
    payload_transcoder& path = paths_[rule.path];
    if (ahead <= 0 && path.has_memory()) {
        ++packets_dropped_;
        octets_added_ -= static_cast<std::uint32_t>(view.payload().size());
        return {outcome::late};
    }
    if (ahead > 0) {
        media_rate_ = rule.clock_rate;
        sent_rate_ = out_rate_;
        if (rule.path != path_)
            begin(rule.path);
        else if (ahead > 1)
            path.miss(ahead - 1, work_);
    }
    const std::span<const std::uint8_t> payload = view.payload();
    const auto head = static_cast<std::size_t>(payload.data() - packet.data());
    const std::size_t room = std::min(storage.size(), rtp_relay::max_packet_size);
    const auto made = head > room
                          ? errc::buffer_too_small
                          : path.convert(payload, storage.subspan(head, room - head), work_);
    if (!made) {
        ++packets_dropped_;
        octets_added_ -= static_cast<std::uint32_t>(payload.size());
        return {outcome::refused};
    }
    octets_added_ += static_cast<std::uint32_t>(made->size - payload.size());

    const std::uint32_t timestamp = output_timestamp(rule.clock_rate, view.timestamp(), at);
    if (ahead > 0) duration_ = made->duration;
    std::memcpy(storage.data(), packet.data(), head);
    storage[0] = static_cast<std::uint8_t>(storage[0] & ~0x20U); // padding was the old payload's
    store_be32(&storage[4], timestamp);
    return {outcome::transcoded, head + made->size};
}

/// The timestamp of audio that is sent with the target's clock.
std::uint32_t leg_transcoder::output_timestamp(std::uint32_t clock_rate, std::uint32_t timestamp,
                                               const place& at) noexcept {
    clock& c = clock_of(clock_rate);
    c.scaler.advance(timestamp);
    std::uint32_t out = c.scaler.to_output(timestamp) + c.shift;
    if (at.ahead <= 0) return out;
    if (clock_rate != source_rate_ && !at.begins && duration_ != 0 &&
        at.ahead <= longest_continued) {
        // By the rewriter, which goes by the arrival times, this would be a little early or late.
        const double elapsed =
            static_cast<double>(rtpsynth::detail::elapsed_ns(arrival_, at.arrival)) * out_rate_ /
            1e9;
        std::uint32_t advance = duration_ * static_cast<std::uint32_t>(at.ahead);
        if (elapsed > advance + most_jitter * out_rate_) // a pause, or events, lie between
            advance = static_cast<std::uint32_t>(std::min(elapsed, most_advance));
        c.shift += timestamp_ + advance - out;
        out = timestamp_ + advance;
    }
    timestamp_ = out;
    source_rate_ = clock_rate;
    arrival_ = at.arrival;
    return out;
}

/// Another codec begins, or the same one with another source.
void leg_transcoder::begin(std::uint8_t path) noexcept {
    payload_transcoder& next = paths_[path];
    next.restart();
    // The listener's decoder of that codec has heard nothing meanwhile.
    if (encoder_ && encoder_ != &next.encoder()) next.encoder().reset();
    encoder_ = &next.encoder();
    path_ = path;
}

/// Audio that the other side understands.
void leg_transcoder::pass_audio(const type_rule& rule, const place& at,
                                std::span<std::uint8_t> packet) noexcept {
    const bool is_target_clock = rule.clock_rate == out_rate_;
    if (at.ahead > 0) {
        media_rate_ = sent_rate_ = rule.clock_rate;
        path_ = none;
        if (!is_target_clock) duration_ = source_rate_ = 0;
    }
    if (!is_target_clock) return; // a second clock beside the target's (RFC 7160)
    const std::uint32_t before = timestamp_;
    const bool has_before = source_rate_ != 0 && at.ahead == 1;
    const std::uint32_t timestamp = output_timestamp(out_rate_, load_be32(&packet[4]), at);
    store_be32(&packet[4], timestamp);
    if (has_before && timestamp - before <= out_rate_ / 8) duration_ = timestamp - before;
}

void leg_transcoder::pass(const type_rule& rule, const place& at,
                          std::span<std::uint8_t> packet) noexcept {
    if (rule.kind == payload_kind::media) return pass_audio(rule, at, packet);
    const bool is_event = rule.kind == payload_kind::event;
    if (!is_event && (rule.kind != payload_kind::comfort_noise || sent_rate_ != out_rate_)) return;
    const std::uint32_t rate = is_event ? rule.clock_rate : media_rate_;
    if (rate == out_rate_ && clock_of(rate).shift == 0) return;
    clock& c = clock_of(rate);
    const std::uint32_t before = load_be32(&packet[4]);
    c.scaler.advance(before);
    store_be32(&packet[4], c.scaler.to_output(before) + c.shift);
    if (!is_event || rate == out_rate_) return;
    rtp_packet_view view;
    if (view.assign(packet.data(), packet.size()) != errc{}) return;
    const auto head = static_cast<std::size_t>(view.payload().data() - packet.data());
    const std::size_t end = head + view.payload().size();
    for (std::size_t event = head; event + 4 <= end; event += 4) { // RFC 4733 §2.3
        const std::uint64_t duration =
            std::uint64_t{load_be16(&packet[event + 2])} * out_rate_ / rate;
        store_be16(&packet[event + 2],
                   static_cast<std::uint16_t>(std::min<std::uint64_t>(duration, 0xffff)));
    }
}

void leg_transcoder::to_output(std::span<std::uint8_t> compound) noexcept {
    const clock* const c = sent_rate_ == out_rate_ ? &clock_of(media_rate_) : nullptr;
    each_packet(compound, [&](std::uint8_t type, std::span<std::uint8_t> packet) {
        if (type != sender_report_type || packet.size() < 28) return;
        if (c) store_be32(&packet[16], c->scaler.to_output(load_be32(&packet[16])) + c->shift);
        store_be32(&packet[20], load_be32(&packet[20]) - packets_dropped_);
        store_be32(&packet[24], load_be32(&packet[24]) + octets_added_);
    });
}

void leg_transcoder::to_source(std::span<std::uint8_t> compound) const noexcept {
    if (media_rate_ == sent_rate_) return;
    each_packet(compound, [&](std::uint8_t type, std::span<std::uint8_t> packet) {
        if (type != sender_report_type && type != receiver_report_type) return;
        const std::size_t count = packet[0] & 0x1fU;
        std::size_t at = type == sender_report_type ? 28 : 8;
        for (std::size_t i = 0; i != count && at + 24 <= packet.size(); ++i, at += 24) {
            const std::uint64_t jitter =
                std::uint64_t{load_be32(&packet[at + 12])} * media_rate_ / sent_rate_;
            store_be32(&packet[at + 12],
                       static_cast<std::uint32_t>(std::min<std::uint64_t>(jitter, ~0U)));
        }
    });
}

} // namespace rtpsynth::asio_server::detail
