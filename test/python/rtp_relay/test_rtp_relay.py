"""rtp_relay: calls between two phones, as a SIP proxy makes them."""
import contextlib
import os
import signal
import socket
import urllib.request

import pytest

from relay_tools import (PATIENCE, Phone, Relay, endpoint, ipv6_works, run, talk, wait_for)

needs_ipv6 = pytest.mark.skipif(not ipv6_works(), reason="this machine has no IPv6")


@contextlib.contextmanager
def listener(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.bind(address)
        sock.listen()
        sock.settimeout(PATIENCE)
        yield sock


def notice(sock):
    with sock.accept()[0] as connection, connection.makefile() as file:
        connection.settimeout(PATIENCE)
        return file.read()


def test_two_phones_hear_each_other_until_the_call_is_deleted():
    with Relay() as relay, Phone() as caller, Phone() as callee:
        callee_sends_to = relay.offer(caller, modifiers="c0,101")
        caller_sends_to = relay.answer(callee)
        assert callee_sends_to[1] % 2 == caller_sends_to[1] % 2 == 0
        talk(caller, caller_sends_to, callee, callee_sends_to)
        assert relay.tell("Q call from;1 to;1").split()[1:] == ["5", "5", "10", "0"]
        assert relay.tell("D call from to") == "0"
        caller.say(caller_sends_to, b"gone")
        assert not callee.is_spoken_to(0.2)
        assert relay.tell("D call from to") == "E50"
        totals = relay.stop()
        assert totals["Media"] == 1 and totals["Received"] == totals["Forwarded"] == 10


def test_a_phone_behind_a_nat_is_answered_where_it_sends_from():
    """The SDP has another port than the packets."""
    with Relay() as relay, Phone() as caller, Phone() as behind_nat, Phone() as signalled:
        to_callee = relay.offer(caller)
        to_caller = relay.answer(signalled)
        caller.say(to_caller, b"early")
        assert signalled.hear() == b"early"
        for i in range(5):  # as many as source_latch asks for, and one
            behind_nat.say(to_callee, b"b%d" % i)
            assert caller.hear() == b"b%d" % i
        wait_for(lambda: caller.say(to_caller, b"x") or behind_nat.is_spoken_to(0.1),
                 "the relay did not latch")
        assert behind_nat.hear() == b"x"


def test_an_asymmetric_caller_is_answered_where_it_was_signalled():
    with Relay() as relay, Phone() as receiver, Phone() as sender, Phone() as callee:
        to_callee = relay.offer(receiver, modifiers="A")
        to_caller = relay.answer(callee)
        for i in range(8):
            sender.say(to_caller, b"a%d" % i)
            assert callee.hear() == b"a%d" % i
        callee.say(to_callee, b"b")
        assert receiver.hear() == b"b"
        assert not sender.is_spoken_to()


def test_rtcp_has_the_next_port():
    report = b"\x81\xc9\x00\x07" + bytes(4) + b"\xde\xad\xbe\xef" + bytes(20)  # a receiver report
    with Relay() as relay, Phone() as caller, Phone() as callee:
        to_callee = relay.offer(caller)
        to_caller = relay.answer(callee)
        talk(caller, to_caller, callee, to_callee)
        caller.sock.sendto(report, (to_caller[0], to_caller[1] + 1))
        assert relay.tell("Q call from to").split()[1:] == ["5", "5", "10", "0"]


@needs_ipv6
def test_a_caller_with_ipv6_and_a_callee_with_ipv4():
    with Relay("--external", "::1") as relay, Phone("::1") as caller, Phone() as callee:
        to_callee = relay.offer(caller, modifiers="EI6")
        to_caller = relay.answer(callee, modifiers="EI")
        assert to_callee[0] == "127.0.0.1" and to_caller[0] == "::1"
        talk(caller, to_caller, callee, to_callee)
        # An address of a family that its side does not have.
        assert relay.tell("L call ::1 4000 from;1 to;1") == "E5"


@needs_ipv6
def test_both_families_on_one_network():
    with Relay(listen=["127.0.0.1", "::1"]) as relay:
        for host in "127.0.0.1", "::1":
            with Phone(host) as caller, Phone(host) as callee:
                to_callee = relay.offer(caller, call=host)
                to_caller = relay.answer(callee, call=host)
                assert to_callee[0] == to_caller[0] == host
                talk(caller, to_caller, callee, to_callee)


def test_the_advertised_address_is_answered_and_an_unspecified_one_is_not():
    with Relay(listen=["127.0.0.1=203.0.113.7"]) as relay:
        assert relay.tell("U call 127.0.0.1 4000 from").split()[1] == "203.0.113.7"
    with Relay(listen=["0.0.0.0"]) as relay:
        assert len(relay.tell("U call 127.0.0.1 4000 from").split()) == 1


def test_a_command_that_is_sent_again_has_the_same_answer_and_is_not_executed_again():
    with Relay() as relay:
        offer = "77_1 U call 127.0.0.1 4000 from;1"
        first = relay.exchange(offer)
        assert endpoint(first.removeprefix("77_1 "))
        assert relay.exchange(offer) == first
        delete = "77_2 D call from"
        assert relay.exchange(delete) == relay.exchange(delete) == "77_2 0\n"
        assert relay.exchange("77_3 D call from") == "77_3 E50\n"
        assert relay.stop()["Media"] == 1


def test_what_a_proxy_asks_at_its_start():
    with Relay() as relay:
        assert relay.tell("V") == "20040107"
        assert relay.tell("VF 20050322") == "1"
        assert relay.tell("VF 20081102") == "1"
        assert relay.tell("VF 20071116") == "0"
        assert relay.tell("I").startswith("sessions created: 0\nactive sessions: 0\n")


@pytest.mark.parametrize("command, error", [
    ("hello", "E0"), ("U", "E1"), ("U call 127.0.0.1 4000", "E1"), ("Uy c 127.0.0.1 4000 f", "E2"),
    ("U call pc33.example.com 4000 from", "E5"), ("U call 127.0.0.1 70000 from", "E5"),
    ("U call 2001:db8::1 4000 from", "E5"), ("P call music 0 from", "E50"), ("Q call from", "E50"),
    ("L call 127.0.0.1 4000 from to", "0"), ("X", "0"), ("Q" * 8000, "E1"), ("\xff\xfe", "E0")])
def test_what_cannot_be_done_has_its_error(command, error):
    with Relay() as relay:
        assert relay.tell(command) == error
        assert relay.tell("V") == "20040107"


def test_datagrams_that_are_no_commands_are_ignored():
    with Relay() as relay:
        for datagram in b"", b"\0", b"V", b"x" * 20000, b"\n\n":
            relay.client.send(datagram)
        assert relay.tell("V") == "20040107"


def test_commands_over_a_unix_socket(tmp_path):
    path = tmp_path / "control"

    def tell(command):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(PATIENCE)
            sock.connect(str(path))
            sock.sendall(command.encode())
            with sock.makefile() as file:
                return file.read()

    for _ in range(2):  # the second finds the socket that the first has left
        with Relay(control=[f"unix:{path}"]) as relay:
            assert relay.commands_at == [f"unix:{path}"]
            assert tell("V") == tell("V\n") == "20040107\n"
            assert tell("VF 20050322\nVF 1\n") == "1\n0\n"
            assert endpoint(tell("U call 127.0.0.1 4000 from;1"))
            again = run("--control", f"unix:{path}")
            assert again.returncode == 1 and "cannot take commands at" in again.stderr
            relay.process.send_signal(signal.SIGKILL)
            relay.process.wait()
    with Relay(control=[f"unix:{path}"]) as relay:
        relay.stop()
    assert not path.exists()


def test_a_proxy_is_told_of_a_call_that_has_fallen_silent(tmp_path):
    path = str(tmp_path / "notices")
    with Relay("--timeout", 1) as relay, listener(socket.AF_UNIX, path) as proxy:
        relay.tell(f"U call 127.0.0.1 4000 from;1 to;1 unix:{path} T4a.7%20b")
        assert notice(proxy) == "T4a.7 b\n"
        assert relay.tell("Q call from") == "E50"
    with Relay("--timeout", 1) as relay, \
            listener(socket.AF_INET, ("127.0.0.1", 0)) as proxy:
        port = proxy.getsockname()[1]
        relay.tell(f"U call 127.0.0.1 4000 from;1 to;1 tcp:%%CC_IP%%:{port}")
        assert notice(proxy) == "call\n"
        relay.tell("U call 127.0.0.1 4000 from;1 to;1 xmlrpc:http://127.0.0.1/ tag")
        wait_for(lambda: relay.tell("Q call from") == "E50", "the call did not time out")


def test_a_call_with_audio_does_not_time_out():
    with Relay("--timeout", 1) as relay, Phone() as caller, Phone() as callee:
        to_callee = relay.offer(caller)
        to_caller = relay.answer(callee)
        for _ in range(30):
            caller.say(to_caller, b"I speak")  # the other one only listens
            assert callee.hear() == b"I speak"
            assert not caller.is_spoken_to(0.1)
        talk(caller, to_caller, callee, to_callee)
        wait_for(lambda: relay.tell("Q call from") == "E50", "the call did not time out")


def test_without_free_ports_calls_are_refused():
    with Relay(ports=8) as relay:
        answers = [relay.tell(f"U call{i} 127.0.0.1 4000 from") for i in range(4)]
        assert answers[-1] == "E71" and any(" " in answer for answer in answers)
        relay.tell("D call0 from")
        assert endpoint(relay.tell("U again 127.0.0.1 4000 from"))


def test_ten_thousand_calls_leave_nothing_behind():
    def churn(calls):
        for i in calls:
            assert endpoint(relay.tell(f"U {i} 127.0.0.1 4000 from;1"))
            assert endpoint(relay.tell(f"L {i} 127.0.0.1 5000 from;1 to;1"))
            if i % 2:
                assert relay.tell(f"D {i} from to") == "0"
            else:
                others.append(i)
        while others:
            assert relay.tell(f"D {others.pop()} to from") == "0"

    others = []
    with Relay(ports=2000) as relay:
        calls = iter(range(10_000))
        for _ in range(10):  # the cache of answers, port ranges and the heap reach their size
            churn(next(calls) for _ in range(400))
        descriptors, memory = relay.descriptors(), relay.memory()
        for _ in range(15):
            churn(next(calls) for _ in range(400))
        assert relay.descriptors() == descriptors
        if not os.environ.get("SANITIZED"):  # a sanitizer keeps what was freed
            assert relay.memory() < memory + (16 << 20)  # answers are kept for a while
        assert relay.tell("I").splitlines()[:3] == [
            "sessions created: 10000", "active sessions: 0", "active streams: 0"]


def test_metrics():
    with Relay("--metrics", "127.0.0.1:0") as relay, Phone() as caller, Phone() as callee:
        url = relay.line().removeprefix("metrics at ")
        to_callee = relay.offer(caller)
        to_caller = relay.answer(callee)
        talk(caller, to_caller, callee, to_callee)
        with urllib.request.urlopen(url, timeout=PATIENCE) as page:
            text = page.read().decode()
    for line in ("rtp_relay_calls 1", "rtp_relay_media_total 1", "rtp_relay_commands_total 2",
                 "rtp_relay_packets_forwarded_total 10",
                 'rtpsynth_ports_in_use{at="internal 127.0.0.1"} 2'):
        assert line in text.splitlines(), text


@pytest.mark.parametrize("arguments, complaint", [
    (["--control", "tcp:127.0.0.1:1"], "'tcp:127.0.0.1:1' is not udp:HOST:PORT or unix:PATH"),
    (["--listen", "localhost"], "'localhost' is not an address"),
    (["--listen", "127.0.0.1=::1"], "'::1' is not an address of IPv4"),
    (["--listen", "127.0.0.1", "--listen", "127.0.0.2"],
     "--listen takes one address of IPv4 and one of IPv6"),
    (["--ports", "10000"], "'10000' is not a range of ports, FIRST-LAST"),
    (["--ports", "10001-10004"], "'10001-10004' has no two pairs of ports, which a call needs"),
    (["--timeout", "0"], "'0' is not a valid timeout (0.5..86400 s)"),
    (["--recordings", "/nowhere"], "'/nowhere' is not a directory"),
    (["--threads", "0"], "'0' is not a valid number of threads (1..1024)"),
    (["--metrics", "127.0.0.1:1-2"], "metrics are served on one port, not on '127.0.0.1:1-2'"),
    (["more"], "unexpected argument 'more'")])
def test_a_wrong_command_line_is_explained(arguments, complaint):
    ended = run(*arguments)
    assert ended.returncode == 2 and complaint in ended.stderr, ended.stderr
