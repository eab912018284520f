/// \file
/// The options --srtp and --srtp-suite, and the SRTP of a program's packets. Needs the component
/// rtpsynth::srtp; without it, programs compile but reject --srtp.
#pragma once

#include <boost/program_options.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace common {

/// The values of --srtp and --srtp-suite.
struct srtp_argument {
    std::string key;   ///< `inline:…`
    std::string suite; ///< its registered name
};

/// Adds --srtp and --srtp-suite.
void add_srtp_options(boost::program_options::options_description& visible);

/// nullopt if --srtp was not given.
/// \throws std::invalid_argument if the suite is not known or not available, the key does not fit
///         it, or the program was built without SRTP
std::optional<srtp_argument> srtp_argument_of(const boost::program_options::variables_map& given);

/// The SRTP of a stream whose two ends protect their packets with the same key.
class srtp_stream {
public:
    /// The number of bytes by which protect() and protect_rtcp() may lengthen a packet.
    static constexpr std::size_t max_overhead = 256;
    /// The largest packet, in bytes.
    static constexpr std::size_t max_packet = 16384;

    /// \param argument was accepted by srtp_argument_of(). \throws std::bad_alloc
    explicit srtp_stream(const srtp_argument& argument);
    ~srtp_stream();

    /// Protects the packet in the first \p size bytes of \p buffer. \return its new size; nullopt
    /// on failure
    std::optional<std::size_t> protect(std::span<std::uint8_t> buffer, std::size_t size) noexcept;
    std::optional<std::size_t> protect_rtcp(std::span<std::uint8_t> buffer,
                                            std::size_t size) noexcept;

    /// Unprotects \p packet in place. \return its new size; nullopt if it is a replay, not
    /// authentic or malformed
    std::optional<std::size_t> unprotect(std::span<std::uint8_t> packet) noexcept;
    std::optional<std::size_t> unprotect_rtcp(std::span<std::uint8_t> packet) noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace common
