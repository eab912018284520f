// Test cases of what not every I/O backend has: they are skipped, and the log says why.
#pragma once

#include "io/backend.hpp"

#include <boost/test/tree/decorator.hpp>
#include <boost/test/unit_test.hpp>

#include <string_view>

namespace rtpsynth::asio_server {

/// What the backend can do where the test runs.
inline constexpr detail::io_capabilities capabilities = [] {
    detail::io_capabilities can = detail::capabilities;
#ifdef RTPSYNTH_UNDER_QEMU // which does not know SO_TIMESTAMPNS, nor all of SO_MEMINFO
    can.kernel_timestamps = can.counts_overflow = false;
#endif
    return can;
}();

namespace needs {

inline auto that(bool has, const char* what) {
    return boost::unit_test::precondition([=](boost::unit_test::test_unit_id) {
        boost::test_tools::assertion_result result{has};
        result.message() << "the I/O backend \"" << capabilities.name << "\""
#ifdef RTPSYNTH_UNDER_QEMU
                         << " under qemu"
#endif
                         << " has no " << what;
        return result;
    });
}
inline auto kernel_timestamps() {
    return that(capabilities.kernel_timestamps, "kernel_timestamps");
}
inline auto report_unreachable() {
    return that(capabilities.report_unreachable, "report_unreachable");
}
inline auto dscp() { return that(capabilities.dscp, "dscp"); }
inline auto reuse_port() { return that(capabilities.reuse_port, "reuse_port"); }
inline auto segments() { return that(capabilities.segments, "segments"); }
inline auto counted_overflow() { return that(capabilities.counts_overflow, "count of overflow"); }
inline auto connections() { return that(capabilities.connects, "connected sockets"); }
/// For tests that have system calls fail which only that backend makes.
inline auto epoll_and_poll() {
    return that(std::string_view{capabilities.name} == "linux", "epoll set, and no use of poll()");
}
inline auto portable_sockets() {
    return that(std::string_view{capabilities.name} == "portable", "sockets of Asio's");
}

} // namespace needs
} // namespace rtpsynth::asio_server
