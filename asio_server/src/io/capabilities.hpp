/// \file
/// Features of an I/O backend.
#pragma once

namespace rtpsynth::asio_server::detail {

/// Creating a channel with an option that the backend does not support fails with
/// operation_not_supported. Without `coalesce` and `segments`, datagrams pass through the kernel
/// one by one; without `counts_overflow`, channel_stats::overflow stays 0.
struct io_capabilities {
    const char* name;        ///< the value of RTPSYNTH_IO
    bool kernel_timestamps;  ///< channel_options::kernel_timestamps
    bool report_unreachable; ///< channel_options::report_unreachable
    bool dscp;               ///< channel_options::dscp
    bool reuse_port;         ///< channel_options::reuse_port
    bool coalesce;           ///< channel_options::coalesce
    bool segments;           ///< consecutive datagrams of equal size are sent with one system call
    bool counts_overflow;    ///< channel_stats::overflow
    bool connects;           ///< the kernel filters for sockets that accept one source only
    int descriptors_of_server; ///< open descriptors of a server in addition to its channels'
                               ///< sockets
};

} // namespace rtpsynth::asio_server::detail
