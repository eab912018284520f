/// \file
/// What RtpServer.create_call is called with.
#pragma once

#include "core/options.hpp"

#include <rtpsynth/asio_server/call/voice_stream_options.hpp>
#include <rtpsynth/asio_server/channel/resolve.hpp>

#include <boost/asio/ip/udp.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rtpsynth::python {

struct call_arguments {
    // Python's objects are borrowed from the call; null if there is none.
    PyObject* on_event = nullptr;
    PyObject* peer = nullptr;
    PyObject* codec = nullptr;
    PyObject* srtp = nullptr;
    std::string bind_host;
    std::uint16_t bind_port = 0;
    asio_server::address_family bind_family = asio_server::address_family::any;
    unsigned rate = 8000;
    unsigned ptime_ms = 20;
    bool audio = true;
    double play_queue = 10;
    std::optional<double> pause_after = 5;
    std::optional<double> quiet_after;
    double relatch_after = 5;
    std::size_t audio_queue = 50;
    std::size_t event_queue = 32;

    // What comes of them:
    asio_server::voice_stream_options stream;

    /// With the GIL held, of which it lets go while a name is looked up.
    /// \return false with TypeError, ValueError, MemoryError or OSError set
    bool parse(call c);

private:
    bool set_times();
    bool find_endpoints();
};

extern const option_table<call_arguments, 26> call_table;

/// A str such as "PCMU" or "opus/48000/2", or a tuple (encoding, payload_type, fmtp), of which the
/// last two may be None or missing. \return false with TypeError or ValueError set
bool to_codec(PyObject* value, asio_server::voice_codec& out);

/// A tuple of our key and theirs, each as in SDP's a=crypto, or None.
/// \return false with TypeError, ValueError, or NotImplementedError without SRTP set
bool to_protection(PyObject* value, std::shared_ptr<asio_server::packet_protection>& out);

/// (host, port) of the other side. A name is looked up without the GIL. \p of_v6: of a socket that
/// is bound to an address of IPv6. \return nothing with TypeError, ValueError or OSError set
std::optional<boost::asio::ip::udp::endpoint> to_peer(PyObject* value, bool of_v6);
std::optional<boost::asio::ip::udp::endpoint> to_peer(PyObject* host, PyObject* port, bool of_v6);

} // namespace rtpsynth::python
