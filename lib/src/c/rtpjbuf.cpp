#include <rtpjbuf.h>

#include "block_cache.hpp"
#include "erasure_list.hpp"
#include "packet_info.hpp"

#include <rtpsynth/base/error.hpp>
#include <rtpsynth/jitter/buffer.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>

using namespace rtpsynth;

static_assert(RJB_ENOMEM == static_cast<int>(errc::not_enough_memory));

namespace {

// A packet's frame is allocated when the packet is put in, so that returning it cannot fail.
struct packet_frame : rtp_frame {
    rjb_drop_reason why;
};
using frame_memory = detail::block_cache<sizeof(packet_frame), 1024>;
static_assert(std::is_trivially_destructible_v<packet_frame>);

// The part of a packet that the jitter buffer keeps; its frame has the rest.
class packet_numbers {
public:
    explicit packet_numbers(const rtp_info& i) noexcept
        : timestamp_(i.ts), ssrc_(i.ssrc), seq_(i.seq) {}
    std::uint32_t timestamp() const noexcept { return timestamp_; }
    std::uint32_t ssrc() const noexcept { return ssrc_; }
    std::uint16_t seq() const noexcept { return seq_; }

private:
    std::uint32_t timestamp_;
    std::uint32_t ssrc_;
    std::uint16_t seq_;
};

using frame_owner = packet_frame*; // released explicitly, so that moving it costs nothing
using frame_buffer = jitter_buffer<frame_owner, packet_numbers>;

// A sink that releases frames.
struct frame_releaser {
    void operator()(frame_buffer::frame&& f) const noexcept { frame_memory::release(f.owner); }
    void operator()(drop_reason, frame_buffer::frame&& f) const noexcept {
        frame_memory::release(f.owner);
    }
    void operator()(const erasure&) const noexcept {}
};

// Owns the frames in the buffer.
struct c_buffer {
    frame_buffer frames;
    detail::erasure_list erasures;

    explicit c_buffer(const jitter_buffer_options& o) : frames(o) {}
    c_buffer(const c_buffer&) = delete;
    c_buffer& operator=(const c_buffer&) = delete;
    ~c_buffer() { frames.flush(frame_releaser()); }
};

// Makes a frame without its lseq.
inline packet_frame* make_frame(void* memory, const rtp_packet_view& packet,
                                std::uint64_t count) noexcept {
    auto* const f = ::new (memory) packet_frame;
    f->type = RFT_RTP;
    detail::fill(f->rtp.info, packet);
    f->rtp.jbcnt = count;
    f->rtp.data = packet.datagram().data();
    f->next = nullptr;
    f->why = RJB_DROP_NONE;
    return f;
}

inline packet_frame* new_frame(const c_buffer& buffer, const rtp_packet_view& packet) noexcept {
    void* const memory = frame_memory::allocate();
    if (memory == nullptr) [[unlikely]]
        return nullptr;
    return make_frame(memory, packet, buffer.frames.stats().received + 1);
}

// Links the output of the jitter buffer into the two lists of a result.
class list_sink {
public:
    using frame = frame_buffer::frame;

    list_sink(detail::erasure_list& erasures, rjb_udp_in_r& result) noexcept
        : erasures_(erasures), ready_(&result.ready), drop_(&result.drop) {}
    list_sink(const list_sink&) = delete;
    list_sink& operator=(const list_sink&) = delete;

    void pass(packet_frame* f, std::int64_t lseq) noexcept { append(ready_, f, lseq); }
    void operator()(frame&& f) noexcept { pass(f.owner, f.lseq); }
    RTPSYNTH_NOINLINE void operator()(drop_reason why, frame&& f) noexcept {
        static_assert(static_cast<int>(drop_reason::duplicate) + 1 == RJB_DROP_DUPLICATE);
        static_assert(static_cast<int>(drop_reason::stray) + 1 == RJB_DROP_STRAY);
        f.owner->why = static_cast<rjb_drop_reason>(static_cast<int>(why) + 1);
        append(drop_, f.owner, f.lseq);
    }
    RTPSYNTH_NOINLINE void operator()(const erasure& gap) noexcept {
        rtp_frame* const f = erasures_.next();
        f->type = RFT_ERS;
        f->ers = {static_cast<std::uint64_t>(gap.lseq_start),
                  static_cast<std::uint64_t>(gap.lseq_end), gap.ts_diff, gap.restart};
        f->next = nullptr;
        append(ready_, f);
    }

private:
    static void append(rtp_frame**& end, packet_frame* f, std::int64_t lseq) noexcept {
        f->rtp.lseq = static_cast<std::uint64_t>(lseq);
        append(end, f);
    }
    static void append(rtp_frame**& end, rtp_frame* f) noexcept {
        *end = f;
        end = &f->next;
    }

