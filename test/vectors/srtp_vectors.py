#!/usr/bin/env python3
"""Prints test/unit/rtp/srtp_vectors.hpp: whole packets from master keys.

The RFCs have no such packets for AES-GCM: theirs are for session keys, which no user of SRTP gives.
So this is a second implementation of the transforms, on the ciphers of the Python package
`cryptography`. It is compared with what the RFCs do have (RFC 3711 B.2 and B.3; RFC 7714 16.1,
16.2, 17.1, 17.2) and with the packet of libsrtp's own test, before it prints anything.
"""
import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

unhex = bytes.fromhex


def keystream(key, iv, size):
    encryptor = Cipher(algorithms.AES(key), modes.CTR(iv.to_bytes(16, "big"))).encryptor()
    return encryptor.update(bytes(size))


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def derive(master, salt, label, size):
    """RFC 3711 4.3.1, 4.3.3; a salt of 12 bytes is padded (RFC 7714 11)."""
    x = int.from_bytes(salt.ljust(14, b"\0"), "big") ^ label << 48
    return keystream(master, x << 16, size)


def cm_iv(salt, ssrc, index):
    return int.from_bytes(salt, "big") << 16 ^ ssrc << 64 ^ index << 16


def gcm_rtp(key, salt, packet, index, header=12):
    ssrc = packet[8:12]
    nonce = xor(salt, b"\0\0" + ssrc + index.to_bytes(6, "big"))
    return packet[:header] + AESGCM(key).encrypt(nonce, packet[header:], packet[:header])


def gcm_rtcp(key, salt, packet, index):
    trailer = (index | 1 << 31).to_bytes(4, "big")
    nonce = xor(salt, b"\0\0" + packet[4:8] + b"\0\0" + index.to_bytes(4, "big"))
    return packet[:8] + AESGCM(key).encrypt(nonce, packet[8:], packet[:8] + trailer) + trailer


def mac(key, data, size):
    return hmac.new(key, data, hashlib.sha1).digest()[:size]


def protect_rtp(suite, master, packet, roc, mki=b""):
    key_size, salt_size, tag_size, _ = SUITES[suite]
    master, salt = master[:key_size], master[key_size:]
    key, session_salt = derive(master, salt, 0, key_size), derive(master, salt, 2, salt_size)
    index = roc << 16 | int.from_bytes(packet[2:4], "big")
    header = 12 + 4 * (packet[0] & 15)
    if packet[0] & 0x10:
        header += 4 + 4 * int.from_bytes(packet[header + 2:header + 4], "big")
    if "GCM" in suite:
        return gcm_rtp(key, session_salt, packet, index, header) + mki
    iv = cm_iv(session_salt, int.from_bytes(packet[8:12], "big"), index)
    body = xor(packet[header:], keystream(key, iv, len(packet) - header))
    signed = packet[:header] + body
    tag = mac(derive(master, salt, 1, 20), signed + roc.to_bytes(4, "big"), tag_size)
    return signed + mki + tag


def protect_rtcp(suite, master, packet, index, mki=b""):
    key_size, salt_size, _, tag_size = SUITES[suite]
    master, salt = master[:key_size], master[key_size:]
    key, session_salt = derive(master, salt, 3, key_size), derive(master, salt, 5, salt_size)
    if "GCM" in suite:
        return gcm_rtcp(key, session_salt, packet, index) + mki
    iv = cm_iv(session_salt, int.from_bytes(packet[4:8], "big"), index)
    body = packet[:8] + xor(packet[8:], keystream(key, iv, len(packet) - 8))
    body += (index | 1 << 31).to_bytes(4, "big")
    return body + mki + mac(derive(master, salt, 4, 20), body, tag_size)


SUITES = {  # sizes of key, salt, and of the tags of RTP and RTCP
    "AES_CM_128_HMAC_SHA1_80": (16, 14, 10, 10),
    "AES_CM_128_HMAC_SHA1_32": (16, 14, 4, 10),
    "AEAD_AES_128_GCM": (16, 12, 16, 16),
    "AEAD_AES_256_GCM": (32, 12, 16, 16),
}


# RFC 7714 17: a sender report.
REPORT = (unhex("81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61") +
          5 * unhex("deadbeef"))


