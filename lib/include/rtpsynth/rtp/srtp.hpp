/// \file
/// SRTP and SRTCP (RFC 3711, RFC 7714), by libsrtp2: packets protected before they are sent and
/// unprotected after they have been received, where they lie. This header belongs to the component
/// `rtpsynth::srtp`, which is to be linked beside `rtpsynth::rtpsynth`; it is there if libsrtp2 was
/// when rtpsynth was built.
///
/// Which of the two a received datagram is, classify() says: the headers are not encrypted.
///
/// The first object that is made initialises libsrtp2, which takes some milliseconds; a program
/// that uses libsrtp2 itself calls srtp_init() before, and srtp_shutdown() when the last object is
/// gone. Objects may be used in a child of fork(), as long as only one of the two processes goes on
/// with a sender: two would encrypt different packets alike.
///
/// Threads: distinct objects are independent. One object belongs to one thread at a time.
#pragma once

#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/error.hpp>
#include <rtpsynth/rtp/srtp_key.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace rtpsynth {

namespace detail {
class srtp_sender_state;
class srtp_receiver_state;
} // namespace detail

/// \addtogroup rtp
/// \{

/// Bytes; larger packets are refused.
inline constexpr std::size_t max_srtp_packet = 16384;

/// Options of srtp_sender and srtp_receiver.
struct srtp_options {
    /// How far back the numbers of a source's packets are remembered (RFC 3711 §3.3.2): what is
    /// older is refused. 64 to 32767 packets.
    std::size_t replay_window = 128;
    /// SSRCs at most, 1 to 1024. Each takes about 300 bytes, and every packet looks for its own.
    /// After srtp_receiver::rekey() or set_roll_over_counter() it is as much as a whole object, 18
    /// to 31 KB where libsrtp2 is built with NSS.
    std::size_t max_sources = 64;
};

/// Whether libsrtp2 was built with what \p suite needs: of AES-GCM that is OpenSSL, NSS or mbed
/// TLS. The suites of AES_CM always are available. Throws std::bad_alloc.
RTPSYNTH_API bool is_available(srtp_suite suite);

/// Counters of an srtp_sender.
struct srtp_sender_stats {
    std::uint64_t packets = 0;      ///< RTP, protected
    std::uint64_t rtcp_packets = 0; ///< RTCP, protected
    std::uint64_t refused = 0;      ///< calls that failed, of both
};

/// Protects the packets that one side sends, under one master key.
///
/// A packet must not be protected twice: the second time is refused as a replay, since two packets
/// that are encrypted alike give away both. To send a packet again, keep what was made of it.
class srtp_sender {
public:
    /// Throws std::invalid_argument (an option is out of range, or the suite is not available) and
    /// std::bad_alloc.
    RTPSYNTH_API explicit srtp_sender(const srtp_key& key, srtp_options options = {});
    RTPSYNTH_API srtp_sender(srtp_sender&&) noexcept;
    RTPSYNTH_API srtp_sender& operator=(srtp_sender&&) noexcept;
    RTPSYNTH_API ~srtp_sender();

    /// By how many bytes protect() makes a packet longer: 4 to 16, and the MKI.
    RTPSYNTH_API std::size_t rtp_overhead() const noexcept;
    /// By how many bytes protect_rtcp() makes a packet longer: 14 to 20, and the MKI.
    RTPSYNTH_API std::size_t rtcp_overhead() const noexcept;

    /// Encrypts the RTP packet in the first \p size bytes of \p buffer, appends what authenticates
    /// it, and returns the size that it then has: size + rtp_overhead(). Packets of a source must
    /// be within 2^15 of each other and within the replay window. Fastest if the packet lies at a
    /// multiple of 4 bytes.
    ///
    /// Errors, with nothing changed: errc::buffer_too_small, errc::invalid_argument (size is more
    /// than the buffer's or max_srtp_packet), errc::packet_too_short, errc::bad_version,
    /// errc::extension_truncated, errc::header_truncated, errc::replayed, errc::too_many_sources,
    /// errc::key_exhausted: go on with rekey(). And errc::not_enough_memory and
    /// errc::crypto_failed, after which the packet's bytes are unspecified.
    [[nodiscard]] RTPSYNTH_API result<std::size_t> protect(std::span<std::uint8_t> buffer,
                                                           std::size_t size) noexcept;

    /// The same for a compound RTCP packet, with rtcp_overhead(). Its index is counted here (RFC
    /// 3711 §3.4). Errors: as of protect().
    [[nodiscard]] RTPSYNTH_API result<std::size_t> protect_rtcp(std::span<std::uint8_t> buffer,
                                                                std::size_t size) noexcept;

    /// Makes the next packet of \p ssrc go on at this roll-over counter, as when a call is taken
    /// over from another process; else a source begins at 0. Errors, with nothing changed:
    /// errc::too_many_sources, errc::not_enough_memory, errc::crypto_failed.
    [[nodiscard]] RTPSYNTH_API errc set_roll_over_counter(std::uint32_t ssrc,
                                                          std::uint32_t counter) noexcept;