    detail::erasure_list& erasures_;
    rtp_frame** ready_;
    rtp_frame** drop_;
};

RTPSYNTH_NOINLINE void put(rjb_udp_in_r& out, c_buffer& buffer, packet_frame* f,
                           time_point arrival) noexcept {
    // A packet causes one erasure, unless it confirms a suspect.
    const std::size_t erasures = buffer.frames.has_suspect() ? buffer.frames.size() + 2 : 1;
    list_sink sink(buffer.erasures, out);
    if (buffer.erasures.begin(erasures) &&
        buffer.frames.insert(packet_numbers(f->rtp.info), frame_owner{f}, arrival, sink))
        return;
    frame_memory::release(f);
    out.error = RJB_ENOMEM;
}

// The rare cases: not a plain datagram, a payload whose samples must be counted, or an empty memory
// cache.
RTPSYNTH_NOINLINE void udp_in_odd(rjb_udp_in_r& out, c_buffer* buffer, const unsigned char* data,
                                  std::size_t size, time_point arrival) noexcept {
    out.error = RJB_ENOMEM;
    if (buffer == nullptr) return;
    rtp_packet_view packet;
    if (const errc e = packet.assign(data, data == nullptr ? 0 : size); e != errc{}) {
        buffer->frames.count_invalid();
        out.error = static_cast<int>(e);
    } else if (packet_frame* const f = new_frame(*buffer, packet)) {
        out.error = 0;
        put(out, *buffer, f, arrival);
    }
}

// A packet that may have to wait for others, or that others wait for.
RTPSYNTH_NOINLINE void reorder(rjb_udp_in_r& out, c_buffer& buffer, packet_frame* f,
                               time_point arrival) noexcept {
    if (!buffer.frames.reorder(packet_numbers(f->rtp.info), frame_owner{f}, arrival,
                               list_sink(buffer.erasures, out)))
        put(out, buffer, f, arrival);
}

// The usual packet, which is next in sequence, needs no call.
inline rjb_udp_in_r udp_in(void* jb, const unsigned char* data, std::size_t size,
                           std::int64_t now_ns) noexcept {
    rjb_udp_in_r out{0, nullptr, nullptr};
    auto* const buffer = static_cast<c_buffer*>(jb);
    const time_point arrival{duration(now_ns)};
    rtp_packet_view packet;
    if (buffer == nullptr || data == nullptr || !packet.assign_plain(data, size) ||
        !detail::is_counted_at_once(packet) || !frame_memory::is_ready()) [[unlikely]] {
        udp_in_odd(out, buffer, data, size, arrival);
        return out;
    }
    packet_frame* const f = new_frame(*buffer, packet);
    if (buffer->frames.pass(packet_numbers(f->rtp.info))) {
        f->rtp.lseq = static_cast<std::uint64_t>(*buffer->frames.last_lseq());
        out.ready = f;
    } else {
        reorder(out, *buffer, f, arrival);
    }
    return out;
}

// Puts in one of many datagrams. Returns false without memory.
inline bool udp_in_next(c_buffer& buffer, const rjb_datagram& datagram, time_point arrival,
                        list_sink& sink) noexcept {
    rtp_packet_view packet;
    if (packet.assign(datagram.data, datagram.data == nullptr ? 0 : datagram.size) != errc{})
        [[unlikely]] {
        buffer.frames.count_invalid();
        return true;
    }
    packet_frame* f = new_frame(buffer, packet);
    if (f == nullptr) [[unlikely]]
        return false;
    const packet_numbers numbers(f->rtp.info);
    if (buffer.frames.pass(numbers)) {
        sink.pass(f, *buffer.frames.last_lseq());
        return true;
    }
    if (buffer.frames.insert(numbers, frame_owner{f}, arrival, sink)) [[likely]]
        return true;
    frame_memory::release(f);
    return false;
}

} // namespace

