/// \file
/// Sends prompts as RTP, a packet every 20 ms.
#pragma once

#include "common/operation_memory.hpp"
#include "media/prompts.hpp"

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/rtp/packet_synth.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>

namespace relay {

/// Any number of prompts, under one timer, on a context that one thread runs. A program that was
/// suspended goes on where it was, and does not send what it has missed.
class prompt_player {
public:
    using number = std::uint64_t;
    using send_function = std::function<void(std::span<const std::uint8_t>)>;

    explicit prompt_player(boost::asio::io_context& context);

    /// \param repetitions of the whole prompt; -1: until stop()
    /// \param ended is called after the last packet, and not after stop()
    /// \return a number for stop()
    number start(std::shared_ptr<const prompt> what, std::int32_t repetitions, send_function send,
                 std::function<void()> ended);
    /// No-op for a number whose prompt has ended.
    void stop(number which) noexcept;

    std::size_t playing() const noexcept { return playing_.size(); }

private:
    struct playing_prompt {
        std::shared_ptr<const prompt> what;
        std::int32_t repetitions;
        send_function send;
        std::function<void()> ended;
        rtpsynth::packet_synth synth;
        std::size_t position = 0; // in bytes
    };

    void wait() noexcept;
    void tick();
    bool send_next(playing_prompt& p, rtpsynth::time_point now);

    // of the wait. The handler owns it, too: an operation may outlive this object.
    std::shared_ptr<common::operation_memory> memory_ =
        std::make_shared<common::operation_memory>();
    boost::asio::steady_timer timer_;
    bool is_waiting_ = false; // if not for lack of memory, while a prompt is played
    std::map<number, playing_prompt> playing_;
    number next_ = 1;
};

} // namespace relay