def check_against_the_rfcs():
    stream = keystream(unhex("2b7e151628aed2a6abf7158809cf4f3c"),  # RFC 3711 B.2
                       cm_iv(unhex("f0f1f2f3f4f5f6f7f8f9fafbfcfd"), 0, 0), 48)
    assert stream == unhex("e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab"
                           "41e95b3bb0a2e8dd477901e4fca894c0")
    master = unhex("e1f97a0d3e018be0d64fa32c06de4139")  # RFC 3711 B.3
    salt = unhex("0ec675ad498afeebb6960b3aabe6")
    assert derive(master, salt, 0, 16) == unhex("c61e7a93744f39ee10734afe3ff7a087")
    assert derive(master, salt, 2, 14) == unhex("30cbbc08863d8c85d49db34a9ae1")
    assert derive(master, salt, 1, 20) == unhex("cebe321f6ff7716b6fd4ab49af256a156d38baa4")
    packet = unhex("800f1234decafbadcafebabe") + b"\xab" * 16  # libsrtp, test/srtp_driver.c
    assert protect_rtp("AES_CM_128_HMAC_SHA1_80", master + salt, packet, 0) == unhex(
        "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb")

    key, salt = bytes(range(32)), b"Quid pro quo"  # RFC 7714 16, 17
    rtp = unhex("8040f17b8041f8d35501a0b2") + b"Gallia est omnis divisa in partes tres"
    assert gcm_rtp(key[:16], salt, rtp, 0xf17b).hex() == (
        "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b"
        "36de3adf8833899d7f27beb16a9152cf765ee4390cce")
    assert gcm_rtp(key, salt, rtp, 0xf17b).hex() == (
        "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f"
        "1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13")
    assert gcm_rtcp(key[:16], salt, REPORT, 0x5d4).hex() == (
        "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b46"
        "86303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4")
    assert gcm_rtcp(key, salt, REPORT, 0x5d4).hex() == (
        "81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658"
        "c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4")


def literal(data):
    text = data.hex()
    lines = [text[i:i + 80] for i in range(0, len(text), 80)]
    return "\n         ".join(f'"{line}"' for line in lines)


def main():
    check_against_the_rfcs()
    payload = b"Gallia est omnis divisa in partes tres"
    rtp = unhex("8040f17b8041f8d35501a0b2") + payload
    # A CSRC and a header extension of 8 bytes, which stay in the clear.
    extended = unhex("9180ffff00000001deadbeefcafebabebede000210aabbccdd000000") + payload
    print("""// Written by test/vectors/srtp_vectors.py, a second implementation of SRTP, which says where its
// numbers are from.
#pragma once

#include <cstdint>

struct srtp_vector {
    const char* suite;
    const char* key;       ///< and salt, in hexadecimal
    std::uint32_t counter; ///< of RTP: the roll-over counter; of RTCP: the index
    std::uint64_t mki;     ///< of 4 bytes; 0: none
    bool is_rtcp;
    const char* plain;
    const char* protected_packet;
};

// clang-format off
inline constexpr srtp_vector srtp_vectors[] = {""")
    for suite, (key_size, salt_size, _, _) in SUITES.items():
        if "GCM" in suite:
            master = bytes(range(key_size)) + b"Quid pro quo"
        else:
            master = unhex("e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6")
        for mki in 0, 0x01020304:
            tail = mki.to_bytes(4, "big") if mki else b""
            rows = [(packet, roc, False, protect_rtp(suite, master, packet, roc, tail))
                    for packet, roc in ((rtp, 0), (extended, 0), (rtp, 1), (extended, 0xffffffff))]
            # libsrtp2 counts from 1 on.
            rows.append((REPORT, 1, True, protect_rtcp(suite, master, REPORT, 1, tail)))
            for packet, counter, is_rtcp, made in rows:
                flag = str(is_rtcp).lower()
                print(f'    {{"{suite}",\n     "{master.hex()}",\n     {counter:#x}, {mki:#x}, {flag},')
                print(f"         {literal(packet)},\n         {literal(made)}}},")
    print("};\n// clang-format on")


if __name__ == "__main__":
    main()