void* rtpjbuf_ctor(unsigned int capacity) {
    const rtpjbuf_opts opts = RTPJBUF_OPTS_INIT(capacity);
    return rtpjbuf_ctor_opts(&opts);
}

void* rtpjbuf_ctor_opts(const rtpjbuf_opts* opts) {
    if (opts == nullptr || opts->size != sizeof *opts) return nullptr;
    jitter_buffer_options o{.capacity = opts->capacity,
                            .max_dropout = opts->max_dropout,
                            .max_misorder = opts->max_misorder};
    if (opts->max_delay_ns >= 0) o.max_delay = duration(opts->max_delay_ns);
    try {
        return new c_buffer(o);
    } catch (...) {
        return nullptr; // capacity out of range, or no memory
    }
}

void rtpjbuf_dtor(void* jb) { delete static_cast<c_buffer*>(jb); }

void rtpjbuf_frame_dtor(void* rfp) {
    auto* const f = static_cast<rtp_frame*>(rfp);
    if (f != nullptr && f->type != RFT_ERS) frame_memory::release(static_cast<packet_frame*>(f));
}

rjb_udp_in_r rtpjbuf_udp_in(void* jb, const unsigned char* data, size_t size) {
    return udp_in(jb, data, size, 0);
}

rjb_udp_in_r rtpjbuf_udp_in_at(void* jb, const unsigned char* data, size_t size, int64_t now_ns) {
    return udp_in(jb, data, size, now_ns);
}

rjb_udp_in_r rtpjbuf_udp_in_many(void* jb, const rjb_datagram* datagrams, size_t n, int64_t now_ns,
                                 size_t* taken) {
    rjb_udp_in_r out{RJB_ENOMEM, nullptr, nullptr};
    if (taken != nullptr) *taken = 0;
    auto* const buffer = static_cast<c_buffer*>(jb);
    if (buffer == nullptr || (datagrams == nullptr && n != 0)) return out;
    const std::size_t inside = buffer->frames.size() + 1; // plus a suspect
    if (n > SIZE_MAX - inside || !buffer->erasures.begin(inside + n)) return out;
    list_sink sink(buffer->erasures, out);
    size_t i = 0;
    while (i != n && udp_in_next(*buffer, datagrams[i], time_point(duration(now_ns)), sink)) ++i;
    if (taken != nullptr) *taken = i;
    if (i == n) out.error = 0;
    return out;
}

rjb_udp_in_r rtpjbuf_expire(void* jb, int64_t now_ns) {
    rjb_udp_in_r out{RJB_ENOMEM, nullptr, nullptr};
    auto* const buffer = static_cast<c_buffer*>(jb);
    if (buffer == nullptr || !buffer->erasures.begin(buffer->frames.size())) return out;
    out.error = 0;
    buffer->frames.expire(time_point(duration(now_ns)), list_sink(buffer->erasures, out));
    return out;
}

rjb_udp_in_r rtpjbuf_flush(void* jb) {
    rjb_udp_in_r out{RJB_ENOMEM, nullptr, nullptr};
    auto* const buffer = static_cast<c_buffer*>(jb);
    if (buffer == nullptr || !buffer->erasures.begin(buffer->frames.size())) return out;
    out.error = 0;
    buffer->frames.flush(list_sink(buffer->erasures, out));
    return out;
}

int rtpjbuf_next_deadline(const void* jb, int64_t* deadline_ns) {
    if (jb == nullptr || deadline_ns == nullptr) return 0;
    const auto due = static_cast<const c_buffer*>(jb)->frames.next_deadline();
    if (due) *deadline_ns = due->time_since_epoch().count();
    return due.has_value();
}

rjb_drop_reason rtpjbuf_drop_reason(const rtp_frame* frame) {
    if (frame == nullptr || frame->type != RFT_RTP) return RJB_DROP_NONE;
    return static_cast<const packet_frame*>(frame)->why;
}

void rtpjbuf_get_stats(const void* jb, rtpjbuf_stats* stats) {
    if (stats == nullptr) return;
    *stats = {};
    if (jb == nullptr) return;
    const jitter_buffer_stats& s = static_cast<const c_buffer*>(jb)->frames.stats();
    *stats = {s.received, s.invalid,  s.duplicate, s.late,    s.stale,
              s.stray,    s.erasures, s.erased,    s.restarts};
}
