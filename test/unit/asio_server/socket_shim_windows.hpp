// The shim of Windows' functions. A program calls one of a DLL by a pointer, __imp_NAME, which the
// import library has if the program has none. Read by socket_shim.hpp.
#pragma once

#include <boost/asio/detail/socket_types.hpp> // winsock2.h has to come before windows.h

#include <pthread.h>
#include <windows.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <system_error>

// What only the other backend asks for.
inline constexpr int SO_REUSEPORT = -1, SO_TIMESTAMPNS = -2, UDP_GRO = -3;
inline constexpr int EPOLL_CTL_ADD = -4, EPOLL_CTL_MOD = -5;

namespace shim {

inline constexpr bool asio_has_epoll = false;

inline int system_value(int error) {
    switch (error) {
    case EAGAIN:
        return WSAEWOULDBLOCK;
    case EINTR:
        return WSAEINTR;
    case EACCES:
        return WSAEACCES;
    case EADDRINUSE:
        return WSAEADDRINUSE;
    case EADDRNOTAVAIL:
        return WSAEADDRNOTAVAIL;
    case EAFNOSUPPORT:
        return WSAEAFNOSUPPORT;
    case ECONNREFUSED:
        return WSAECONNREFUSED;
    case ECONNRESET:
        return WSAECONNRESET;
    case EFAULT:
        return WSAEFAULT;
    case EHOSTUNREACH:
        return WSAEHOSTUNREACH;
    case EINVAL:
        return WSAEINVAL;
    case EMFILE:
        return WSAEMFILE;
    case ENFILE:
        return WSA_E_NO_MORE;
    case EMSGSIZE:
        return WSAEMSGSIZE;
    case ENETDOWN:
        return WSAENETDOWN;
    case ENETRESET:
        return WSAENETRESET;
    case ENETUNREACH:
        return WSAENETUNREACH;
    case ENOBUFS:
        return WSAENOBUFS;
    case ENOPROTOOPT:
        return WSAENOPROTOOPT;
    case ENOTCONN:
        return WSAENOTCONN;
    case EOPNOTSUPP:
        return WSAEOPNOTSUPP;
    case EPERM:
        return ERROR_ACCESS_DENIED;
    case EPIPE:
        return ERROR_BROKEN_PIPE;
    case ENODEV:
        return ERROR_BAD_UNIT;
    case ENOMEM:
        return ERROR_OUTOFMEMORY;
    case ENOSPC:
        return ERROR_DISK_FULL;
    case EIO:
        return ERROR_IO_DEVICE;
    default:
        return error;
    }
}
inline void set_error(int error) { ::WSASetLastError(system_value(error)); }

template <class F>
F real(F, const char* name, const char* library = "ws2_32.dll") {
    return reinterpret_cast<F>(
        reinterpret_cast<void*>(::GetProcAddress(::GetModuleHandleA(library), name)));
}

inline SOCKET WSAAPI wsa_socket(int family, int type, int protocol, WSAPROTOCOL_INFOW* info,
                                GROUP group, DWORD flags) {
    static const auto next = real(&wsa_socket, "WSASocketW");
    return on_socket.hits(0) ? INVALID_SOCKET : next(family, type, protocol, info, group, flags);
}

inline int WSAAPI bind(SOCKET s, const sockaddr* address, int size) {
    static const auto next = real(&shim::bind, "bind");
    return on_bind.hits(0) ? SOCKET_ERROR : next(s, address, size);
}

inline int WSAAPI setsockopt(SOCKET s, int level, int name, const char* value, int size) {
    static const auto next = real(&shim::setsockopt, "setsockopt");
    return on_setsockopt.hits(name) ? SOCKET_ERROR : next(s, level, name, value, size);
}

inline int WSAAPI wsa_send_to(SOCKET s, WSABUF* buffers, DWORD count, DWORD* sent, DWORD flags,
                              const sockaddr* to, int to_size, WSAOVERLAPPED* overlapped,
                              LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
    static const auto next = real(&wsa_send_to, "WSASendTo");
    if (before_send) before_send(buffers->len);
    return on_send.hits(0) ? SOCKET_ERROR
                           : next(s, buffers, count, sent, flags, to, to_size, overlapped, routine);
}

inline int WSAAPI wsa_receive_from(SOCKET s, WSABUF* buffers, DWORD count, DWORD* received,
                                   DWORD* flags, sockaddr* from, int* from_size,
                                   WSAOVERLAPPED* overlapped,
                                   LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
    static const auto next = real(&wsa_receive_from, "WSARecvFrom");
    return on_receive.hits(0)
               ? SOCKET_ERROR
               : next(s, buffers, count, received, flags, from, from_size, overlapped, routine);
}

} // namespace shim

extern "C" {
decltype(&shim::wsa_socket) __imp_WSASocketW = &shim::wsa_socket;
decltype(&shim::bind) __imp_bind = &shim::bind;
decltype(&shim::setsockopt) __imp_setsockopt = &shim::setsockopt;
decltype(&shim::wsa_send_to) __imp_WSASendTo = &shim::wsa_send_to;
decltype(&shim::wsa_receive_from) __imp_WSARecvFrom = &shim::wsa_receive_from;
}

// std::thread's constructor calls this of libstdc++'s: (this, what is to run, the thread library).
extern "C" inline void start_std_thread(void* thread, void* state, void (*depend)()) asm(
    "_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE");
inline void start_std_thread(void* thread, void* state, void (*depend)()) {
    static const auto next = shim::real(
        &start_std_thread,
        "_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE",
        "libstdc++-6.dll");
    if (shim::on_pthread_create.hits(0)) throw std::system_error{EAGAIN, std::generic_category()};
    next(thread, state, depend);
}

// What Asio begins its own threads with; it takes the result for one of Windows' errors.
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) {
    static const auto next = shim::real(&pthread_create, "pthread_create", "libwinpthread-1.dll");
    return shim::on_pthread_create.hits(0) ? static_cast<int>(::GetLastError())
                                           : next(thread, attributes, start, argument);
}
