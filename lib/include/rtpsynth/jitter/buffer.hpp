/// \file
/// A jitter buffer that puts one RTP stream's packets back into order.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/error.hpp>
#include <rtpsynth/jitter/buffer_options.hpp>
#include <rtpsynth/jitter/buffer_stats.hpp>
#include <rtpsynth/jitter/detail/output_position.hpp>
#include <rtpsynth/jitter/detail/reorder_store.hpp>
#include <rtpsynth/jitter/erasure.hpp>
#include <rtpsynth/rtp/packet.hpp>
#include <rtpsynth/rtp/sequence.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace rtpsynth {

/// \addtogroup jitter
/// \{

/// Puts one stream's packets back into sequence order.
///
/// Packets leave in sequence order, each exactly once, with an erasure in the place of those that
/// are missing. When to play them is up to the caller. The buffer waits for missing packets until
/// it is full, or until a packet has waited `max_delay`. It drops duplicates and late packets.
///
/// A packet that does not fit the stream is held as a suspect: one of another SSRC, one far ahead
/// or far behind, and one that is behind while its timestamp is not. (A timestamp is behind if it
/// is at most 64 usual steps a packet behind and 16 usual steps ahead, as that of a B-frame may
/// be.) The next packet confirms the suspect if it is of the same SSRC and next in sequence;
/// otherwise the suspect is dropped as a stray. Two such packets end an outage if they are of the
/// stream's SSRC and their sequence numbers and timestamps have advanced together by whole usual
/// steps, less than 2^31 timestamp units altogether: an erasure of the true length goes before
/// them. Otherwise the sender has restarted: nothing was lost, what is buffered is handed out, and
/// an erasure with `restart` set joins the numberings. A sender that restarts at the number it had
/// reached, or one before, is not noticed, and a packet or two are dropped.
///
/// The usual step, in timestamp units a packet, is the first advance seen between two consecutive
/// packets, and then any that comes twice in a row.
///
/// Logical sequence numbers (`lseq`) are 64-bit and signed. They never wrap and never go back: lseq
/// modulo 65536 is the packet's own number, and every frame handed out starts where the one before
/// it ended, restarts included.
///
/// `Owner` is whatever the caller wants to keep with each packet, usually what keeps the datagram's
/// bytes alive: a shared buffer, a Python object, or std::monostate for nothing at all. It is moved
/// in with the packet and moved out with the frame, and needs a move constructor that cannot throw.
/// `Packet` is what the buffer keeps of the packet itself: a view, or, if the owner has the rest,
/// any type with seq(), timestamp() and ssrc() that can be copied without throwing.
///
/// Results go to a sink, any object that can be called in three ways:
///
///     sink(jitter_buffer<Owner>::frame&& f)                   // the next packet in sequence
///     sink(const erasure& gap)                                // what is missing before it
///     sink(drop_reason why, jitter_buffer<Owner>::frame&& f)  // a packet that is dropped
///
/// A frame given to a sink is the sink's to move from, during the call; what it leaves there is
/// destroyed right after. Preconditions: neither a sink nor an Owner's destructor calls the buffer
/// they are called by. A sink should not throw; if it does, the exception propagates, the frame it
/// was called with is gone, and everything else is either still inside or counted as dropped.
///
/// Complexity: O(1) per packet, amortised, at any capacity and disorder; with `max_delay`, as long
/// as arrival times do not go backwards (one that does costs a step per packet it goes behind).
/// Memory: sized at construction (about 70 bytes and an Owner per packet of capacity, touched only
/// as it is used). Nothing is allocated per packet; the index grows when a gap makes the numbers
/// held spread over more than four times the capacity, to 136 KB at most, and shrinks back when the
/// buffer has handed out all that it held.
///
/// Threads: distinct buffers are independent; one buffer must not be used by two threads at once.
template <class Owner, class Packet = rtp_packet_view>
class jitter_buffer {
public:
    using options = jitter_buffer_options;

    /// One packet and what is known of it.
    struct frame {
        Packet packet;
        std::int64_t lseq = 0; ///< logical sequence number; 0 in a suspect that was dropped
        time_point arrival{};
        [[no_unique_address]] Owner owner;
    };

    static constexpr std::size_t max_capacity = options::max_capacity;

