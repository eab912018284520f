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

void callback_queue::contents::clear() noexcept {
    if (cost > kept_capacity) { // after a flood
        *this = {};
        return;
    }
    batches.clear();
    datagrams.clear();
    bytes.clear();
    frames.clear();
    cost = 0;
}

bool callback_queue::has_room(const channel_link& to, std::size_t taken,
                              std::size_t more) const noexcept {
    return to.waiting.load(std::memory_order_relaxed) + taken + more <= channel_limit &&
           filling_.cost + taken + more <= server_limit;
}

void callback_queue::commit(const std::shared_ptr<channel_link>& to, batch&& added) {
    to->waiting.fetch_add(added.cost, std::memory_order_relaxed);
    filling_.cost += added.cost;
    filling_.batches.back() = std::move(added);
    changed_.notify_one();
}

void callback_queue::push(const std::shared_ptr<channel_link>& to,
                          std::span<const datagram_view> datagrams) noexcept {
    const std::lock_guard lock{mutex_};
    if (stopped()) return;
    batch added{to, 0, 0, 0};
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
    else if (!filling_.batches.empty() && !filling_.batches.back().to)
        filling_.batches.pop_back();
}

void callback_queue::push(const std::shared_ptr<channel_link>& to,
                          std::span<media_frame> frames) noexcept {
    const std::lock_guard lock{mutex_};
    if (stopped()) return;
    batch added{to, 0, 0, 0};
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
    else if (!filling_.batches.empty() && !filling_.batches.back().to)
        filling_.batches.pop_back();
}

void callback_queue::count_lost(std::atomic<std::uint64_t>& of_channel,
                                std::size_t count) noexcept {
    of_channel.fetch_add(count, std::memory_order_relaxed);
    lost_.fetch_add(count, std::memory_order_relaxed);
}

void callback_queue::stop() noexcept {
    const std::lock_guard lock{mutex_};
    stopped_.store(true, std::memory_order_relaxed);
    changed_.notify_one();
}

bool callback_queue::take(contents& out, bool wait) {
    out.clear();
    std::unique_lock lock{mutex_};
    if (wait) changed_.wait(lock, [this] { return stopped() || !filling_.batches.empty(); });
    if (stopped() || filling_.batches.empty()) return false;
    std::swap(out, filling_);
    return true;
}

void callback_queue::deliver(contents& in, python_thread& python) {
    const std::uint8_t* bytes = in.bytes.data();
    const queued_datagram* datagrams = in.datagrams.data();
    media_frame* frames = in.frames.data();
    for (const batch& b : in.batches) {
        if (stopped()) return;
        if (b.datagrams != 0) {
            deliver_datagrams(*b.to, {datagrams, b.datagrams}, bytes, *this);
            for (const auto* end = datagrams + b.datagrams; datagrams != end; ++datagrams)
                bytes += datagrams->size;
        } else {
            deliver_frames(*b.to, {frames, b.frames}, *this);
            frames += b.frames;
        }
        b.to->waiting.fetch_sub(b.cost, std::memory_order_relaxed);
        python.breathe();
    }
}

void callback_queue::run(python_thread& python) {
    contents taken;
    for (;;) {
        if (!take(taken, false)) { // nothing more to do for now
            if (python.has_gil()) python.release();
            if (!take(taken, true)) return;
        }
        if (!python.has_gil()) python.take(); // if there was work from the start
        interpreter_scope scope;
        deliver(taken, python);
        scope.leave();
    }
}

} // namespace rtpsynth::python
