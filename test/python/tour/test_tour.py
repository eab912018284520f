"""The short programs of examples/tour: each ends by itself and says what it shows."""
import os
import pathlib
import re
import subprocess

import pytest

TOUR = pathlib.Path(os.environ.get("RTP_TOUR", "."))  # CMake sets it

PORT = r"127\.0\.0\.1:\d+"
SHOWS = {
    "receive_callback": [f"receiving on {PORT}", f"12 bytes from {PORT}", f"92 bytes from {PORT}",
                         f"172 bytes from {PORT}"],
    "receive_coroutine": [f"sent {size} bytes, got {size} back from {PORT}"
                          for size in (12, 92, 172)],
    "post_from_thread": [f"packet {1000 + i}, timestamp {1000 + 160 * i}, first byte of sound "
                         f"{1 + i}" for i in range(5)],
    # Never early: 24 steps of 20 ms take 480 ms or more.
    "rtp_proc": [r"sent 25 packets in (?:4[89]\d|[5-9]\d\d|\d{4,}) ms",
                 r"the latest call came \d+ us late"],
    "jitter_buffered": [*(f"play {i}: 160 bytes" for i in range(5)), "conceal 1 packet, 20 ms",
                        "play 6: 160 bytes", "play 7: 160 bytes"],
    "relay": ["Alice sends payload type 0, Bob hears 0, and she hears 0",
              "Alice sends payload type 101, Bob hears 96, and she hears 0"],
    "bot": ["item 1 was interrupted by 1", "item 2 was played, 1000 ms",
            "the bot has left: that was all"],
    "metrics_page": [f"rtpsynth_server_datagrams_{name}" for name in (
        r"received_total 2", r"rejected_total 0", r"discarded_total 0", r"overflow_total 0",
        r"accepted_total 2", r"sent_total 2", r"cancelled_total 0")],
    "recorder": ["a second or more was recorded, most of it speech"],
}


@pytest.mark.parametrize("name", SHOWS)
def test_tour(name):
    run = subprocess.run([TOUR / f"tour_{name}"], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0 and run.stderr == ""
    lines = run.stdout.splitlines()
    assert len(lines) == len(SHOWS[name])
    for line, pattern in zip(lines, SHOWS[name]):
        assert re.fullmatch(pattern, line), line