    /// \throws std::invalid_argument if an option is out of range; std::bad_alloc
    explicit jitter_buffer(const options& o)
        : capacity_(static_cast<unsigned>(detail::checked(o).capacity)),
          unfilled_(capacity_ - 1),
          dropout_(static_cast<int>(std::min(std::max(o.max_dropout, 2 * capacity_), 65536U))),
          misorder_(static_cast<int>(std::min(o.max_misorder, 65536U))),
          store_(capacity_, o.max_delay.has_value()),
          max_delay_(o.max_delay) {}

    /// A moved-from buffer may only be destroyed or assigned to.
    jitter_buffer(jitter_buffer&&) noexcept = default;
    jitter_buffer& operator=(jitter_buffer&&) noexcept = default;

    /// Puts in one parsed packet that arrived at \p arrival. The view's bytes are not read. Fails
    /// only with errc::not_enough_memory; then nothing has changed and \p owner was not moved from.
    template <class Sink>
    [[nodiscard]] result<void> insert(const Packet& packet, Owner&& owner, time_point arrival,
                                      Sink&& sink) {
        if (pass(packet)) {
            sink(frame{packet, at_.top(), arrival, std::move(owner)});
            return {};
        }
        if (reorder(packet, std::move(owner), arrival, sink)) return {};
        // reorder() has left the owner alone. NOLINTNEXTLINE(bugprone-use-after-move)
        return insert_any(packet, std::move(owner), arrival, sink);
    }

    /// Parses \p datagram and puts it in. Fails like rtp_packet_view::parse, and counts it as
    /// invalid, or like insert; the packet is then not in the buffer and \p owner was not moved
    /// from.
    template <class Sink>
    [[nodiscard]] result<void> insert(std::span<const std::uint8_t> datagram, Owner&& owner,
                                      time_point arrival,
                                      Sink&& sink) requires std::same_as<Packet, rtp_packet_view> {
        rtp_packet_view packet;
        if (const errc e = packet.assign(datagram.data(), datagram.size()); e != errc{})
            [[unlikely]] {
            count_invalid();
            return e;
        }
        return insert(packet, std::move(owner), arrival, sink);
    }

    /// For callers that parse themselves: counts a datagram that is no RTP packet.
    void count_invalid() noexcept { ++stats_.invalid; }

    /// For bindings, the first part of insert: if the packet is the next in sequence and the buffer
    /// is empty, counts it as put in and handed out, with the number *last_lseq(), and returns
    /// true. Otherwise nothing has changed; give it to insert or reorder.
    [[nodiscard]] bool pass(const Packet& packet) noexcept {
        if (!alone_ || packet.ssrc() != at_.ssrc() || at_.beyond_next(packet) != 0) return false;
        ++stats_.received;
        at_.follow(packet);
        return true;
    }

    /// For bindings, the second part: if the packet has to wait for others, puts it in; if it is
    /// the next in sequence, hands out it and those that waited for it. Returns true if that was
    /// all there was to do. Otherwise nothing has changed, \p owner was not moved from, and the
    /// packet has to be given to insert.
    template <class Sink>
    [[nodiscard]] bool reorder(const Packet& packet, Owner&& owner, time_point arrival,
                               Sink&& sink) {
        if (!ordinary_ || packet.ssrc() != at_.ssrc() || store_.size() >= unfilled_) return false;
        const unsigned beyond = at_.beyond_next(packet);
        if (beyond == 0) {
            ++stats_.received;
            ordinary_ = alone_ = false; // should the sink throw, the others are still due
            at_.follow(packet);
            sink(frame{packet, at_.top(), arrival, std::move(owner)});
            hand_out_run(sink);
            ordinary_ = true;
            alone_ = store_.size() == 0;
            if (store_.is_wide()) [[unlikely]]
                settle();
            return true;
        }
        if (beyond >= reach_ ||
            !store_.try_emplace(packet, at_.top() + 1 + beyond, arrival, std::move(owner)))
            return false;
        alone_ = false;
        ++stats_.received;
        return true;
    }

    /// Hands out every packet that has waited max_delay by \p now, and what precedes it.
    template <class Sink>
    void expire(time_point now, Sink&& sink) {
        for (auto due = next_deadline(); due && *due <= now; due = next_deadline())
            release_run(sink);
        settle();
    }

