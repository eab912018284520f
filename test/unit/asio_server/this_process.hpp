// What the tests ask the operating system about their own process, or of it.
#pragma once

#ifdef _WIN32
#    include <boost/asio/detail/socket_types.hpp> // winsock2.h has to come before windows.h

#    include <windows.h>

#    include <tlhelp32.h>
#else
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
inline long threads() { return entries("/proc/self/task"); }
inline long descriptors() { return entries("/proc/self/fd"); }

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
