#include "channel/output_queue.hpp"

#include <rtpsynth/asio_server/channel/rtp_channel.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <new>

namespace rtpsynth::asio_server::detail {

namespace error = boost::asio::error;

std::size_t output_batch::run(std::size_t most) const noexcept {
    const record* const first = &records[next_record];
    const std::size_t limit = std::min(most, remaining());
    std::size_t n = 1;
    while (n != limit && first[n].size == first->size && !first[n].cancelled &&
           first[n].to == first->to)
        ++n;
    return n;
}

void output_batch::clear() noexcept {
    // Memory that a single burst needed is not kept.
    constexpr std::size_t kept = 64 * 1024;
    if (bytes.capacity() > kept) bytes = {};
    bytes.clear();
    records.clear();
    next_record = next_byte = live = 0;
}

void output_batch::drop_cancelled() noexcept {
    auto from = bytes.begin(), to = from;
    auto kept = records.begin();
    for (auto& r : records) {
        const auto size = static_cast<std::ptrdiff_t>(r.size);
        if (!r.cancelled) {
            if (to != from)
                to = std::copy_n(from, size, to);
            else
                to += size;
            if (&*kept != &r) *kept = std::move(r);
            ++kept;
        }
        from += size;
    }
    bytes.erase(to, bytes.end());
    records.erase(kept, records.end());
}

void output_queue::set_target(const endpoint& to) noexcept {
    const std::lock_guard lock{mutex_};
    target_ = to;
}

std::optional<output_queue::endpoint> output_queue::target() const noexcept {
    const std::lock_guard lock{mutex_};
    return target_;
}

output_queue::error_code output_queue::check(std::span<const std::uint8_t> data,
                                             const endpoint*& to) const noexcept {
    if (closed()) return error::bad_descriptor;
    if (!to && target_) to = &*target_;
    if (!to) return error::not_connected;
    if (data.size() > max_datagram_size) return error::message_size;
    return {};
}

void output_queue::append(std::span<const std::uint8_t> data, const endpoint& to) {
    pending_.bytes.insert(pending_.bytes.end(), data.begin(), data.end());
    try {
        pending_.records.push_back({to, static_cast<std::uint32_t>(data.size())});
    } catch (...) {
        pending_.bytes.resize(pending_.bytes.size() - data.size());
        throw;
    }
    ++pending_.live;
    count(accepted_);
}

output_queue::queued output_queue::push(std::span<const std::uint8_t> data,
                                        const endpoint* to) noexcept {
    const std::lock_guard lock{mutex_};
    if (const error_code e = check(data, to)) return {e};
    if (full()) {
        count(refused_);
        return {error::would_block};
    }
    try {
        append(data, *to);
    } catch (const std::bad_alloc&) {
        return {error::no_memory};
    }
    return {{}, !std::exchange(announced_, true)};
}

output_queue::queued output_queue::push(std::span<const std::uint8_t> data, const endpoint* to,
                                        send_op_ptr& op) {
    const std::lock_guard lock{mutex_};
    if (const error_code e = check(data, to)) return {e};
    if (full()) {
        op->data = data;
        op->to = *to;
        waiting_.push(std::move(op));
    } else {
        append(data, *to);
        pending_.records.back().op = std::move(op);
    }
    return {{}, !std::exchange(announced_, true)};
}

bool output_queue::may_overtake(std::span<const std::uint8_t> data, const endpoint* to,
                                endpoint& target) const noexcept {
    const std::lock_guard lock{mutex_};
    if (check(data, to) || !pending_.records.empty() || !waiting_.empty() ||
        sending_.remaining() != 0)
        return false;
    target = *to;
    return true;
}

send_op_ptr output_queue::cancel(std::uint64_t id) noexcept {
    const std::lock_guard lock{mutex_};
    if (send_op_ptr op = waiting_.take(id)) return op;
    for (auto* const batch : {&pending_, &sending_})
        for (auto& record : batch->records)
            if (record.op && record.op->id == id) {
                send_op_ptr op = cancel(*batch, record);
                forget_cancelled();
                return op;
            }
    return nullptr;
}

send_op_list output_queue::cancel_all() noexcept {
    const std::lock_guard lock{mutex_};
    send_op_list ops;
    for (auto* const batch : {&sending_, &pending_})
        for (auto& record : batch->records)
            if (record.op) ops.push(cancel(*batch, record));
    forget_cancelled();
    while (!waiting_.empty()) ops.push(waiting_.pop());
    return ops;
}

send_op_ptr output_queue::cancel(output_batch& batch, output_batch::record& record) noexcept {
    record.cancelled = true;
    --batch.live;
    settled();
    count(cancelled_);
    return std::move(record.op);
}

void output_queue::forget_cancelled() noexcept {
    constexpr std::size_t few = 16;
    if (pending_.records.size() > 2 * pending_.live + few) pending_.drop_cancelled();
}

bool output_queue::refill(send_op_list& rejected) noexcept {
    const std::lock_guard lock{mutex_};
    sending_.clear();
    std::swap(sending_, pending_);
    while (!waiting_.empty() && sending_.live + pending_.live < capacity_) {
        send_op_ptr op = waiting_.pop();
        try {
            append(op->data, op->to);
            pending_.records.back().op = std::move(op);
        } catch (const std::bad_alloc&) {
            rejected.push(std::move(op));
        }
    }
    settled();
    const bool more = sending_.remaining() != 0 || pending_.live != 0;
    if (!more) announced_ = false;
    return more;
}

bool output_queue::close() noexcept {
    const std::lock_guard lock{mutex_};
    return !closed_.exchange(true);
}

send_op_list output_queue::take_waiting() noexcept {
    const std::lock_guard lock{mutex_};
    return std::move(waiting_);
}

} // namespace rtpsynth::asio_server::detail