    /// When to call expire; nullopt if the buffer is empty or has no max_delay.
    std::optional<time_point> next_deadline() const noexcept {
        if (!max_delay_ || store_.size() == 0) return std::nullopt;
        const duration arrival = store_.oldest().arrival.time_since_epoch();
        if (arrival > duration::max() - *max_delay_) return time_point::max();
        return time_point(arrival + *max_delay_);
    }

    /// Hands out all that is buffered, with erasures for the gaps, and drops a held suspect.
    template <class Sink>
    void flush(Sink&& sink) {
        while (store_.size() != 0) release_run(sink);
        if (held_) drop(take_held(), drop_reason::stray, sink);
        settle();
    }

    /// For bindings, whose garbage collectors have to see every owner: calls \p f with each frame
    /// inside, a suspect included, in no particular order. Only for an Owner whose destructor is
    /// not trivial.
    template <class F>
    void for_each(F&& f) const {
        store_.for_each(f);
        if (held_) f(*held_);
    }

    /// The logical sequence number that was handed out last; nullopt if none was.
    std::optional<std::int64_t> last_lseq() const noexcept {
        return at_.has_top() ? std::optional(at_.top()) : std::nullopt;
    }

    /// Packets that wait inside, a suspect not included.
    std::size_t size() const noexcept { return store_.size(); }
    /// Whether a suspect is held.
    bool has_suspect() const noexcept { return held_.has_value(); }
    std::size_t capacity() const noexcept { return capacity_; }
    const jitter_buffer_stats& stats() const noexcept { return stats_; }

private:
    template <class Sink>
    RTPSYNTH_NOINLINE result<void> insert_any(const Packet& packet, Owner&& owner,
                                              time_point arrival, Sink& sink) {
        ordinary_ = alone_ = false;
        while (store_.size() == capacity_) release_run(sink); // a sink has thrown before
        std::int64_t lseq;
        if (at_.has_last() || store_.size() != 0) {
            lseq = unwrap_seq(packet.seq(), at_.reference());
            if (is_suspect(packet, lseq - at_.reference())) {
                suspect(packet, std::move(owner), arrival, sink);
                settle();
                return {};
            }
        } else {
            lseq = at_.first_lseq(packet.seq());
        }
        const bool late = at_.has_last() && lseq <= at_.top();
        if (!late && !store_.reserve(std::min(at_.base(), lseq), lseq)) {
            settle();
            return errc::not_enough_memory;
        }

        if (store_.size() + 1 >= capacity_) purge_stale_tail(sink);
        if (held_) drop(take_held(), drop_reason::stray, sink);
        ++stats_.received;
        if (late || store_.contains(lseq)) {
            const bool known = !late || lseq == at_.top();
            drop({packet, lseq, arrival, std::move(owner)},
                 known ? drop_reason::duplicate : drop_reason::late, sink);
        } else {
            place(packet, lseq, arrival, std::move(owner), sink);
        }
        settle();
        return {};
    }

    bool is_suspect(const Packet& packet, std::int64_t ahead) const noexcept {
        return packet.ssrc() != at_.ssrc() || ahead > dropout_ || ahead < -misorder_ ||
               at_.is_from_behind_anew(packet, ahead);
    }

    /// Two suspects in a row confirm each other: a long loss if numbers and timestamps advanced
    /// together, else a sender that restarted, and a new stream starts with them.
    template <class Sink>
    void suspect(const Packet& packet, Owner&& owner, time_point arrival, Sink& sink) {
        if (!held_ || held_->packet.ssrc() != packet.ssrc() ||
            seq_distance(packet.seq(), held_->packet.seq()) != 1) {
            ++stats_.received;
            if (!held_) {
                held_.emplace(frame{packet, 0, arrival, std::move(owner)});
                return;
            }
            frame before = take_held();
            held_.emplace(frame{packet, 0, arrival, std::move(owner)});
            drop(std::move(before), drop_reason::stray, sink);
            return;
        }
        // Until the old stream is handed out, the suspect stays held and the owner the caller's.
        while (store_.size() != 0) release_run(sink);
        frame first = take_held();
        const std::int64_t lost = at_.lost_before(first.packet);
        if (lost < 0) {
            at_.end();
            ++stats_.restarts;
        }
        const std::int64_t lseq =
            lost < 0 ? at_.first_lseq(first.packet.seq()) : at_.top() + 1 + lost;
        place(first.packet, lseq, first.arrival, std::move(first.owner), sink);
        ++stats_.received;
        place(packet, lseq + 1, arrival, std::move(owner), sink);
    }

