#!/usr/bin/env python3
"""Processor time that a relay takes for a packet of 172 bytes, of one program beside others, by turns.

usage: relay_cost.py [--load WAY:CALLS]... [--seconds N] [--transcode] BUILD_DIRECTORY ROUNDS

Beside the class rtp_relay: the program of that name with one thread, if it was built (`program`); epoll
with recvfrom and sendto and nothing else (`bare`); Debian's rtpengine in user space with one worker, if it
is installed; with --transcode also rtp_relay that turns PCMU into PCMA (`pcma`) or G.722 (`g722`). Prints
the best of the rounds of each, its ratio to `bare`, and the delay that the load's receiver saw (median, 99 %), which includes its own.
"""
import argparse
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

RELAY_PORT = 24000
LOCAL_PORT = 16000
NG_PORT = 22222
RTPP_PORT = 22223
LOADS = ("together:300", "together:700")


def processor_time(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bencode(value):
    if isinstance(value, str):
        return f"{len(value)}:{value}"
    if isinstance(value, list):
        return "l" + "".join(map(bencode, value)) + "e"
    return "d" + "".join(bencode(k) + bencode(v) for k, v in value.items()) + "e"


def sdp(port):
    return (f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=rtcp-mux\r\n")


def rtpengine_ports(calls):
    """Sets the calls up; the ports of rtpengine, two a call."""
    control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    control.settimeout(5)
    control.connect(("127.0.0.1", NG_PORT))

    def ask(cookie, command):
        control.send(f"{cookie} {bencode(command)}".encode())
        answer = control.recv(65536).decode()
        return int(answer.split("m=audio ", 1)[1].split(" ", 1)[0])

    ports = []
    for i in range(calls):
        call = {"call-id": f"call{i}", "from-tag": f"a{i}", "rtcp-mux": ["accept"]}
        to_b = ask(f"o{i}", {"command": "offer", "sdp": sdp(LOCAL_PORT + 2 * i), **call})
        to_a = ask(f"n{i}", {"command": "answer", "sdp": sdp(LOCAL_PORT + 2 * i + 1), "to-tag": f"b{i}", **call})
        ports += [to_a, to_b]  # Alice sends to the port that the answer names
    return ports


def program_ports(calls):
    """The same of the program rtp_relay, by the rtpproxy protocol."""
    control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    control.settimeout(5)
    control.connect(("127.0.0.1", RTPP_PORT))

    def ask(cookie, command):
        control.send(f"{cookie} {command}".encode())
        return int(control.recv(4096).decode().split()[1])

    ports = []
    for i in range(calls):
        to_b = ask(f"u{i}", f"U call{i} 127.0.0.1 {LOCAL_PORT + 2 * i} a;1")
        to_a = ask(f"l{i}", f"L call{i} 127.0.0.1 {LOCAL_PORT + 2 * i + 1} a;1 b;1")
        ports += [to_a, to_b]
    return ports


def measure(name, command, load, way, calls, seconds):
    relay = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1.5)
        if relay.poll() is not None:
            sys.exit(f"{name}: it ended")
        ports = (rtpengine_ports(calls) if name == "rtpengine"
                 else program_ports(calls) if name == "program"
                 else range(RELAY_PORT, RELAY_PORT + 2 * calls))
        source = subprocess.Popen([load, way, str(seconds), str(LOCAL_PORT)], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        source.stdin.write(" ".join(map(str, ports)))
        source.stdin.close()
        source.stdout.readline()
        before = processor_time(relay.pid)
        sent, received, median, late, _ = source.stdout.readline().split()
        took = processor_time(relay.pid) - before
        source.wait()
        if sent != received:
            print(f"{name}: {received} of {sent} packets came through", file=sys.stderr)
        return took / int(sent) * 1e6, float(median), float(late)
    finally:
        relay.terminate()
        relay.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--load", action="append")
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--transcode", action="store_true")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("rounds", type=int)
    arguments = parser.parse_args()
    programs = arguments.build / "test/benchmark"
    for way, calls in (load.split(":") for load in arguments.load or LOADS):
        calls = int(calls)
        server = str(programs / "relay_server")
        commands = {way_of: [server, way_of, str(calls), str(RELAY_PORT)]
                    for way_of in ("bare", "relay", *(("pcma", "g722") if arguments.transcode else ()))}
        program = arguments.build / "examples/rtp_relay/rtp_relay"
        if program.exists():
            commands["program"] = [
                program, "--threads=1", f"--control=udp:127.0.0.1:{RTPP_PORT}",
                "--listen=127.0.0.1", "--ports=24000-31999"]
        if shutil.which("rtpengine"):
            commands["rtpengine"] = [
                "rtpengine", "--foreground", "--config-file=none", "--table=-1",
                "--interface=127.0.0.1", f"--listen-ng=127.0.0.1:{NG_PORT}", "--num-threads=1",
                "--log-level=1", "--log-stderr", "--port-min=30000", "--port-max=60000"]
        results = {name: [] for name in commands}
        for _ in range(arguments.rounds):
            for name, command in commands.items():
                results[name].append(measure(name, command, str(programs / "relay_load"), way,
                                             calls, arguments.seconds))
        best = {name: min(values) for name, values in results.items()}
        print(f"{way}, {2 * calls} streams: " + ", ".join(
            f"{name} {cost:.2f} us ({cost / best['bare'][0]:.2f}), delay {median:.0f} us, 99 % {late:.0f}"
            for name, (cost, median, late) in best.items()), flush=True)


if __name__ == "__main__":
    main()
