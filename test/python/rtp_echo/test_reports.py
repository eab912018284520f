"""rtp_echo --rtcp: its reports, and to whom it sends them."""
import select
import struct
import time

from echo_tools import Echo, PATIENCE, caller

OFTEN = ("--rtcp", "--rtcp-interval", "0.1")
SSRC = 0x11223344


def rtp(seq):
    return struct.pack("!BBHII", 0x80, 0, seq, seq * 160, SSRC) + bytes(160)


def is_rtcp(datagram):
    return 200 <= datagram[1] <= 207


def packets(compound):
    """(packet type, bytes) of each packet of a compound."""
    found = []
    while compound:
        size = 4 * (struct.unpack("!H", compound[2:4])[0] + 1)
        found.append((compound[1], compound[:size]))
        compound = compound[size:]
    return found


def talk(sock, first, reports, send=rtp):
    """Sends a packet each 5 ms until so many reports have come; returns them and the next number."""
    found, seq, deadline = [], first, time.monotonic() + PATIENCE
    while len(found) < reports:
        assert time.monotonic() < deadline, found
        sock.send(send(seq))
        seq += 1
        while select.select([sock], [], [], 0.005)[0]:
            datagram = sock.recv(2000)
            if is_rtcp(datagram):
                found.append(datagram)
            else:
                assert datagram[12:] == bytes(160)
    return found, seq


def test_it_reports_on_what_it_hears():
    with Echo(*OFTEN) as echo, caller(echo.endpoint) as sock:
        reports, seq = talk(sock, 1, 3)
        kinds = packets(reports[-1])
        assert [kind for kind, _ in kinds] == [201, 202]  # RR, SDES
        body = kinds[0][1]
        ssrc, lost, highest = struct.unpack("!IIi", body[8:20])
        assert len(body) == 32 and ssrc == SSRC and lost == 0 and 2 <= highest < seq
        # What we send is not echoed.
        compound = struct.pack("!BBHI", 0x80, 201, 1, SSRC) + struct.pack(
            "!BBHI", 0x81, 202, 3, SSRC) + b"\1\1x\0" + bytes(4)
        sock.send(compound)
        sock.send(b"\x80\xc9\0\5")  # shorter than it says
        more, _ = talk(sock, seq, 3)
        assert compound not in more
        totals = echo.stop()
        bye = [d for d in drain(sock) if is_rtcp(d) and packets(d)[-1][0] == 203]
        assert len(bye) == 1
        assert totals["Refused"] == 1 and totals["Reports"] >= 7


def drain(sock):
    found = []
    while select.select([sock], [], [], 0.2)[0]:
        try:
            found.append(sock.recv(2000))
        except ConnectionRefusedError:
            break
    return found


def test_who_falls_silent_gets_one_report_more():
    with Echo(*OFTEN) as echo, caller(echo.endpoint) as sock:
        talk(sock, 1, 2)
        deadline = time.monotonic() + 2  # twenty intervals
        rtcp = []
        while time.monotonic() < deadline:
            if select.select([sock], [], [], 0.05)[0]:
                datagram = sock.recv(2000)
                if is_rtcp(datagram):
                    rtcp.append(datagram)
        assert len(rtcp) <= 1


def test_it_ends_at_once():
    with Echo(*OFTEN) as echo, caller(echo.endpoint) as sock:
        talk(sock, 1, 1)
        begin = time.monotonic()
        echo.stop()
        assert time.monotonic() - begin < 10  # the sender would be forgotten after 15 s


def test_senders_are_told_apart():
    with Echo(*OFTEN) as echo, caller(echo.endpoint) as one, caller(echo.endpoint) as other:
        first, _ = talk(one, 1, 1)
        second, _ = talk(other, 30000, 1)
        ours = [struct.unpack("!I", report[4:8])[0] for report in (first[0], second[0])]
        assert ours[0] != ours[1]  # a session each


def test_other_datagrams_are_echoed():
    with Echo(*OFTEN) as echo, caller(echo.endpoint) as sock:
        for datagram in (b"", b"x", b"\0\1\0\0" + bytes(16), bytes([0x16]) * 20, bytes([0xff]) * 9):
            sock.send(datagram)
            assert sock.recv(2000) == datagram
        assert echo.stop()["Refused"] == 0
