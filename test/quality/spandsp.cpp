// The plainest telephone: the first packet waits for a fixed time, every other is due 20 ms after
// the one before it, and spandsp's PLC fills in for those that have not come by then.
#include "playout.hpp"

#include <rtpsynth/audio/g711.hpp>

#include <spandsp.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace quality {
namespace {

class spandsp : public buffer {
public:
    explicit spandsp(double delay_ms)
        : delay_(std::llround(delay_ms * 1000)), plc_(plc_init(nullptr), plc_free) {}
    void insert(const rtpsynth::rtp_packet_view& packet, std::int64_t arrival) override {
        if (!has_begun_) {
            has_begun_ = true;
            next_ = packet.seq();
            start_ = arrival + delay_;
        }
        const auto payload = packet.payload();
        waiting_[packet.seq()].assign(payload.begin(), payload.end());
    }
    void pull(std::int64_t now, std::span<std::int16_t> pcm) override {
        std::fill(pcm.begin(), pcm.end(), std::int16_t{0});
        if (!has_begun_ || now < start_) return;
        const auto found = waiting_.find(next_);
        if (found == waiting_.end()) {
            plc_fillin(plc_.get(), pcm.data(), static_cast<int>(pcm.size()));
        } else {
            heard.push_back({next_, now});
            rtpsynth::ulaw_decode(found->second, pcm);
            plc_rx(plc_.get(), pcm.data(), static_cast<int>(pcm.size()));
        }
        waiting_.erase(waiting_.begin(), waiting_.upper_bound(next_));
        ++next_;
    }

private:
    std::int64_t delay_, start_ = 0;
    std::unique_ptr<plc_state_t, int (*)(plc_state_t*)> plc_;
    std::map<std::uint16_t, std::vector<std::uint8_t>> waiting_;
    std::uint16_t next_ = 0;
    bool has_begun_ = false;
};

} // namespace

std::unique_ptr<buffer> make_spandsp(double setting) { return std::make_unique<spandsp>(setting); }

} // namespace quality