    /// Precondition: store_.reserve(lseq), and that place is free.
    template <class Sink>
    void place(const Packet& packet, std::int64_t lseq, time_point arrival, Owner&& owner,
               Sink& sink) {
        // A stream's very first packet, numbered 0, has nothing before it to wait for.
        const bool begins = !std::exchange(started_, true) && packet.seq() == 0;
        if (!at_.has_last()) {
            if (store_.size() == 0) at_.begin(packet, lseq);
            at_.include(lseq);
        }
        store_.try_emplace(packet, lseq, arrival, std::move(owner));
        if (begins || (at_.has_last() && is_due()) || store_.size() >= capacity_) release_run(sink);
    }

    /// Hands out the first packet, after an erasure if it does not follow the last one, and all
    /// that follow it without a gap. Precondition: the buffer is not empty.
    template <class Sink>
    void release_run(Sink& sink) {
        ordinary_ = alone_ = false;
        const frame& first = store_.first(at_.base());
        if (!at_.has_last() || first.lseq != at_.top() + 1) skip_gap(first, sink);
        store_.advance(at_.base());
        hand_out_run(sink);
    }

    template <class Sink>
    void skip_gap(const frame& after, Sink& sink) {
        const bool missing = at_.has_top() && after.lseq != at_.top() + 1;
        erasure gap{at_.top() + 1, after.lseq - 1, 0, !at_.has_last()};
        gap.ts_diff = at_.pass_over(after.packet, after.lseq);
        if (!missing) return; // the first packet of all, which may have any number
        ++stats_.erasures;
        if (!gap.restart)
            stats_.erased += static_cast<std::uint64_t>(gap.lseq_end - gap.lseq_start + 1);
        sink(std::as_const(gap));
    }

    /// Hands out all packets that follow the last one. Precondition: has_last(), and all that is in
    /// the window fits there.
    template <class Sink>
    void hand_out_run(Sink& sink) {
        for (unsigned count = 64; count == 64;) {
            count = store_.run(at_.top() + 1);
            if (count == 0) return;
            store_.take_run(at_.top() + 1, count, [&](frame& f) {
                at_.follow(f.packet);
                sink(std::move(f));
            });
        }
    }

    /// Whether the packet that follows the last one is inside.
    bool is_due() const noexcept {
        return store_.fits(at_.top() + 1) && store_.contains(at_.top() + 1);
    }

    template <class Sink>
    void drop(frame&& f, drop_reason why, Sink& sink) {
        stats_.count(why);
        sink(why, std::move(f));
    }

    /// A packet far ahead of its stream must not keep a nearly full buffer from doing its work.
    template <class Sink>
    void purge_stale_tail(Sink& sink) {
        if (store_.size() == 0 || store_.age_last() < capacity_) return;
        drop(std::move(*store_.take_last()), drop_reason::stale, sink);
    }

    frame take_held() noexcept {
        frame f = std::move(*held_);
        held_.reset();
        return f;
    }

    /// Decides whether pass and reorder may take packets, and from how far ahead.
    void settle() noexcept {
        if (store_.size() == 0 && store_.is_wide()) store_.shrink();
        ordinary_ = at_.has_last() && !held_ && !store_.has_far() && store_.fits(at_.top() + 1) &&
                    !store_.contains(at_.top() + 1);
        alone_ = ordinary_ && store_.size() == 0;
        reach_ = std::min({static_cast<unsigned>(dropout_), store_.width(), 32767U});
    }

    // Something was handed out, there is no suspect, nothing is due, and all fits the window.
    bool ordinary_ = false;
    bool alone_ = false; // ordinary_, and the buffer is empty
    bool started_ = false;
    unsigned reach_ = 0; // while ordinary_: how far ahead a packet has a place in the window
    unsigned capacity_;
    unsigned unfilled_; // with fewer packets inside than this, no tail can be stale
    int dropout_;
    int misorder_;
    detail::output_position at_;
    jitter_buffer_stats stats_;
    detail::reorder_store<frame> store_;
    std::optional<frame> held_; // a suspect, until the next packet confirms it or not
    std::optional<duration> max_delay_;
};

/// \}

} // namespace rtpsynth
