// What the tests ask the operating system about their own process, or of it.
#pragma once

#ifdef _WIN32
#    include <boost/asio/detail/socket_types.hpp> // winsock2.h has to come before windows.h

#    include <windows.h>

#    include <tlhelp32.h>
#else
#    ifdef __APPLE__
#        include <mach/mach.h>
#    endif
#    include <poll.h>
#    include <unistd.h>

#    include <filesystem>
#    include <iterator>
#endif

#include <boost/asio/ip/udp.hpp>

#include <chrono>
#include <cstdint>

namespace rtpsynth::asio_server::this_process {

#ifdef _WIN32

inline std::uint32_t id() { return ::GetCurrentProcessId(); }

inline long threads() {
    const HANDLE all = ::CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    THREADENTRY32 thread{};
    thread.dwSize = sizeof thread;
    long count = 0;
    for (BOOL more = ::Thread32First(all, &thread); more; more = ::Thread32Next(all, &thread))
        count += thread.th32OwnerProcessID == id();
    ::CloseHandle(all);
    return count;
}

/// Open handles, of threads and events too.
inline long descriptors() {
    DWORD count = 0;
    return ::GetProcessHandleCount(::GetCurrentProcess(), &count) ? static_cast<long>(count) : -1;
}

#else

inline std::uint32_t id() { return static_cast<std::uint32_t>(::getpid()); }

inline long entries(const char* directory) {
    return std::distance(std::filesystem::directory_iterator{directory},
                         std::filesystem::directory_iterator{});
}
inline long descriptors() { return entries("/dev/fd"); }
#    ifdef __APPLE__
inline long threads() {
    thread_act_array_t all;
    mach_msg_type_number_t count = 0;
    if (::task_threads(::mach_task_self(), &all, &count) != KERN_SUCCESS) return -1;
    for (mach_msg_type_number_t i = 0; i != count; ++i)
        ::mach_port_deallocate(::mach_task_self(), all[i]);
    ::vm_deallocate(::mach_task_self(), reinterpret_cast<vm_address_t>(all), count * sizeof *all);
    return count;
}
#    else
inline long threads() { return entries("/proc/self/task"); }
#    endif

#endif

inline bool wait_readable(boost::asio::ip::udp::socket::native_handle_type descriptor,
                          std::chrono::milliseconds longest) {
    pollfd one{descriptor, POLLIN, 0};
    const auto timeout = static_cast<int>(longest.count());
#ifdef _WIN32
    return ::WSAPoll(&one, 1, timeout) == 1;
#else
    return ::poll(&one, 1, timeout) == 1;
#endif
}

} // namespace rtpsynth::asio_server::this_process
