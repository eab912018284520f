// Counts what is allocated.
#include "../unit/heap.hpp"
#include "call.hpp"

#include <cstddef>
#include <cstdint>
#include <new>

using simulation::heap_use;

void* operator new(std::size_t size) {
    void* const p = heap::take(size, 0);
    if (p == nullptr) throw std::bad_alloc();
    if (heap_use::is_counted) {
        ++heap_use::allocations;
        heap_use::bytes += static_cast<std::int64_t>(heap::size(p, 0));
    }
    return p;
}
void operator delete(void* p) noexcept {
    if (heap_use::is_counted && p != nullptr)
        heap_use::bytes -= static_cast<std::int64_t>(heap::size(p, 0));
    heap::give(p, 0);
}
void operator delete(void* p, std::size_t) noexcept { operator delete(p); }
