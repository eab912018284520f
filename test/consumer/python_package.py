"""A user's program: all modules of the installed package, and an echo."""

import importlib
import importlib.metadata
import inspect
import os
import queue
import socket
import sys
from pathlib import Path

import rtpsynth
from rtpsynth import aio
from rtpsynth.RtpJBuf import RtpJBuf
from rtpsynth.RtpServer import RtpServer
from rtpsynth.RtpSynth import RtpSynth

for name in rtpsynth.__all__:
    if name[0].isupper():
        assert hasattr(importlib.import_module(f"rtpsynth.{name}"), name)
home = Path(rtpsynth.__file__).parent
assert (home / "py.typed").exists()
assert (home / "RtpServer.pyi").exists()
version = os.environ.get("RTPSYNTH_VERSION")
if version:  # was installed by pip
    assert version == importlib.metadata.version("rtpsynth") == rtpsynth.__version__
    about = importlib.metadata.metadata("rtpsynth")
    assert about["Requires-Python"] == ">=3.10"
    assert "Typing :: Typed" in about.get_all("Classifier")

arrived = queue.Queue()
with RtpServer() as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
    phone.bind(("127.0.0.1", 0))
    channel = server.create_channel(
        lambda packet, address, rtime_ns: arrived.put((packet, address)), bind_host="127.0.0.1"
    )
    packet = RtpSynth(8000, 20).next_pkt(160, 0)
    phone.sendto(packet, channel.local_addr)
    data, address = arrived.get(timeout=10)
    assert data == packet
    channel.set_target(*address)
    channel.send_pkt(data)
    phone.settimeout(10)
    frames = RtpJBuf(1).udp_in(phone.recv(2048))
    assert [f.rtp_data for f in frames] == [bytes(160)]

assert inspect.iscoroutinefunction(aio.open_channel)
print(f"rtpsynth {rtpsynth.__version__}, Python {sys.version.split()[0]}: an echo came back")
