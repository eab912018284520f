/// \file
/// SRTP and SRTCP (RFC 3711, RFC 7714) by libsrtp2. Packets are protected before they are sent and
/// unprotected after they are received, in place. This header belongs to the component
/// `rtpsynth::srtp`, which must be linked in addition to `rtpsynth::rtpsynth`. The component exists
/// if libsrtp2 was found when rtpsynth was built.
///
/// classify() tells received SRTP from SRTCP: the headers are not encrypted.
///
/// The first object of the process initialises libsrtp2, which takes some milliseconds. A program
/// that also uses libsrtp2 itself must call srtp_init() before that, and srtp_shutdown() after the
/// last object is destroyed. Objects may be used in a child of fork(), but only one of the two
/// processes may go on with a sender: with two, different packets would be encrypted with the same
/// keystream.
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

/// Bytes; larger packets are rejected.
inline constexpr std::size_t max_srtp_packet = 16384;

/// Options of srtp_sender and srtp_receiver.
struct srtp_options {
    /// The size of the replay window (RFC 3711 §3.3.2), 64 to 32767 packets of a source. Older
    /// packets are rejected.
    std::size_t replay_window = 128;
    /// The maximum number of SSRCs, 1 to 1024. Each takes about 300 bytes, and every packet
    /// searches for its own. After srtp_receiver::rekey() or set_roll_over_counter(), an SSRC takes
    /// as much as a whole object, which is 18 to 31 KB where libsrtp2 is built with NSS.
    std::size_t max_sources = 64;
};

/// Whether libsrtp2 was built with support for \p suite. AES-GCM needs OpenSSL, NSS or mbed TLS;
/// the suites of AES_CM are always available. Throws std::bad_alloc.
RTPSYNTH_API bool is_available(srtp_suite suite);

/// Counters of an srtp_sender.
struct srtp_sender_stats {
    std::uint64_t packets = 0;      ///< RTP, protected
    std::uint64_t rtcp_packets = 0; ///< RTCP, protected
    std::uint64_t refused = 0;      ///< failed calls, RTP and RTCP
};

/// Protects the packets that one side sends, under one master key.
///
/// A packet must not be protected twice: the second call fails with errc::replayed, since two
/// packets under the same keystream reveal each other. To retransmit a packet, keep the protected
/// one.
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

    /// Encrypts the RTP packet in the first \p size bytes of \p buffer, appends the authentication
    /// tag and returns the new size, size + rtp_overhead(). Sequence numbers of a source must be
    /// within 2^15 of each other and within the replay window. Fastest if the packet is aligned to
    /// 4 bytes.
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

    /// Sets the roll-over counter of the next packet of \p ssrc, for example when a call is taken
    /// over from another process. Without it a source begins at 0. Errors, with nothing changed:
    /// errc::too_many_sources, errc::not_enough_memory, errc::crypto_failed.
    [[nodiscard]] RTPSYNTH_API errc set_roll_over_counter(std::uint32_t ssrc,
                                                          std::uint32_t counter) noexcept;

    /// Goes on with another key. Roll-over counters and SRTCP indices continue (RFC 3711 §3.3.1,
    /// §3.4). If the remote side restarts them at 0 for a new key, make a new srtp_sender instead.
    ///
    /// Errors: errc::invalid_argument (the suite is not available), with nothing changed;
    /// errc::not_enough_memory and errc::crypto_failed, after which it may only be destroyed.
    [[nodiscard]] RTPSYNTH_API errc rekey(const srtp_key& key) noexcept;

    RTPSYNTH_API const srtp_sender_stats& stats() const noexcept;

private:
    std::unique_ptr<detail::srtp_sender_state> state_;
};

/// Counters of an srtp_receiver. Each packet counts in exactly one of them; previous_key counts
/// some of the unprotected packets again.
struct srtp_receiver_stats {
    std::uint64_t packets = 0;       ///< RTP, unprotected
    std::uint64_t rtcp_packets = 0;  ///< RTCP, unprotected
    std::uint64_t previous_key = 0;  ///< of these two, under the key before rekey()
    std::uint64_t malformed = 0;     ///< no RTP or RTCP, or too short for a tag
    std::uint64_t replayed = 0;      ///< received before, or older than the replay window
    std::uint64_t not_authentic = 0; ///< wrong tag: other key, forged or damaged
    std::uint64_t refused = 0;       ///< too many sources, no memory, errors of libsrtp2
};

/// Unprotects the packets that one side receives, of any number of sources under one master key.
///
/// A rejected packet changes nothing but a counter. It is authenticated before anything is stored,
/// so it neither moves a roll-over counter or a replay window nor occupies the place of a source.
///
/// The roll-over counter, which counts the wraps of a source's sequence number, is not part of a
/// packet. It is estimated from the packets before (RFC 3711 §3.3.1), which works for a loss of up
/// to 2^15 packets in a row. A sender must not restart at other sequence numbers under the same key
/// and SSRC: its packets are rejected until their numbers are ahead of those before the restart.
class srtp_receiver {
public:
    /// Throws std::invalid_argument (an option is out of range, or the suite is not available) and
    /// std::bad_alloc.
    RTPSYNTH_API explicit srtp_receiver(const srtp_key& key, srtp_options options = {});
    RTPSYNTH_API srtp_receiver(srtp_receiver&&) noexcept;
    RTPSYNTH_API srtp_receiver& operator=(srtp_receiver&&) noexcept;
    RTPSYNTH_API ~srtp_receiver();

    /// Authenticates and decrypts an SRTP packet and returns the size of the RTP packet that is
    /// then at the beginning of \p packet. Fastest if it is aligned to 4 bytes. After an error the
    /// packet's bytes are unspecified.
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

    /// Sets the roll-over counter of the next packet of \p ssrc, for a receiver that joins after
    /// the sequence numbers have wrapped. Without it a source begins at 0. If the packet is not
    /// authentic with this counter, 0 is tried.
    ///
    /// Errors, with nothing changed: errc::too_many_sources, errc::not_enough_memory,
    /// errc::crypto_failed.
    [[nodiscard]] RTPSYNTH_API errc set_roll_over_counter(std::uint32_t ssrc,
                                                          std::uint32_t counter) noexcept;

    /// Accepts packets under another key from now on. Packets under the previous key are accepted
    /// until drop_previous_key(), since some may still be in transit. Each packet is tried with
    /// both keys, the new one first; keys with an MKI need no trial. Under the new key, a source's
    /// roll-over counter may continue, as in RFC 3711 §3.3.1, or restart at 0.
    ///
    /// Errors, with nothing changed: errc::invalid_argument (the suite is not available),
    /// errc::not_enough_memory, errc::crypto_failed.
    [[nodiscard]] RTPSYNTH_API errc rekey(const srtp_key& key) noexcept;

    /// Rejects packets under the previous key from now on, and erases that key.
    RTPSYNTH_API void drop_previous_key() noexcept;

    /// Removes a source that has ended, to make room for another. A recorded packet of it can then
    /// be replayed to us, once. Returns whether there was such a source.
    RTPSYNTH_API bool remove_source(std::uint32_t ssrc) noexcept;

    /// How many sources are known, those of RTCP included.
    RTPSYNTH_API std::size_t sources() const noexcept;

    RTPSYNTH_API const srtp_receiver_stats& stats() const noexcept;

private:
    std::unique_ptr<detail::srtp_receiver_state> state_;
};

/// \}

} // namespace rtpsynth
