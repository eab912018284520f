#!/usr/bin/env python3
"""Processor time that an echo takes for a packet, of one program beside others, by turns.

usage: echo_cost.py [--load WAY:STREAMS]... BUILD_DIRECTORY ROUNDS [NAME=COMMAND]...

BUILD_DIRECTORY was built with the preset `release`: its rtp_echo is measured beside the plain echoes
on Asio and one on bare epoll, which is the limit (echo_yardstick). A load is `singly:300` or the like; the three of LOADS if none is given.
Further commands have {count} for the number of ports and {port} for the first of them. Prints, for each load, the median of each program and its ratio to `asio receive`.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time

PORT = 31000  # below the range from which Linux gives ports to whoever asks for any
SECONDS = 4
LOADS = ("singly:300", "together:300", "together:1400")


def processor_time(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def microseconds_a_packet(load, command, way, count):
    echo = subprocess.Popen(command.format(count=count, port=PORT).split(),
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1.5)
        if echo.poll() is not None:
            sys.exit(f"{command}: it ended")
        before = processor_time(echo.pid)
        result = subprocess.run([load, way, count, str(SECONDS), str(PORT)],
                                stdout=subprocess.PIPE, check=True, text=True)
        sent, received = map(int, result.stdout.split())
        if received != sent:
            print(f"{command.split()[0]}, {way}: {received} of {sent} packets came back",
                  file=sys.stderr)
        return (processor_time(echo.pid) - before) / sent * 1e6
    finally:
        echo.terminate()
        echo.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--load", action="append")
    parser.add_argument("build")
    parser.add_argument("rounds", type=int)
    parser.add_argument("programs", nargs="*")
    arguments = parser.parse_args()
    build = arguments.build
    yardstick = f"{build}/test/benchmark/echo_yardstick"
    programs = {"asio receive": f"{yardstick} receive {{count}} {{port}}",
                "asio wait": f"{yardstick} wait {{count}} {{port}}",
                "asio wait, recvmmsg": f"{yardstick} mmsg {{count}} {{port}}",
                "bare epoll": f"{yardstick} bare {{count}} {{port}}",
                "rtp_echo": f"{build}/examples/rtp_echo/rtp_echo"
                            " --bind 127.0.0.1:{port} --channels {count}"}
    programs.update(argument.split("=", 1) for argument in arguments.programs)
    for way, count in (load.split(":") for load in arguments.load or LOADS):
        costs = {name: [] for name in programs}
        for _ in range(arguments.rounds):
            for name, command in programs.items():
                costs[name].append(microseconds_a_packet(
                    f"{build}/test/benchmark/echo_load", command, way, count))
        medians = {name: statistics.median(values) for name, values in costs.items()}
        print(f"{way} {count}: " + ", ".join(
            f"{name} {median:.1f} us ({median / medians['asio receive']:.2f})"
            for name, median in medians.items()), flush=True)


if __name__ == "__main__":
    main()
