"""Fixtures of the tests of programs. The rooms import each other's helpers by name."""
import pathlib
import sys

import pytest

for room in "jitter", "kamailio", "rtp_echo", "rtp_load", "rtp_relay", "rtp_replay":
    sys.path.append(str(pathlib.Path(__file__).resolve().parent / room))


@pytest.fixture
def write(tmp_path):
    """Writes a file and returns its path."""
    def write(content, name="capture.pcap"):
        path = tmp_path / name
        path.write_bytes(content)
        return path
    return write
