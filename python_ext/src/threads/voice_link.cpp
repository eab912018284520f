#include "threads/voice_link.hpp"

namespace rtpsynth::python {

void voice_operation::finish(boost::system::error_code result) noexcept {
    const std::lock_guard lock{mutex_};
    result_ = result;
    finished_ = true;
    changed_.notify_all();
}

bool voice_operation::wait_for(std::chrono::milliseconds time) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, time, [this] { return finished_; });
}

bool voice_link::put(const asio_server::audio_tick& tick,
                     std::span<const std::int16_t> pcm) noexcept {
    const std::lock_guard lock{mutex_};
    backlog_.push(tick, pcm);
    return wanted_;
}

bool voice_link::put(const asio_server::voice_event& event) noexcept {
    const std::lock_guard lock{mutex_};
    backlog_.push(event);
    return wanted_;
}

void voice_link::put(std::shared_ptr<voice_operation> finished) noexcept {
    const std::lock_guard lock{mutex_};
    std::shared_ptr<voice_operation>* end = &finished_;
    while (*end) end = &(*end)->next_;
    *end = std::move(finished);
}

bool voice_link::want() noexcept {
    const std::lock_guard lock{mutex_};
    wanted_ = true;
    return backlog_.empty();
}

void voice_link::unwant() noexcept {
    const std::lock_guard lock{mutex_};
    wanted_ = false;
}

bool voice_link::empty() const noexcept {
    const std::lock_guard lock{mutex_};
    return backlog_.empty();
}

std::shared_ptr<voice_operation> voice_link::take_finished() noexcept {
    const std::lock_guard lock{mutex_};
    auto first = std::move(finished_);
    if (first) finished_ = std::move(first->next_);
    return first;
}

std::pair<std::uint64_t, std::uint64_t> voice_link::lost() const noexcept {
    const std::lock_guard lock{mutex_};
    return {backlog_.audio_lost(), backlog_.events_lost()};
}

bool voice_list::add(const std::shared_ptr<voice_link>& link) noexcept {
    if (link->listed_.exchange(true, std::memory_order_acq_rel)) return false;
    (last_ != nullptr ? last_->next_ : first_) = link;
    last_ = link.get();
    return true;
}

std::shared_ptr<voice_link> voice_list::pop() noexcept {
    auto link = std::move(first_);
    if (!link) return link;
    first_ = std::move(link->next_);
    if (!first_) last_ = nullptr;
    link->listed_.store(false, std::memory_order_release);
    return link;
}

} // namespace rtpsynth::python
