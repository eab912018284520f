#include <rtpsynth.h>

#include <rtpsynth/base/random.hpp>
#include <rtpsynth/rtp/packet_synth.hpp>

#include "../base/system.hpp"
#include "block_cache.hpp"
#include "synth.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <span>

namespace {

using rtpsynth::packet_format;
using rtpsynth::packet_synth;
using rtpsynth::detail::c_synth;

struct random_source {
    rsynth_randfunc_t func = nullptr; // null: the system's
    void* arg = nullptr;

    std::uint32_t operator()() const {
        return func != nullptr ? func(arg) : rtpsynth::system_random32();
    }
};

std::mutex random_mutex;
random_source current_random; // protected by random_mutex

// Negative or too large values become ones that no packet has.
packet_format format_of(int plen, int pt) noexcept {
    return {static_cast<std::size_t>(plen),
            static_cast<std::uint8_t>(pt >= 0 && pt <= 127 ? pt : 255)};
}

std::span<std::uint8_t> bytes(void* p, std::size_t size) noexcept {
    return {static_cast<std::uint8_t*>(p), size};
}

// rsynth_pkt_free() does not get a packet's size, so the block begins with its origin. This prefix
// has the size of malloc's alignment, so that the packet after it is aligned as well.
struct alignas(std::max_align_t) packet_block {
    enum class kind { small, large, huge } from;
};

// 256 bytes take 30 ms of G.711 and every lower bit rate, 2048 any packet an Ethernet carries.
constexpr std::size_t small_packet = 256;
constexpr std::size_t large_packet = 2048;
using small_blocks = rtpsynth::detail::block_cache<sizeof(packet_block) + small_packet, 64>;
using large_blocks = rtpsynth::detail::block_cache<sizeof(packet_block) + large_packet, 32>;

struct alignas(std::max_align_t) packet_line {
    char bytes[64];
};

void* start_block(void* block, packet_block::kind kind) noexcept {
    return block != nullptr ? ::new (block) packet_block{kind} + 1 : nullptr;
}

// Allocates a packet's block of `size` bytes, all zero.
void* allocate_packet(std::size_t size) noexcept {
    using enum packet_block::kind;
    if (size <= small_packet) [[likely]] {
        void* const packet = start_block(small_blocks::allocate(), small);
        // Zero in aligned units of 64 bytes, for which there is room. memset's unaligned stores of
        // 32 bytes cost 10 ns more when one crosses a page boundary, and a block in which one does
        // is used for every packet.
        for (std::size_t i = 0; packet != nullptr && i < size; i += sizeof(packet_line))
            ::new (static_cast<char*>(packet) + i) packet_line{};
        return packet;
    }
    void* const packet = size <= large_packet
                             ? start_block(large_blocks::allocate(), large)
                             : start_block(std::malloc(sizeof(packet_block) + size), huge);
    if (packet != nullptr) std::memset(packet, 0, size);
    return packet;
}

void free_packet(void* packet) noexcept {
    packet_block* const block = static_cast<packet_block*>(packet) - 1;
    switch (block->from) {
    case packet_block::kind::small:
        return small_blocks::release(block);
    case packet_block::kind::large:
        return large_blocks::release(block);
    case packet_block::kind::huge:
        return std::free(block);
    }
}

} // namespace

void* rsynth_ctor(int srate, int ptime) {
    // A bad argument draws no numbers, so that a custom source's sequence is not affected.
    if (srate <= 0 || ptime <= 0) return nullptr;
    const auto clock_rate = static_cast<std::uint32_t>(srate);
    const rtpsynth::duration packet_time = std::chrono::milliseconds(ptime);
    try {
        random_source random;
        { // release the mutex before the call, which may call this function again
            const std::lock_guard lock{random_mutex};
            random = current_random;
        }
        const auto origin = rtpsynth::stream_origin::draw(random);
        return new c_synth{packet_synth(clock_rate, packet_time, origin),
                           rtpsynth::detail::packet_clock(packet_time)};
    } catch (const rtpsynth::detail::forced_unwind&) {
        throw; // the thread was cancelled inside the caller's random source
    } catch (...) {
        return nullptr;
    }
}

void rsynth_dtor(void* ri) { delete static_cast<c_synth*>(ri); }

void* rsynth_next_pkt(void* ri, int plen, int pt) {
    const packet_format format = format_of(plen, pt);
    if (ri == nullptr || !format.valid()) return nullptr;
    void* const packet = allocate_packet(format.packet_size());
    if (packet == nullptr) return nullptr;
    c_synth& s = *static_cast<c_synth*>(ri);
    static_cast<void>( // checked above
        s.synth.stamp(s.clock.at_packet(), format, bytes(packet, format.packet_size())));
    return packet;
}

void rsynth_pkt_free(void* rnp) {
    if (rnp != nullptr) free_packet(rnp);
}

int rsynth_next_pkt_pa(void* ri, int plen, int pt, char* buf, unsigned int blen, int pa) {
    const packet_format format = format_of(plen, pt);
    if (ri == nullptr || buf == nullptr || !format.valid() || blen < format.packet_size())
        return -1;
    c_synth& s = *static_cast<c_synth*>(ri);
    const std::size_t size = format.packet_size();
    const auto payload = bytes(buf, pa != 0 ? format.payload_size : 0);
    static_cast<void>( // checked above
        s.synth.write(s.clock.at_packet(), format, bytes(buf, size), payload));
    std::memset(buf + size, 0, blen - size);
    return static_cast<int>(size);
}

int rsynth_next_pkts(void* ri, unsigned int n, int plen, int pt, char* buf, size_t blen,
                     size_t stride, int keep) {
    if (ri == nullptr || buf == nullptr) return -1;
    c_synth& s = *static_cast<c_synth*>(ri);
    const packet_format format = format_of(plen, pt);
    const auto clock = s.clock;
    const auto now = s.clock.at_packet();
    const auto size = keep != 0 ? s.synth.stamp_batch(now, format, n, stride, bytes(buf, blen))
                                : s.synth.write_batch(now, format, n, stride, bytes(buf, blen));
    if (!size || n == 0) s.clock = clock; // nothing was written: undo the reading of the clock
    return size ? static_cast<int>(*size) : -1;
}

void rsynth_skip(void* ri, int npkts) {
    if (ri != nullptr && npkts > 0)
        static_cast<c_synth*>(ri)->synth.skip(static_cast<std::size_t>(npkts));
}

unsigned int rsynth_set_mbt(void* ri, unsigned int new_st) {
    return ri != nullptr && static_cast<c_synth*>(ri)->synth.set_marker(new_st != 0) ? 1 : 0;
}

void rsynth_resync(void* ri, struct rsynth_seq* rsp) {
    if (ri == nullptr) return;
    c_synth& s = *static_cast<c_synth*>(ri);
    const auto before = s.synth.resync(s.clock.now());
    if (rsp != nullptr) *rsp = {before.timestamp, before.seq};
}

void rsynth_set_randfunc(rsynth_randfunc_t func, void* arg) {
    const std::lock_guard lock{random_mutex};
    current_random = {func, arg};
}
