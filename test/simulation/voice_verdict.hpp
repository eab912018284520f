// What a voice_call must have been: no click, no stall, nothing uncounted.
#pragma once

#include "voice_call.hpp"

#include <rtpsynth/audio/telephone_event_receiver.hpp>
#include <rtpsynth/jitter/playout.hpp>
#include <rtpsynth/rtp/datagram_kind.hpp>
#include <rtpsynth/rtp/packet.hpp>
#include <rtpsynth/rtp/sequence.hpp>

#include <cstdio>
#include <map>

namespace simulation {

class verdict {
public:
    // \p is_strict: a stall is one, even if the machine was late
    // \p late: by how much any call was, since they have the same threads
    verdict(voice_call& c, bool is_strict, duration late)
        : call_(c), is_strict_(is_strict), late_(late), stats_(c.stream_->stats()) {
        sort_packets();
        check_counters();
        check_events();
        check_numbers();
        check_phone_hears();
        check_item();
        check_audio("the stream", *call_.heard_, kept_time());
    }

    // What is wrong; empty: nothing is.
    const std::string& fault() const { return fault_; }
    // How long the phone's old port was replied to after it had moved, in packets.
    std::size_t astray() const { return astray_; }
    int longest_gap() const { return longest_gap_; }

private:
    struct numbered {
        rtp_packet_view view;
        std::int64_t number; // of the stream's first: 0
    };

    void fail(const std::string& what) {
        if (!fault_.empty()) fault_ += "; ";
        fault_ += what;
    }
    void expect(std::uint64_t is, std::uint64_t must_be, const char* what) {
        if (is != must_be)
            fail(std::string(what) + ": " + std::to_string(is) + ", not " +
                 std::to_string(must_be));
    }
    // Otherwise the machine may have made a stall, or cut a digit.
    bool kept_time() const { return late_ < milliseconds(8); }

    // In the order in which they were sent: the phone's two sockets are not read in it.
    void sort_packets() {
        std::uint16_t first = 0;
        for (const phone_packet& p : call_.packets_) {
            const datagram_kind kind = classify(p.bytes);
            if (kind == datagram_kind::rtcp) ++rtcp_;
            if (kind != datagram_kind::rtp) continue;
            const auto view = rtp_packet_view::parse(p.bytes);
            if (!view) {
                fail("the phone got a malformed packet");
                continue;
            }
            if (packets_.empty()) first = view->seq();
            packets_.push_back({*view, seq_distance(view->seq(), first)});
            if (call_.moved_ && !p.at_new_port && has_moved_) ++astray_;
            has_moved_ |= p.at_new_port;
        }
        std::stable_sort(packets_.begin(), packets_.end(),
                         [](const auto& a, const auto& b) { return a.number < b.number; });
    }

    void check_counters() {
        const rtp_session_stats& s = stats_.session;
        const playout_stats& p = stats_.playout;
        const std::uint64_t rtp =
            s.rtp_accepted + s.rtp_probation + s.rtp_conflicts + s.rtp_left + s.rtp_refused;
        const std::uint64_t rtcp = s.rtcp_accepted + s.rtcp_probation + s.rtcp_conflicts +
                                   s.rtcp_left + s.rtcp_refused + s.rtcp_malformed;
        expect(stats_.rtp.received, call_.sent_, "received of the phone's packets");
        expect(rtp + rtcp + stats_.malformed + stats_.other + stats_.not_authentic +
                   stats_.latch.rejected + stats_.rtcp_rejected,
               stats_.rtp.received, "datagrams counted");
        expect(s.rtp_accepted + s.rtp_probation, rtp, "RTP accepted or on probation");
        expect(p.received + stats_.not_played, rtp, "RTP in playout or not played");
        expect(stats_.not_played, 0, "not played");
        expect(p.played + p.waiting + p.late + p.duplicate + p.discarded, p.received,
               "packets of playout");
        expect(p.duplicate, 0, "duplicates");
        if (kept_time()) expect(p.discarded, 0, "packets discarded");
        std::uint64_t kinds = 0;
        for (const std::uint64_t k : p.ticks) kinds += k;
        expect(call_.ticks_, kinds, "ticks handed out");
        expect(call_.skipped_, 0, "ticks skipped");
        expect(stats_.unsent + stats_.events_lost + stats_.audio_lost, 0,
               "packets unsent, or lost");
        expect(packets_.size(), stats_.sender.packets(), "packets at the phone");
        expect(packets_.size() + rtcp_, stats_.rtp.sent, "datagrams at the phone");
        expect(s.rtcp_sent, rtcp_, "reports at the phone");
        expect(s.collisions + s.looped, 0, "collisions");
        expect(stats_.sender.failed + stats_.sender.dry_runs, 0, "ticks without audio");
    }

    void check_events() {
        std::map<std::string, unsigned> seen;
        for (const voice_event& event : call_.events_) {
            ++seen[name_of(event)];
            if (const auto* up = std::get_if<digit_released>(&event))
                if (kept_time() &&
                    (up->length < milliseconds(80) || up->length > milliseconds(120)))
                    fail("the digit is " + std::to_string(up->length / milliseconds(1)) +
                         " ms long");
        }
        expect(seen["first"], 1, "first sources");
        expect(seen["changed"], call_.sources_, "changes of the source"); // and the move
        expect(seen["pressed 7"], 1, "digits pressed");
        expect(seen["released 7"], 1, "digits released");
        expect(call_.events_.size(), 3 + call_.sources_, "events");
        expect(call_.refused_, 0, "digits refused");
    }
    static std::string name_of(const voice_event& event) {
        if (const auto* source = std::get_if<source_changed>(&event))
            return source->first ? "first" : "changed";
        if (const auto* down = std::get_if<digit_pressed>(&event))
            return std::string("pressed ") + down->digit;
        if (const auto* up = std::get_if<digit_released>(&event))
            return std::string("released ") + up->digit;
        return "other";
    }

