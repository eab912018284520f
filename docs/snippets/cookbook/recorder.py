"""Cookbook: a stream in a WAV file, its gaps filled with silence."""
import queue
import wave
from array import array

from rtpsynth.RtpJBuf import RTPFrameType
from rtpsynth.RtpServer import RtpServer
from rtpsynth.RtpSynth import RtpSynth
from rtpsynth.RtpUtils import ulaw2linear

def record(frames, wav, seconds):
    """Takes lists of frames out of a queue until there is enough."""
    wanted = round(seconds * 8000)
    while wanted > 0:
        for frame in frames.get(timeout=10):
            if frame.content.type == RTPFrameType.RTP:
                samples = ulaw2linear(frame.rtp_data)
            else:
                samples = array("h", bytes(2 * frame.content.ts_diff))
            wav.writeframes(samples[:wanted])
            wanted -= len(samples)

frames = queue.SimpleQueue()
with RtpServer() as server, wave.open("call.wav", "wb") as wav:
    wav.setparams((1, 2, 8000, 0, "NONE", ""))
    receiver = server.create_channel(
        frames_in=frames.put,
        jitter_buffer={"capacity": 64, "max_delay_ns": 100_000_000},
        bind_host="127.0.0.1",
    )

    # In place of a telephone: a fifth of a second, the third packet lost.
    phone = server.create_channel(lambda *packet: None, bind_host="127.0.0.1")
    phone.set_target(*receiver.local_addr)
    for i, packet in enumerate(RtpSynth(8000, 20).next_pkts(10, 160, 0)):
        if i != 2:
            phone.send_pkt(packet)

    record(frames, wav, seconds=0.2)

with wave.open("call.wav", "rb") as wav:
    print(wav.getnframes() / wav.getframerate(), "s recorded")
    print(receiver.jitter_stats["erased"], "packet missing")
