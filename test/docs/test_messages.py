"""Messages that docs/troubleshooting.md explains are those of the sources."""
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
SOURCES = "\n".join(
    path.read_text() for folder in ("lib", "asio_server", "python_ext", "examples", "cmake")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in (".cpp", ".hpp", ".h", ".py", ".sh", ".txt")
)


@pytest.mark.parametrize("message", [
    "There is no Boost.Python for Python 3.",
    "the development packages of two Boosts cannot be installed together",
    "channel target is not set",
    "channel output queue is full",
    "packet is shorter than its fixed header",
    "channel is already closed",
    "RtpServer is shutting down",
    "was made before fork(); make a new one",
    "proc_in failed: ",
    "nothing came back",
    ": the port is closed",
    "nothing came back and no ICMP error either",
    "not a capture: neither pcap nor pcapng",
])
def test_message(message):
    assert message in PAGE
    assert message.removesuffix("3.") in SOURCES
