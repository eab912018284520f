/// \file
/// Commands of the rtpproxy protocol, with which SIP proxies drive a media relay.
///
/// A command is a line of words. The first one is a letter, in either case, and modifiers:
///
///     U[modifiers] CALL-ID ADDRESS PORT FROM-TAG [TO-TAG [NOTIFY-SOCKET [NOTIFY-TAG]]]
///     L[modifiers] CALL-ID ADDRESS PORT FROM-TAG TO-TAG
///     D CALL-ID FROM-TAG [TO-TAG]                     delete
///     P[COUNT] CALL-ID PROMPT CODECS FROM-TAG [TO-TAG]   play
///     S CALL-ID FROM-TAG [TO-TAG]                     stop playing
///     R CALL-ID FROM-TAG [TO-TAG]                     record
///     C CALL-ID COPY-TARGET FROM-TAG [TO-TAG]         record, or send a copy, to the target
///     Q CALL-ID FROM-TAG [TO-TAG]                     query
///     V, VF CAPABILITY, I, X                          version, capability, information, delete all
///
/// A tag may be followed by `;` and the number of the medium in the SDP. Over UDP a line begins
/// with a cookie, with which the answer begins as well.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

namespace relay {

enum class verb : std::uint8_t {
    version,
    capability,
    update,
    lookup,
    remove,
    remove_all,
    play,
    stop,
    record,
    query,
    information,
};

/// Numbers of errors; the answer is `E` and the number.
enum class protocol_error : std::uint8_t {
    unknown_command = 0,
    wrong_arguments = 1, ///< too few or too many words
    wrong_modifiers = 2,
    wrong_address = 5, ///< not an address and port, or not of a family that the call's side has
    unknown_call = 50,
    cannot_play = 60,
    cannot_record = 65,
    cannot_listen = 71, ///< no free ports
    no_memory = 81,
};

/// The two networks between which a relay may stand.
enum class network : std::uint8_t { internal, external };

/// A tag of a SIP dialogue and the number of a medium: `1928301774;1`.
struct medium_tag {
    std::string_view tag;
    std::string_view medium; ///< empty: not given
};

/// A command. Its texts refer to the line that was parsed. Which members are set depends on `what`.
struct command {
    verb what = verb::version;
    std::string_view call_id;
    medium_tag from, to; ///< `to.tag` is empty if it was not given

    // update, lookup
    std::string_view address;
    std::uint16_t port = 0;
    bool is_asymmetric =
        false; ///< the peer receives where it was signalled, wherever it sends from
    /// The network of the peer whose address is given, and of the other one.
    std::optional<std::array<network, 2>> networks;
    std::string_view local_address; ///< to be used for the other peer; empty: not given
    std::string_view codecs;        ///< `0,8,101`: the payload types of the SDP; also of play
    std::string_view notify_socket, notify_tag;

    std::string_view capability;  ///< a date, `20050322`
    std::string_view target;      ///< of play: the prompt; of record: the copy target, may be empty
    std::int32_t repetitions = 1; ///< of play; -1: until it is stopped
};

/// Parses a line without a cookie. Control characters at its end are ignored.
std::variant<command, protocol_error> parse_command(std::string_view line) noexcept;

/// A line that begins with a cookie.
struct cookie_line {
    std::string_view cookie, rest;
};

/// Splits a datagram. nullopt: it has no cookie or nothing after it.
std::optional<cookie_line> split_cookie(std::string_view datagram) noexcept;

/// Whether a capability is one that this program has.
bool has_capability(std::string_view date) noexcept;

} // namespace relay
