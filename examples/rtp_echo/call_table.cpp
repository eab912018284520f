#include "call_table.hpp"

#include <rtpsynth/rtp/datagram_kind.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <new>
#include <optional>
#include <utility>

namespace echo {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr std::size_t at_once = 64; // reports in a row, before datagrams are read again
constexpr auto least_pause = 1ms;   // between two rows of reports, so that more are sent at a time

} // namespace

call_table::call_table(boost::asio::any_io_executor executor, const program_options& options)
    : options_(options),
      timer_(std::move(executor), rtpsynth::time_point::max()),
      wheel_(clock::now()) {}

void call_table::take(rtpsynth::asio_server::rtp_channel& channel,
                      const rtpsynth::asio_server::datagram_view& datagram) noexcept {
    const rtpsynth::datagram_kind kind = rtpsynth::classify(datagram.data);
    const bool is_rtcp = kind == rtpsynth::datagram_kind::rtcp;
    if (is_rtcp || kind == rtpsynth::datagram_kind::rtp) {
        if (call* const found = find({&channel, datagram.source}, datagram.received_at)) {
            found->take(datagram, is_rtcp, scratch_, totals_);
            const rtpsynth::time_point due = found->due();
            // If due() has become later, the timer is armed again when it expires.
            if (!found->armed() || due < found->deadline()) wheel_.arm(*found, due);
            return;
        }
        if (is_rtcp || options_.srtp) {
            ++totals_.refused;
            return;
        }
    }
    const auto error = channel.try_send_to(datagram.data, datagram.source);
    if (error && error != boost::asio::error::would_block) ++totals_.not_answerable;
}

// Null if there is no room or memory.
call* call_table::find(const call_address& at, rtpsynth::time_point now) noexcept {
    try {
        if (const auto found = calls_.find(at); found != calls_.end()) return found->second.get();
        if (calls_.size() >= max_calls) return nullptr;
        return calls_.emplace(at, std::make_unique<call>(options_, at, now)).first->second.get();
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void call_table::set_timer() {
    if (has_ended_) return;
    const auto next = wheel_.next_deadline();
    if (!next || *next >= timer_.expiry()) return;
    timer_.expires_at(*next);
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error) serve();
    });
}

void call_table::serve() {
    if (has_ended_) return;
    const auto now = clock::now();
    const auto progress = wheel_.advance(now, at_once, [&](rtpsynth::timer_wheel::timer& timer) {
        auto& due = static_cast<call&>(timer);
        if (due.is_over(now)) {
            calls_.erase(call_address(due.at()));
            return;
        }
        due.report(now, scratch_, totals_);
        wheel_.arm(due, due.due());
    });
    const auto next =
        progress.more ? std::optional<rtpsynth::time_point>(now) : wheel_.next_deadline();
    timer_.expires_at(next ? std::max<rtpsynth::time_point>(*next, now + least_pause)
                           : rtpsynth::time_point::max());
    if (!next) return;
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error) serve();
    });
}

void call_table::leave() noexcept {
    has_ended_ = true;
    timer_.cancel(); // otherwise it would keep the server from ending
    const auto now = clock::now();
    for (const auto& [at, call] : calls_) call->leave(now, scratch_, totals_);
}

} // namespace echo
