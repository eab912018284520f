#include "server/channel_registry.hpp"

#include <rtpsynth/asio_server/channel/rtp_channel.hpp>

#include <algorithm>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

constexpr std::uint64_t channel_stats::*counters[] = {
    &channel_stats::received,    &channel_stats::received_bytes, &channel_stats::rejected,
    &channel_stats::discarded,   &channel_stats::overflow,       &channel_stats::receive_errors,
    &channel_stats::accepted,    &channel_stats::sent,           &channel_stats::sent_bytes,
    &channel_stats::send_errors, &channel_stats::cancelled,      &channel_stats::queue_full};

} // namespace

void accumulate(channel_stats& sum, const channel_stats& s) noexcept {
    for (const auto counter : counters) sum.*counter += s.*counter;
    if (s.last_receive_error) sum.last_receive_error = s.last_receive_error;
    if (s.last_send_error) sum.last_send_error = s.last_send_error;
}

bool channel_registry::closing() const noexcept {
    const std::lock_guard lock{mutex_};
    return closing_;
}

std::uint64_t channel_registry::add(const std::shared_ptr<rtp_channel>& channel) {
    const std::lock_guard lock{mutex_};
    if (closing_) return 0;
    if (free_slots_.empty()) {
        free_slots_.reserve(slots_.size() + 1); // so that retire() needs no memory
        slots_.emplace_back();
        free_slots_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
    }
    const std::uint32_t index = free_slots_.back();
    free_slots_.pop_back();
    slots_[index].channel = channel;
    ++open_;
    return std::uint64_t{++slots_[index].generation} << 32 | index;
}

void channel_registry::closed(std::uint64_t token) noexcept {
    const std::lock_guard lock{mutex_};
    ++slots_[static_cast<std::uint32_t>(token)].generation;
    if (--open_ == 0) all_closed_.notify_all();
}

void channel_registry::retire(std::uint64_t token, const channel_stats& last) noexcept {
    const auto index = static_cast<std::uint32_t>(token);
    std::weak_ptr<rtp_channel> gone;
    const std::lock_guard lock{mutex_};
    accumulate(retired_, last);
    gone.swap(slots_[index].channel);
    free_slots_.push_back(index);
}

bool channel_registry::begin_closing() noexcept {
    const std::lock_guard lock{mutex_};
    return !std::exchange(closing_, true);
}

void channel_registry::wait_until_all_closed() noexcept {
    std::unique_lock lock{mutex_};
    all_closed_.wait(lock, [this] { return open_ == 0; });
}

void channel_registry::find(std::span<const ready_event> events,
                            std::span<std::shared_ptr<rtp_channel>> channels) const noexcept {
    const std::lock_guard lock{mutex_};
    for (std::size_t i = 0; i != events.size(); ++i) {
        const std::uint64_t token = events[i].token;
        if (token <= last_reserved_token) continue;
        const slot& s = slots_[static_cast<std::uint32_t>(token)];
        if (s.generation == token >> 32) channels[i] = s.channel.lock();
    }
}

std::size_t channel_registry::open() const noexcept {
    const std::lock_guard lock{mutex_};
    return open_;
}

std::size_t channel_registry::size() const noexcept {
    const std::lock_guard lock{mutex_};
    return slots_.size();
}

std::shared_ptr<rtp_channel> channel_registry::at(std::size_t index) const noexcept {
    const std::lock_guard lock{mutex_};
    return index < slots_.size() ? slots_[index].channel.lock() : nullptr;
}

server_stats channel_registry::stats() const noexcept {
    server_stats s;
    {
        const std::lock_guard lock{mutex_};
        s.channels = retired_;
        s.open_channels = open_;
    }
    for_each([&](const auto& channel) { accumulate(s.channels, channel->stats()); });
    // A channel that is being destroyed is in neither part of the sum. Monitoring systems take a
    // counter that falls for one that was reset, so return the larger value.
    const std::lock_guard lock{mutex_};
    for (const auto counter : counters)
        s.channels.*counter = told_.*counter = std::max(told_.*counter, s.channels.*counter);
    return s;
}

void channel_registry::close_inherited_channels() noexcept {
    if (!mutex_.try_lock()) return;
    for (const slot& s : slots_)
        if (const auto channel = s.channel.lock()) channel->close();
}

} // namespace rtpsynth::asio_server::detail
