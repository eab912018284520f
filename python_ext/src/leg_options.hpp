/// \file
/// The Python type LegOptions.
#pragma once

#include "core/python.hpp"
#include "srtp_crypto.hpp"

#include <rtpsynth/asio_server/call/relay_options.hpp>

#include <memory>

namespace rtpsynth::python {

/// What a leg of a relay is made with. Never changed: relays may share it.
struct leg_settings {
    asio_server::relay_leg_options options; ///< without protection, which each relay makes
    srtp_cryptos cryptos;
};

/// The settings behind an argument. \return null with TypeError set if it is no LegOptions
std::shared_ptr<const leg_settings> to_leg_settings(PyObject* value, const char* name);

/// Puts LegOptions into the module that is being made.
void bind_leg_options();

} // namespace rtpsynth::python
