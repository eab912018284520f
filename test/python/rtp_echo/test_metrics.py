"""rtp_echo --metrics: the page, as others read it, and HTTP clients of all manners."""
import contextlib
import pathlib
import re
import socket
import time
import urllib.request

import pytest

from echo_tools import PATIENCE, V4, V6, Echo, caller, run

MOST_CONNECTIONS = 16


@contextlib.contextmanager
def echo_with_metrics(host="127.0.0.1", **kwargs):
    with Echo("--metrics", f"{host}:0", **kwargs) as echo:
        echo.url = re.fullmatch(r"metrics at (http://.+:\d+/metrics)", echo.line())[1]
        host, port = echo.url.removeprefix("http://").removesuffix("/metrics").rsplit(":", 1)
        echo.http = host.strip("[]"), int(port)
        yield echo


def get(echo):
    with urllib.request.urlopen(echo.url, timeout=PATIENCE) as answer:
        return answer.headers, answer.read().decode()


def connect(echo):
    return socket.create_connection(echo.http, timeout=PATIENCE)


def answer_to(echo, request):
    with connect(echo) as sock:
        sock.sendall(request)
        return read_all(sock)


def read_all(sock):
    with sock.makefile("rb") as file:
        return file.read().decode()


def exchange(echo, datagrams):
    with caller(echo.endpoint) as sock:
        for datagram in datagrams:
            sock.send(datagram)
            assert sock.recv(2000) == datagram


@pytest.mark.parametrize("bind", [V4, V6])
def test_prometheus_reads_the_page(bind):
    parser = pytest.importorskip("prometheus_client.parser")
    with echo_with_metrics(host=bind.rsplit(":", 1)[0], bind=[bind]) as echo:
        exchange(echo, [b"one", b"two", b"three"])
        time.sleep(0.2)  # a page is kept for 0.1 s
        headers, text = get(echo)
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name: family for family in parser.text_string_to_metric_families(text)}
    assert len(families) == text.count("# TYPE ") == text.count("# HELP ") == 16
    assert all(family.documentation for family in families.values())
    assert {family.type for family in families.values()} == {"counter", "gauge"}

    def value(name):
        (sample,) = families[name].samples
        assert sample.labels == {}
        return sample.value

    assert value("rtpsynth_server_datagrams_received") == 3
    assert value("rtpsynth_server_received_bytes") == 11
    assert value("rtpsynth_server_datagrams_sent") == 3
    assert value("rtpsynth_server_sent_bytes") == 11
    assert value("rtpsynth_server_open_channels") == 1
    assert value("rtp_echo_datagrams_not_answerable") == 0


def test_methods_and_paths():
    with echo_with_metrics() as echo:
        def status(request):
            return answer_to(echo, request).split("\r\n", 1)[0]
        assert status(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n") == "HTTP/1.1 200 OK"
        assert status(b"GET /metrics?a=b HTTP/1.0\r\n\r\n").endswith(" 200 OK")
        assert status(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == "HTTP/1.1 404 Not Found"
        assert status(b"GET /metrics2 HTTP/1.1\r\nHost: x\r\n\r\n") == "HTTP/1.1 404 Not Found"
        assert status(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n") == \
            "HTTP/1.1 405 Method Not Allowed"
        head = answer_to(echo, b"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert head.endswith("\r\n\r\n") and int(re.search(r"Content-Length: (\d+)", head)[1]) > 1000


def test_requests_that_are_none():
    with echo_with_metrics() as echo:
        def status(request):
            return answer_to(echo, request).split("\r\n", 1)[0]
        assert status(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n") == \
            "HTTP/1.1 400 Bad Request"
        assert status(b"GET /metrics HTTP/1.1\r\nno colon\r\n\r\n") == "HTTP/1.1 400 Bad Request"
        assert status(b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 9000) == \
            "HTTP/1.1 404 Not Found"
        assert status(b"GET /metrics HTTP/1.1\r\nx: " + b"y" * 100_000 + b"\r\n\r\n") == \
            "HTTP/1.1 431 Request Header Fields Too Large"
        connect(echo).close()
        with connect(echo) as sock:
            sock.sendall(b"GET /met")
        assert get(echo)[1]


def test_slow_clients_give_way_and_end():
    with echo_with_metrics() as echo:
        descriptors = pathlib.Path("/proc", str(echo.process.pid), "fd")
        before = len(list(descriptors.iterdir()))
        slow = [connect(echo) for _ in range(2 * MOST_CONNECTIONS)]
        for sock in slow[-MOST_CONNECTIONS + 1:]:
            sock.sendall(b"GET /metrics HTTP/1.1\r\nx: ")
        assert get(echo)[1]  # and the media goes on
        assert len(list(descriptors.iterdir())) <= before + MOST_CONNECTIONS
        exchange(echo, [b"one"])
        for sock in slow:  # the first at once, the others when their time is over
            with contextlib.suppress(ConnectionResetError):
                assert read_all(sock) == ""
            sock.close()
        assert echo.stop()["Received"] == 1


def test_a_client_that_does_not_read():
    with echo_with_metrics() as echo:
        with connect(echo) as sock:
            sock.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            assert get(echo)[1]
            assert read_all(sock).startswith("HTTP/1.1 200 OK")


def test_a_signal_ends_it_with_clients():
    with echo_with_metrics() as echo:
        with connect(echo) as sock:
            assert get(echo)[1]
            echo.stop()
            with contextlib.suppress(ConnectionResetError):
                assert read_all(sock) == ""


def test_wrong_addresses():
    wrong = run("--bind", "127.0.0.1:0", "--metrics", "127.0.0.1:1-2")
    assert wrong.returncode == 2 and "metrics are served on one port" in wrong.stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        wrong = run("--bind", "127.0.0.1:0", "--metrics", f"127.0.0.1:{port}")
    assert wrong.returncode == 1
    assert f"cannot serve metrics on 127.0.0.1:{port}: Address already in use" in wrong.stderr
