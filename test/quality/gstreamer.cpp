// GStreamer's rtpjitterbuffer on a test clock, and what its documentation says of the sink behind
// it: a buffer is rendered at its time stamp and the latency, moved up to the next tick here. As
// audiobasesink does, what is off by less than 40 ms is rendered without a gap or an overlap. What
// is lost is silence, since mulawdec conceals nothing.
#include "playout.hpp"

#include <rtpsynth/audio/g711.hpp>

#include <gst/check/gstharness.h>
#include <gst/check/gsttestclock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <stdexcept>

namespace quality {
namespace {

constexpr std::int64_t tick = packet_us * 8 / 1000; // samples

class gstreamer : public buffer {
public:
    explicit gstreamer(double latency_ms) : latency_(std::llround(latency_ms)) {
        gst_init(nullptr, nullptr);
        harness_ = gst_harness_new("rtpjitterbuffer");
        if (!harness_) throw std::runtime_error("no rtpjitterbuffer");
        g_object_set(harness_->element, "latency", static_cast<guint>(latency_), nullptr);
        gst_harness_set_src_caps_str(harness_, "application/x-rtp,media=audio,payload=0,"
                                               "clock-rate=8000,encoding-name=PCMU");
        clock_ = gst_harness_get_testclock(harness_);
    }
    ~gstreamer() override {
        gst_object_unref(clock_);
        gst_harness_teardown(harness_);
    }
    void insert(const rtpsynth::rtp_packet_view& packet, std::int64_t arrival) override {
        advance(arrival);
        const auto datagram = packet.datagram();
        GstBuffer* const b =
            gst_buffer_new_memdup(datagram.data(), static_cast<gsize>(datagram.size()));
        GST_BUFFER_DTS(b) = GST_BUFFER_PTS(b) = static_cast<GstClockTime>(arrival) * 1000;
        if (packet.seq() >= next_) inside_.insert(packet.seq());
        gst_harness_push(harness_, b);
        settle();
    }
    void pull(std::int64_t now, std::span<std::int16_t> pcm) override {
        advance(now);
        start_ = now * 8 / 1000;
        collect();
        const auto end = static_cast<std::size_t>(start_) + pcm.size();
        if (timeline_.size() < end) timeline_.resize(end);
        std::copy_n(timeline_.begin() + start_, pcm.size(), pcm.begin());
        start_ += static_cast<std::int64_t>(pcm.size());
    }

private:
    // Fires the timers of the element until then.
    void advance(std::int64_t us) {
        const auto now = static_cast<GstClockTime>(us) * 1000;
        for (GstClockID id = nullptr; gst_test_clock_peek_next_pending_id(clock_, &id);) {
            const bool is_due = gst_clock_id_get_time(id) <= now;
            gst_clock_id_unref(id);
            if (!is_due) break;
            gst_harness_crank_single_clock_wait(harness_);
            settle();
        }
        if (gst_clock_get_time(GST_CLOCK(clock_)) < now) gst_harness_set_time(harness_, now);
    }
    // Its thread is done when everything is out, or it waits for the clock again.
    void settle() {
        for (int i = 0; i < 100'000; ++i) {
            collect();
            if (inside_.empty() || gst_test_clock_peek_id_count(clock_) > 0) return;
            g_usleep(50);
        }
        throw std::runtime_error("rtpjitterbuffer neither gives its packets nor waits");
    }
    void collect() {
        while (GstBuffer* const b = gst_harness_try_pull(harness_)) {
            std::array<std::uint8_t, 12 + packet_samples> bytes{};
            if (gst_buffer_extract(b, 0, bytes.data(), bytes.size()) == bytes.size())
                render(bytes, static_cast<std::int64_t>(GST_BUFFER_PTS(b) / 1000));
            gst_buffer_unref(b);
        }
    }
    void render(std::span<const std::uint8_t> packet, std::int64_t stamp) {
        const auto seq = static_cast<std::uint16_t>(packet[2] << 8 | packet[3]);
        inside_.erase(inside_.begin(), inside_.upper_bound(seq));
        if (seq < next_) return;
        expected_ += (seq - next_) * packet_samples;
        next_ = seq + 1U;
        const std::int64_t at = stamp * 8 / 1000 + latency_ * 8;
        const std::int64_t off = at - (expected_ - lag_);
        if (!has_begun_ || off >= 320 || off <= -320) {
            expected_ = (at + tick - 1) / tick * tick;
            lag_ = expected_ - at;
            has_begun_ = true;
        }
        if (expected_ >= start_) {
            const auto end = static_cast<std::size_t>(expected_ + tick);
            if (timeline_.size() < end) timeline_.resize(end);
            rtpsynth::ulaw_decode(packet.subspan(12),
                                  std::span(timeline_).subspan(end - packet_samples));
            heard.push_back({seq, expected_ / tick * packet_us});
        }
        expected_ += packet_samples;
    }

    std::int64_t latency_; // ms
    GstHarness* harness_ = nullptr;
    GstTestClock* clock_ = nullptr;
    std::set<std::uint16_t> inside_; // that were put in and have not come out
    std::uint32_t next_ = 0;
    std::vector<std::int16_t> timeline_;
    std::int64_t expected_ = 0, lag_ = 0; // sample of the next packet; what it was moved up by
    std::int64_t start_ = 0;              // sample that is pulled next
    bool has_begun_ = false;
};

} // namespace

std::unique_ptr<buffer> make_gstreamer(double setting) {
    return std::make_unique<gstreamer>(setting);
}

} // namespace quality