    static std::uint32_t clock_of(std::uint8_t type) { return type == 97 ? 16000 : 8000; }

    // Numbers have no gap, and timestamps none but for ticks that were missed.
    void check_numbers() {
        telephone_event_receiver digits(clock_of(*call_codecs[call_.codecs_[0]].payload_type));
        unsigned pressed = 0;
        std::int64_t skipped = 0;
        std::uint64_t markers = 0;
        const numbered* last_audio = nullptr;
        time_point at{};
        for (std::size_t i = 0; i != packets_.size(); ++i, at += ptime) {
            const numbered& p = packets_[i];
            if (p.number != static_cast<std::int64_t>(i)) {
                fail("a number is missing or sent twice");
                break;
            }
            if (p.view.ssrc() != packets_[0].view.ssrc()) fail("the stream's SSRC has changed");
            if (p.view.payload_type() == event_type) {
                for (const auto& change : digits.receive(p.view, at))
                    pressed += change.what == telephone_event_change::kind::began &&
                               digit_of(change.event) == '5';
                continue;
            }
            markers += p.view.marker();
            const std::uint32_t clock = clock_of(p.view.payload_type());
            if (last_audio && clock == clock_of(last_audio->view.payload_type())) {
                const auto step =
                    static_cast<std::int32_t>(p.view.timestamp() - last_audio->view.timestamp());
                const auto tick = static_cast<std::int32_t>(clock / 50);
                if (step % tick != 0) fail("a timestamp is no whole number of ticks");
                skipped += step / tick - (p.number - last_audio->number);
            }
            last_audio = &p;
        }
        if (pressed != 1) fail("the phone saw " + std::to_string(pressed) + " digits");
        if (skipped < 0 || skipped > static_cast<std::int64_t>(stats_.sender.missed))
            fail("timestamps skip " + std::to_string(skipped) + " ticks, of which " +
                 std::to_string(stats_.sender.missed) + " were missed");
        if (stats_.sender.missed == 0 && markers > 4) fail("too many markers");
    }

    // What a phone without a network in between hears.
    void check_phone_hears() {
        playout phone;
        for (const voice_codec& codec : call_codecs)
            phone.add_decoder(*codec.payload_type, codec_set{}.make_decoder(codec.encoding));
        phone.add_event(event_type);
        heard_audio heard(8000);
        std::array<std::int16_t, 160> pcm{};
        time_point at{std::chrono::seconds(1)};
        for (const numbered& p : packets_) {
            phone.insert(p.view, at);
            const playout_kind kind = phone.pull(at + milliseconds(10), pcm);
            heard.add(pcm, kind == playout_kind::concealed);
            heard_.push_back(pcm);
            at += ptime;
        }
        check_audio("the phone", heard, stats_.sender.missed == 0);
    }

    // The item that clear() says was sent so far is what the phone heard of it.
    void check_item() {
        if (!call_.cleared_ || call_.cleared_->item != 1) return fail("clear() gave no item");
        const auto ticks =
            static_cast<std::int64_t>(call_.cleared_->samples * 50 / call_.cleared_->rate);
        std::int64_t first = -1, second = -1;
        for (std::size_t i = 0; i != heard_.size(); ++i) {
            const bool is_first = amplitude(heard_[i], first_hz, 8000) > loudness * 0.7;
            const bool is_second = amplitude(heard_[i], second_hz, 8000) > loudness * 0.7;
            if (first < 0 && is_first) first = static_cast<std::int64_t>(i);
            if (second < 0 && is_second) second = static_cast<std::int64_t>(i);
            if (second >= 0 && is_first && static_cast<std::int64_t>(i) > second + 1)
                return fail("the first item goes on after clear()");
        }
        if (first < 0 || second < 0) return fail("an item was not heard");
        if (std::abs(second - first - ticks) > 2 + static_cast<std::int64_t>(stats_.sender.missed))
            fail("clear() says " + std::to_string(ticks) + " ticks, of " +
                 std::to_string(second - first));
    }

    // One gap is the digit. \p kept_time: so that nobody but the stream makes a stall
    void check_audio(const std::string& whose, const heard_audio& heard, bool kept_time) {
        if (!heard.is_heard()) return fail(whose + " hears nothing");
        if (heard.largest_step() > largest_step)
            fail(whose + " hears a click, a step of " + std::to_string(heard.largest_step()));
        const int gap = heard.longest_gap(longest_digit);
        longest_gap_ = std::max(longest_gap_, gap);
        if (gap > longest_stall && (kept_time || is_strict_))
            fail(whose + " hears nothing for " + std::to_string(gap) + " ms");
    }

    static constexpr int largest_step = 2600; // twice a tone's, as at 8 kHz
    static constexpr int longest_digit = 200; // ms
    static constexpr int longest_stall = 40;  // ms

    voice_call& call_;
    const bool is_strict_;
    const duration late_;
    const voice_stream_stats stats_;
    std::vector<numbered> packets_;
    std::vector<std::array<std::int16_t, 160>> heard_;
    std::uint64_t rtcp_ = 0;
    std::size_t astray_ = 0;
    bool has_moved_ = false;
    int longest_gap_ = 0;
    std::string fault_;
};

} // namespace simulation
