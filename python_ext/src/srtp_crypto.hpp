/// \file
/// SRTP keys in the words of SDP, and what is made of them. In a package that was built without
/// libsrtp2 each of these functions raises RuntimeError.
#pragma once

#include "core/python.hpp"

#include <rtpsynth/asio_server/call/packet_protection.hpp>

#include <memory>
#include <string>

namespace rtpsynth::python {

/// The values of a=crypto (RFC 4568) for one side of a call; both empty: packets are plain.
struct srtp_cryptos {
    std::string local;  ///< protects what is sent to the side
    std::string remote; ///< protects what it sends

    bool empty() const noexcept { return local.empty(); }
};

/// Both are None, or strings. \return false with TypeError, ValueError or RuntimeError set
bool to_cryptos(PyObject* local, PyObject* remote, srtp_cryptos& out);

/// A protection in its first state; null if \p cryptos are empty. \throws std::bad_alloc
std::shared_ptr<asio_server::packet_protection> make_protection(const srtp_cryptos& cryptos);

} // namespace rtpsynth::python
