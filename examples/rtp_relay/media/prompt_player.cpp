#include "media/prompt_player.hpp"

#include <rtpsynth/base/random.hpp>

#include <boost/asio/bind_allocator.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <new>
#include <utility>

namespace relay {
namespace {

using namespace std::chrono_literals;

constexpr auto ptime = 20ms;
constexpr auto longest_delay = 200ms;

} // namespace

prompt_player::prompt_player(boost::asio::io_context& context) : timer_(context) {}

prompt_player::number prompt_player::start(std::shared_ptr<const prompt> what,
                                           std::int32_t repetitions, send_function send,
                                           std::function<void()> ended) {
    const number which = next_++;
    const auto origin = rtpsynth::stream_origin::draw(rtpsynth::system_random32);
    const auto at = playing_
                        .emplace(which, playing_prompt{std::move(what), repetitions,
                                                       std::move(send), std::move(ended),
                                                       rtpsynth::packet_synth(8000, ptime, origin)})
                        .first;
    at->second.synth.set_marker(true);
    if (is_waiting_) return which;
    timer_.expires_after(0ms);
    wait();
    return which;
}

void prompt_player::stop(number which) noexcept { playing_.erase(which); }

void prompt_player::wait() noexcept {
    try {
        timer_.async_wait(boost::asio::bind_allocator(
            common::operation_allocator<void>{*memory_},
            [this, memory = memory_](const boost::system::error_code& error) {
                is_waiting_ = false;
                if (!error) tick();
            }));
        is_waiting_ = true;
    } catch (const std::bad_alloc&) { // the next start() tries again
    }
}

void prompt_player::tick() {
    const auto now = std::chrono::steady_clock::now();
    timer_.expires_at(std::max(timer_.expiry() + ptime, now - longest_delay));
    if (!playing_.empty()) wait();
    for (auto at = playing_.begin(); at != playing_.end();) {
        if (send_next(at->second, now)) {
            ++at;
            continue;
        }
        auto last = playing_.extract(at++); // does not allocate
        last.mapped().ended();              // stops no other prompt
    }
}

/// Returns false after the last packet.
bool prompt_player::send_next(playing_prompt& p, rtpsynth::time_point now) {
    if (p.repetitions == 0) return false;
    std::array<std::uint8_t, rtpsynth::rtp_header_size + prompt::payload_size> packet;
    const auto payload = std::span(p.what->payloads).subspan(p.position, prompt::payload_size);
    const rtpsynth::packet_format format{.payload_size = payload.size(),
                                         .payload_type = p.what->payload_type};
    if (p.synth.write(now, format, packet, payload)) p.send(packet);
    p.position += prompt::payload_size;
    if (p.position != p.what->payloads.size()) return true;
    p.position = 0;
    if (p.repetitions > 0) --p.repetitions;
    return p.repetitions != 0;
}

} // namespace relay
