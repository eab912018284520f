#include "stream/read_streams.hpp"

#include "common/progress_bar.hpp"
#include "network/dissector.hpp"

#include <cstdint>

namespace replay {
namespace {

constexpr std::uint64_t many_bytes = 16 * 1024 * 1024; // smaller files need no progress bar

/// Passes the packets of a capture to a stream finder.
class finder_feed final : public packet_listener {
public:
    explicit finder_feed(stream_finder& finder) : finder_(finder) {}

    void packet(const udp_packet& packet, rtpsynth::time_point arrival) override {
        finder_.add(packet, arrival);
    }
    void sip_bytes(const endpoint& source, const endpoint& destination, byte_span bytes,
                   rtpsynth::time_point arrival) override {
        finder_.add_tcp(source, destination, bytes, arrival);
    }

private:
    stream_finder& finder_;
};

/// Passes every frame of \p file to \p frames.
/// \throws capture_error where the file is damaged or truncated
void read_all(capture& file, dissector& frames) {
    common::progress_bar progress(file.size() >= many_bytes);
    while (const auto frame = file.next()) {
        if (progress.shown() && frames.counts().frames % 1024 == 0)
            progress.update(static_cast<double>(file.position()) /
                            static_cast<double>(file.size()));
        frames.add(*frame);
    }
}

} // namespace

std::string read_streams(capture& file, stream_finder& finder, frame_report& told) {
    finder_feed feed(finder);
    dissector frames(feed);
    std::string error;
    try {
        read_all(file, frames);
    } catch (const capture_error& e) {
        error =
            "ends early, after " + std::to_string(frames.counts().frames) + " frames: " + e.what();
    }
    frames.finish();
    finder.finish();
    told = {frames.counts(), frames.unknown_link_types()};
    return error;
}

} // namespace replay
