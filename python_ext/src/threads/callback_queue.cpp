#include "threads/callback_queue.hpp"

#include "channel_delivery.hpp"
#include "threads/gil.hpp"

#include <chrono>
#include <new>
#include <utility>
#include <variant>

namespace rtpsynth::python {

using asio_server::datagram_view;
using asio_server::media_frame;

namespace {

constexpr std::size_t overhead = 1024;
constexpr std::size_t kept_capacity = std::size_t{16} << 20;

std::size_t cost_of(const media_frame& frame) noexcept {
    const auto* packet = std::get_if<asio_server::rtp_frame>(&frame);
    return overhead + (packet != nullptr ? packet->owner.data().size() : 0);
}

} // namespace

void queued_work::end_batch() noexcept {
    const batch& b = next();
    b.to->waiting.fetch_sub(b.cost, std::memory_order_relaxed);
    ++batch_;
}

queued_work::taken_datagram queued_work::take_datagram() noexcept {
    const taken_datagram taken{datagrams[datagram_++], bytes.data() + byte_};
    byte_ += taken.size;
    if (--batches[batch_].datagrams == 0) end_batch();
    return taken;
}

std::span<media_frame> queued_work::take_frames() noexcept {
    const std::span<media_frame> taken{frames.data() + frame_, next().frames};
    frame_ += taken.size();
    end_batch();
    return taken;
}

std::shared_ptr<queued_call> queued_work::take_call() noexcept {
    return std::move(batches[batch_++].call);
}

void queued_work::skip() noexcept {
    if (next().call)
        static_cast<void>(take_call());
    else if (next().frames != 0)
        static_cast<void>(take_frames());
    else
        for (const std::size_t at = batch_; batch_ == at;) static_cast<void>(take_datagram());
}

void queued_work::clear() noexcept {
    if (cost > kept_capacity) { // after a flood
        *this = {};
        return;
    }
    voices = {};
    batches.clear();
    datagrams.clear();
    bytes.clear();
    frames.clear();
    cost = batch_ = datagram_ = byte_ = frame_ = 0;
}

bool callback_queue::has_room(const channel_link& to, std::size_t taken,
                              std::size_t more) const noexcept {
    return to.waiting.load(std::memory_order_relaxed) + taken + more <= channel_limit &&
           filling_.cost + taken + more <= server_limit;
}

void callback_queue::commit(const std::shared_ptr<channel_link>& to, queued_work::batch&& added) {
    to->waiting.fetch_add(added.cost, std::memory_order_relaxed);
    filling_.cost += added.cost;
    filling_.batches.back() = std::move(added);
    filled_.store(true, std::memory_order_release);
}

void callback_queue::tell(const wake_pipe& pipe) noexcept {
    if (!has_work()) return;
    const std::lock_guard lock{mutex_};
    if (has_work() && !std::exchange(told_, true)) pipe.notify();
}

void callback_queue::push(const std::shared_ptr<voice_link>& link) noexcept {
    const std::lock_guard lock{mutex_};
    if (!stopped() && filling_.voices.add(link)) filled_.store(true, std::memory_order_release);
}

void callback_queue::push(const std::shared_ptr<channel_link>& to,
                          std::span<const datagram_view> datagrams) noexcept {
    const std::lock_guard lock{mutex_};
    if (stopped()) return;
    queued_work::batch added{to, 0, 0, 0};
    const std::size_t batches = filling_.batches.size();
    const std::size_t bytes = filling_.bytes.size(), records = filling_.datagrams.size();
    std::size_t left = datagrams.size();
    try {
        filling_.batches.emplace_back();
        for (const datagram_view& d : datagrams) {
            if (!has_room(*to, added.cost, overhead + d.data.size())) break;
            filling_.bytes.insert(filling_.bytes.end(), d.data.begin(), d.data.end());
            filling_.datagrams.push_back(
                {d.source, d.received_at, static_cast<std::uint32_t>(d.data.size())});
            added.cost += overhead + d.data.size();
            ++added.datagrams;
            --left;
        }
    } catch (const std::bad_alloc&) { // then none is taken
        left = datagrams.size();
        filling_.bytes.resize(bytes);
        filling_.datagrams.resize(records);
        added = {to, 0, 0, 0};
    }
    count_lost(to->datagrams_lost, left);
    if (added.datagrams != 0)
        commit(to, std::move(added));
    else if (filling_.batches.size() != batches)
        filling_.batches.pop_back();
}

void callback_queue::push(const std::shared_ptr<channel_link>& to,
                          std::span<media_frame> frames) noexcept {
    const std::lock_guard lock{mutex_};
    if (stopped()) return;
    queued_work::batch added{to, 0, 0, 0};
    const std::size_t batches = filling_.batches.size();
    std::size_t left = frames.size();
    try {
        filling_.batches.emplace_back();
        for (media_frame& f : frames) {
            const std::size_t cost = cost_of(f);
            if (!has_room(*to, added.cost, cost)) break;
            filling_.frames.push_back(std::move(f));
            added.cost += cost;
            ++added.frames;
            --left;
        }
    } catch (const std::bad_alloc&) {
    }
    count_lost(to->frames_lost, left);
    if (added.frames != 0)
        commit(to, std::move(added));
    else if (filling_.batches.size() != batches)
        filling_.batches.pop_back();
}

bool callback_queue::push(std::shared_ptr<queued_call> call) noexcept {
    const std::lock_guard lock{mutex_};
    if (stopped()) return false;
    try {
        filling_.batches.push_back({nullptr, 0, 0, 0, std::move(call)});
    } catch (const std::bad_alloc&) {
        return false;
    }
    filled_.store(true, std::memory_order_release);
    return true;
}

void callback_queue::count_lost(std::atomic<std::uint64_t>& of_channel,
                                std::size_t count) noexcept {
    of_channel.fetch_add(count, std::memory_order_relaxed);
    lost_.fetch_add(count, std::memory_order_relaxed);
}

void callback_queue::stop() noexcept {
    const std::lock_guard lock{mutex_};
    stopped_.store(true, std::memory_order_relaxed);
}

bool callback_queue::take(queued_work& out) {
    out.clear();
    if (!has_work()) return false;
    const std::lock_guard lock{mutex_};
    filled_.store(false, std::memory_order_relaxed);
    told_ = false;
    if (stopped() || filling_.done()) return false;
    std::swap(out, filling_);
    return true;
}

void callback_queue::deliver(queued_work& in, python_thread& python) {
    while (!stopped() && !in.done()) {
        deliver_next(in, *this);
        python.breathe();
    }
}

} // namespace rtpsynth::python
