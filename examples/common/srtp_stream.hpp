/// \file
/// SRTP on a command line, and on what a program sends and receives. It needs the component
/// rtpsynth::srtp; without it, programs compile and refuse the option.
#pragma once

#include <boost/program_options.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace common {

/// What --srtp and --srtp-suite give.
struct srtp_argument {
    std::string key;   ///< `inline:…`
    std::string suite; ///< its registered name
};

/// Adds --srtp and --srtp-suite.
void add_srtp_options(boost::program_options::options_description& visible);

/// nullopt if --srtp was not given.
/// \throws std::invalid_argument if there is no such suite, the key is not one of it, or the
///         program was built without SRTP
std::optional<srtp_argument> srtp_argument_of(const boost::program_options::variables_map& given);

/// What two programs send each other, of which both protect their packets with the same key.
class srtp_stream {
public:
    /// Bytes that a packet may grow by.
    static constexpr std::size_t max_overhead = 256;
    /// Larger packets are refused, in bytes.
    static constexpr std::size_t max_packet = 16384;

    /// \param argument was accepted by srtp_argument_of(). \throws std::bad_alloc
    explicit srtp_stream(const srtp_argument& argument);
    ~srtp_stream();

    /// Protects the packet in the first \p size bytes of \p buffer. \return its size then; nullopt
    /// if that failed
    std::optional<std::size_t> protect(std::span<std::uint8_t> buffer, std::size_t size) noexcept;
    std::optional<std::size_t> protect_rtcp(std::span<std::uint8_t> buffer,
                                            std::size_t size) noexcept;

    /// Returns the size of the packet that then lies in \p packet; nullopt if it is a replay, not
    /// authentic or malformed.
    std::optional<std::size_t> unprotect(std::span<std::uint8_t> packet) noexcept;
    std::optional<std::size_t> unprotect_rtcp(std::span<std::uint8_t> packet) noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace common
