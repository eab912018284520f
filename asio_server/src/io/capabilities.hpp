/// \file
/// What an I/O backend can do.
#pragma once

namespace rtpsynth::asio_server::detail {

/// A channel that asks for what its backend has not fails to be created, with
/// operation_not_supported; without `coalesce` and `segments` datagrams just cross the kernel one
/// by one, and without `counts_overflow` channel_stats::overflow stays 0.
struct io_capabilities {
    const char* name;          ///< as RTPSYNTH_IO has it
    bool kernel_timestamps;    ///< channel_options::kernel_timestamps
    bool report_unreachable;   ///< channel_options::report_unreachable
    bool dscp;                 ///< channel_options::dscp
    bool reuse_port;           ///< channel_options::reuse_port
    bool coalesce;             ///< channel_options::coalesce
    bool segments;             ///< a run of equal datagrams leaves in one system call
    bool counts_overflow;      ///< channel_stats::overflow
    bool connects;             ///< sockets that accept one source have the kernel filter for it
    int descriptors_of_server; ///< that a server has open beside its channels' sockets
};

} // namespace rtpsynth::asio_server::detail
