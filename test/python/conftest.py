"""Fixtures of the tests of programs."""
import pytest


@pytest.fixture
def write(tmp_path):
    """Writes a file and returns its path."""
    def write(content, name="capture.pcap"):
        path = tmp_path / name
        path.write_bytes(content)
        return path
    return write
