// Has system calls fail on request: those of the whole program, on POSIX also of its shared
// libraries. Errors are named by errno's values. To be included once.
#pragma once

#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstddef>
#include <functional>

namespace shim {

int system_value(int error); ///< as the system has it
void set_error(int error);   ///< of the call that fails

/// What Asio makes of it.
inline boost::system::error_code code(int error) {
    return {system_value(error), boost::system::system_category()};
}

/// What happens to the next calls of a function.
class fault {
public:
    static constexpr int any = -1;
    static constexpr int for_good = 1 << 30;

    /// The next \p times calls fail with \p error; only those of \p kind, see below.
    void fail(int error, int times = 1, int kind = any) {
        error_ = error;
        kind_ = kind;
        left_ = times;
    }
    void heal() { left_ = 0; }
    /// Calls that were to fail so far.
    long failed() const { return failed_; }
    bool spent() const { return left_ == 0; }

    bool hits(int kind) {
        if (kind_ != any && kind_ != kind) return false;
        int left = left_;
        while (left > 0 && !left_.compare_exchange_weak(left, left == for_good ? left : left - 1)) {
        }
        if (left <= 0) return false;
        ++failed_;
        set_error(error_);
        return true;
    }

private:
    std::atomic<int> error_{0}, kind_{any}, left_{0};
    std::atomic<long> failed_{0};
};

inline fault on_socket, on_bind, on_pthread_create;
inline fault on_receive;    ///< recvfrom, recvmmsg
inline fault on_setsockopt; ///< kind: the option's name
inline fault on_send;       ///< sendto, sendmsg; kind: 1 for one that is segmented, 0 for others
inline fault on_epoll_ctl;  ///< kind: what is to be done. Only the engine's own, which are
                            ///< level-triggered
inline fault on_asios_epoll_ctl;
/// Called before each of these, with the number of bytes.
inline std::function<void(std::size_t)> before_send;
/// Called in place of poll(), with its timeout in milliseconds, and returns what that is to return.
inline std::function<int(int)> in_place_of_poll;
/// So many times a thread that has read CLOCK_REALTIME loses the processor right after it, for 20
/// ms.
inline std::atomic<int> pauses_after_realtime{0};

} // namespace shim

#ifdef _WIN32
#    include "socket_shim_windows.hpp"
#else
#    include "socket_shim_posix.hpp"
#endif