    /// Goes on under another key. Roll-over counters and the indices of RTCP continue (RFC 3711
    /// §3.3.1, §3.4). A peer that starts them at 0 for a new key wants a new srtp_sender.
    ///
    /// Errors: errc::invalid_argument (the suite is not available), with nothing changed;
    /// errc::not_enough_memory and errc::crypto_failed, after which it may only be destroyed.
    [[nodiscard]] RTPSYNTH_API errc rekey(const srtp_key& key) noexcept;

    RTPSYNTH_API const srtp_sender_stats& stats() const noexcept;

private:
    std::unique_ptr<detail::srtp_sender_state> state_;
};

/// Counters of an srtp_receiver: each packet in exactly one of them, but for previous_key.
struct srtp_receiver_stats {
    std::uint64_t packets = 0;       ///< RTP, unprotected
    std::uint64_t rtcp_packets = 0;  ///< RTCP, unprotected
    std::uint64_t previous_key = 0;  ///< of these two, under the key before rekey()
    std::uint64_t malformed = 0;     ///< no RTP or RTCP, or too short for a tag
    std::uint64_t replayed = 0;      ///< there already, or older than the replay window
    std::uint64_t not_authentic = 0; ///< of another key, forged or damaged
    std::uint64_t refused = 0;       ///< too many sources, no memory, errors of libsrtp2
};

/// Unprotects the packets that one side receives, of any number of sources under one master key.
///
/// A packet that is refused changes nothing but a counter: it neither moves a source's roll-over
/// counter or replay window nor takes the place of a source, since it is authenticated before
/// anything is kept.
///
/// The roll-over counter, how often a source's sequence numbers have wrapped, is no part of a
/// packet: it is guessed from those before (RFC 3711 §3.3.1). Loss of up to 2^15 packets in a row
/// is survived. A sender must not begin anew with other sequence numbers under the same key and
/// SSRC: such packets are refused, until their numbers are ahead of those before.
class srtp_receiver {
public:
    /// Throws std::invalid_argument (an option is out of range, or the suite is not available) and
    /// std::bad_alloc.
    RTPSYNTH_API explicit srtp_receiver(const srtp_key& key, srtp_options options = {});
    RTPSYNTH_API srtp_receiver(srtp_receiver&&) noexcept;
    RTPSYNTH_API srtp_receiver& operator=(srtp_receiver&&) noexcept;
    RTPSYNTH_API ~srtp_receiver();

    /// Authenticates and decrypts an SRTP packet, and returns the size of the RTP packet that then
    /// lies at the beginning of \p packet. Fastest if it lies at a multiple of 4 bytes. After an
    /// error the packet's bytes are unspecified.
    ///
    /// Errors, which stats() counts: errc::packet_too_short, errc::bad_version,
    /// errc::extension_truncated, errc::header_truncated; errc::invalid_argument (more than
    /// max_srtp_packet); errc::replayed; errc::not_authentic; errc::too_many_sources;
    /// errc::not_enough_memory; errc::crypto_failed.
    [[nodiscard]] RTPSYNTH_API result<std::size_t> unprotect(
        std::span<std::uint8_t> packet) noexcept;

    /// The same for SRTCP.
    [[nodiscard]] RTPSYNTH_API result<std::size_t> unprotect_rtcp(
        std::span<std::uint8_t> packet) noexcept;

    /// Says at which roll-over counter the next packet of \p ssrc is, for who joins after its
    /// sequence numbers have wrapped; else a source begins at 0. If the packet is not authentic
    /// then, 0 is tried.
    ///
    /// Errors, with nothing changed: errc::too_many_sources, errc::not_enough_memory,
    /// errc::crypto_failed.
    [[nodiscard]] RTPSYNTH_API errc set_roll_over_counter(std::uint32_t ssrc,
                                                          std::uint32_t counter) noexcept;

    /// Takes packets under another key from now on, and still those under the one before until
    /// drop_previous_key(), since late ones are under way. Each packet is tried with both, the new
    /// key first; where keys have an MKI, that tells without. A source's roll-over counter under
    /// the new key may go on, as RFC 3711 §3.3.1 has it, or be 0 again.
    ///
    /// Errors, with nothing changed: errc::invalid_argument (the suite is not available),
    /// errc::not_enough_memory, errc::crypto_failed.
    [[nodiscard]] RTPSYNTH_API errc rekey(const srtp_key& key) noexcept;

    /// Refuses packets under the key before rekey() from now on, and forgets it.
    RTPSYNTH_API void drop_previous_key() noexcept;

    /// Forgets a source that has ended, to make room for another. Packets of it that somebody has
    /// recorded could then be replayed to us, once. Returns whether there was such a source.
    RTPSYNTH_API bool remove_source(std::uint32_t ssrc) noexcept;

    /// How many sources are known, those of RTCP included.
    RTPSYNTH_API std::size_t sources() const noexcept;

    RTPSYNTH_API const srtp_receiver_stats& stats() const noexcept;

private:
    std::unique_ptr<detail::srtp_receiver_state> state_;
};

/// \}

} // namespace rtpsynth
