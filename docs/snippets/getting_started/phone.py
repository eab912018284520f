"""Getting started: the same program in Python."""
import queue

from rtpsynth.RtpJBuf import RTPFrameType
from rtpsynth.RtpProc import RtpProc
from rtpsynth.RtpServer import RtpServer
from rtpsynth.RtpSynth import RtpSynth

arrived = queue.SimpleQueue()
stream = RtpSynth(8000, 20)
sent = 0

def send_packet(now_ns, deadline_ns):
    global sent
    packet = stream.next_pkt(160, 0, b"\x80" * 160)
    sent += 1
    if sent != 4:  # the fourth is lost
        sender.send_pkt(packet)
    if sent == 5:
        return None
    return (deadline_ns or now_ns) + 20_000_000

with RtpServer() as server, RtpProc() as proc:
    receiver = server.create_channel(
        frames_in=arrived.put,  # a list of frames at a time
        jitter_buffer={"capacity": 16, "max_delay_ns": 60_000_000},
        bind_host="127.0.0.1",
    )
    sender = server.create_channel(lambda *packet: None, bind_host="127.0.0.1")
    sender.set_target(*receiver.local_addr)
    schedule = proc.create_channel(send_packet)

    left = 5
    while left > 0:
        for frame in arrived.get(timeout=10):
            if frame.content.type == RTPFrameType.RTP:
                print("play", len(frame.rtp_data), "bytes")
                left -= 1
            else:
                gap = frame.content
                print("conceal", gap.ts_diff // 8, "ms")
                left -= gap.lseq_end - gap.lseq_start + 1
    stats = receiver.jitter_stats
    print(stats["received"], "received,", stats["erased"], "missing,", stats["late"], "too late")
