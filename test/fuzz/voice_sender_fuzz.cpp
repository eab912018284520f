// Any calls of voice_sender at any times: its packets are those of one stream, no more of them than
// are due, and each sample and item is accounted for.
#include "reader.hpp"

#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/audio/voice_sender.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace rtpsynth;
using fuzz::check, fuzz::reader;
using namespace std::chrono_literals;

struct encoding {
    std::string_view name;
    std::uint8_t type;
};
constexpr std::array<encoding, 5> encodings{
    {{"PCMU/8000", 0}, {"PCMA/8000", 8}, {"G722/8000", 9}, {"L16/16000", 96}, {"L16/48000/2", 97}}};
constexpr std::array<std::uint32_t, 5> rates{4000, 8000, 11025, 24000, 48000};

sender_codec codec(reader& in) {
    const encoding e = in.one_of(encodings);
    sender_codec made{codec_set().make_encoder(e.name), e.type, 101, 13};
    if (in.byte() < 32) made.event_type.reset();
    return made;
}

stream_origin origin(reader& in) {
    return {static_cast<std::uint32_t>(in.number(2)), static_cast<std::uint32_t>(in.number(4)),
            static_cast<std::uint16_t>(in.number(2))};
}

class call {
public:
    explicit call(reader& in)
        : options_{.ptime = 10ms * (1 + in.byte() % 6),
                   .input_rate = in.one_of(rates),
                   .capacity = 10ms * (1 + in.byte() % 64),
                   .item_timeout = 10ms * in.byte(),
                   .idle = static_cast<idle_policy>(in.byte() % 3),
                   .max_burst = 1 + in.byte() % 4},
          sender_(codec(in), origin(in), now_, options_) {
        begin_stream();
    }

    void step(reader& in) {
        switch (in.byte() % 16) {
        case 0:
            sender_.end_item();
            break;
        case 1:
            clear();
            break;
        case 2:
            sender_.set_input_rate(in.one_of(rates));
            break;
        case 3:
            static_cast<void>(sender_.send_digits(
                "1#", {.on = 1ms * (1 + in.byte()), .off = 1ms * in.byte(), .volume = 10}));
            break;
        case 4:
            sender_.restart(origin(in));
            begin_stream();
            break;
        case 5:
            set_codec(in);
            break;
        case 6:
            now_ += in.byte() < 8 ? 1h * in.number(2) : 1ms * in.number(2);
            break;
        case 7:
            item_ = in.byte();
            break;
        case 8:
        case 9:
        case 10:
            push(in);
            break;
        default:
            now_ += options_.ptime;
            ticks();
        }
    }

    // All that is left.
    void finish() {
        sender_.end_item();
        for (int i = 0; i < 2000 && sender_.waiting() != 0; ++i) {
            now_ = sender_.due();
            ticks();
        }
        now_ = sender_.due();
        ticks();
        check(sender_.waiting() == 0 && !sender_.clear());
        check(ended_ + cleared_ == pushed_ && sender_.stats().samples + dropped_ == pushed_);
    }

private:
    void begin_stream() { seq_ = sender_.next_position().seq; }
    void push(reader& in) {
        std::vector<std::int16_t> pcm(in.number(2) % 3000);
        const unsigned kind = in.byte();
        for (std::size_t i = 0; i < pcm.size(); ++i)
            pcm[i] = static_cast<std::int16_t>(kind < 64 ? 32767 : kind * i * i);
        const std::size_t room = sender_.room();
        const std::size_t taken = sender_.push(pcm, item_).value();
        check(taken == std::min(room, pcm.size()) || taken == 0);
        check(sender_.room() == room - taken);
        pushed_ += taken;
    }
    void clear() {
        const std::size_t waited = sender_.waiting();
        const auto first = sender_.clear();
        check(first || waited == 0);
        dropped_ += waited;
        cleared_ = pushed_ - ended_;
        check(sender_.waiting() == 0 && sender_.stats().samples + dropped_ == pushed_);
    }
    void set_codec(reader& in) {
        sender_codec c = codec(in);
        const std::uint32_t ssrc = sender_.ssrc();
        stream_origin o = origin(in);
        o.ssrc = ssrc + 1;
        const std::size_t waited = sender_.waiting();
        sender_.set_codec(std::move(c), o);
        check(sender_.waiting() == waited);
        if (sender_.ssrc() != ssrc) begin_stream();
    }
    void ticks() {
        for (unsigned n = 0; sender_.due() <= now_; ++n) {
            check(n < options_.max_burst);
            out_.resize(sender_.max_packet());
            const sent_tick tick = sender_.next(now_, out_).value();
            for (const played_item& p : tick.ended) ended_ += p.samples;
            check((tick.size != 0) == (tick.kind != sent_kind::nothing));
            if (tick.size == 0) continue;
            const auto packet = rtp_packet_view::parse(std::span(out_).first(tick.size)).value();
            check(packet.ssrc() == sender_.ssrc() && packet.seq() == seq_++);
        }
        check(sender_.due() > now_ && sender_.due() - now_ <= options_.ptime);
        const voice_sender_stats s = sender_.stats();
        check(ended_ + (cleared_ - dropped_) <= s.samples);
        check(s.samples + dropped_ + sender_.waiting() == pushed_);
    }

    time_point now_{1000s};
    voice_sender_options options_;
    voice_sender sender_;
    std::vector<std::uint8_t> out_;
    std::uint16_t seq_ = 0;
    std::uint64_t item_ = 0;
    std::uint64_t pushed_ = 0, ended_ = 0;    // samples
    std::uint64_t dropped_ = 0, cleared_ = 0; // by clear(): that were not sent; of its items, all
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    reader in(data, size);
    call c(in);
    while (!in.empty()) c.step(in);
    c.finish();
    return 0;
}
