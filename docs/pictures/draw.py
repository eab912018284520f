"""Draws the pictures of the pages: SVG whose colours are those of the page around it.

    draw.py DIRECTORY
"""
from __future__ import annotations

import pathlib
import sys
from xml.sax.saxutils import escape

STYLE = """
.picture text { font: 14px system-ui, sans-serif; fill: var(--color-foreground-primary, #222); }
.picture .small { font-size: 12px; fill: var(--color-foreground-secondary, #555); }
.picture .name { font-weight: 600; }
.picture .code { font-family: ui-monospace, monospace; font-size: 13px; }
.picture .box { fill: var(--color-background-secondary, #f8f9fb); stroke: var(--color-foreground-border, #999); }
.picture .floor { fill: none; stroke: var(--color-foreground-border, #999); stroke-dasharray: 4 4; }
.picture .accent { fill: var(--picture-accent, #dbe7ff); stroke: var(--color-brand-primary, #2962ff); }
.picture .lost { fill: none; stroke: var(--picture-lost, #c62828); stroke-dasharray: 5 4; }
.picture .line { fill: none; stroke: var(--color-foreground-secondary, #555); stroke-width: 1.5; }
.picture .tick { stroke: var(--color-foreground-border, #999); }
.picture .head { fill: var(--color-foreground-secondary, #555); stroke: none; }
"""


class Picture:
    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.parts: list[str] = []

    def text(self, x: float, y: float, words: str, style: str = "", anchor: str = "middle") -> None:
        self.parts.append(f'<text x="{x}" y="{y}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>')

    def box(self, x: float, y: float, width: float, height: float, *lines: str,
            style: str = "box", first: str = "name", rest: str = "small") -> None:
        self.parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" class="{style}"/>')
        top = y + height / 2 - 9 * (len(lines) - 1) + 5
        for i, line in enumerate(lines):
            self.text(x + width / 2, top + 18 * i, line, rest if i else first)

    def arrow(self, *points: tuple[float, float]) -> None:
        (x0, y0), (x, y) = points[-2:]
        length = ((x - x0) ** 2 + (y - y0) ** 2) ** 0.5
        dx, dy = (x - x0) / length, (y - y0) / length
        end = (x - 8 * dx, y - 8 * dy)
        path = " L".join(f"{a:g} {b:g}" for a, b in (*points[:-1], end))
        self.parts.append(f'<path d="M{path}" class="line"/>')
        self.parts.append(f'<path d="M{x:g} {y:g} L{end[0] - 5 * dy:g} {end[1] + 5 * dx:g} '
                          f'L{end[0] + 5 * dy:g} {end[1] - 5 * dx:g} Z" class="head"/>')

    def line(self, x0: float, y0: float, x1: float, y1: float, style: str = "tick") -> None:
        self.parts.append(f'<path d="M{x0:g} {y0:g} L{x1:g} {y1:g}" class="{style}"/>')

    def write(self, path: pathlib.Path) -> None:
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" class="picture" viewBox="0 0 {self.width} {self.height}">\n'
            f"<style>{STYLE}</style>\n" + "\n".join(self.parts) + "\n</svg>\n", encoding="utf-8")


def rooms() -> Picture:
    floors = [
        ("examples/", "programs that use only what is installed",
         [("rtp_replay", "captures"), ("rtp_echo", "echo server"), ("rtp_load", "load, measured"),
          ("tour", "short, in C++"), ("python", "short, in Python"), ("common", "what they share")]),
        ("python_ext/", "the package rtpsynth for Python",
         [("rtpsynth", "what is imported"), ("src/core", "calls, types"),
          ("src/threads", "GIL, callbacks"), ("src/…", "a file a public type")]),
        ("asio_server/", "executors, sockets, timers",
         [("server", "rtp_server"), ("channel", "rtp_channel, frames"), ("proc", "rtp_proc: schedules"),
          ("metrics", "Prometheus pages"), ("io", "the seam to the system")]),
        ("lib/", "protocol logic: no socket, no thread",
         [("rtp", "packets, synth"), ("jitter", "jitter buffer"), ("rtcp", "reports, loss"),
          ("audio", "codecs, quality"), ("metrics", "Prometheus"), ("base", "time, timers"),
          ("c", "the C face")]),
    ]
    picture = Picture(860, 4 * 122 + 4)
    for level, (folder, what, inside) in enumerate(floors):
        y = 2 + level * 122
        picture.parts.append(f'<rect x="1" y="{y}" width="858" height="112" rx="8" class="floor"/>')
        picture.text(16, y + 24, folder, "name code", "start")
        picture.text(844, y + 24, what, "small", "end")
        width = (832 - 10 * (len(inside) - 1)) / len(inside)
        for i, (room, has) in enumerate(inside):
            picture.box(14 + i * (width + 10), y + 38, width, 60, room, has,
                        style="accent" if level in (2, 3) else "box", first="name code")
    return picture


def stream() -> Picture:
    picture = Picture(860, 176)
    picture.text(20, 22, "one stream: one SSRC, one clock of 8 kHz", "name", "start")
    for x, seq, ts, marker in ((20, 100, 0, True), (112, 101, 160, False), (204, 102, 320, False),
                               (296, 103, 480, False), (650, 104, 2400, True), (742, 105, 2560, False)):
        picture.box(x, 60, 82, 50, f"seq {seq}", f"ts {ts}", style="accent")
        if marker:
            picture.text(x + 41, 50, "marker", "small")
        picture.line(x, 110, x, 128)
    picture.text(514, 82, "a pause of 220 ms: no packets,", "small")
    picture.text(514, 100, "the timestamp goes on", "small")
    picture.arrow((10, 119), (850, 119))
    picture.text(850, 144, "time", "small", "end")
    for x in (20, 112):
        picture.line(x, 138, x, 148, "line")
    picture.line(20, 143, 112, 143, "line")
    picture.text(20, 166, "20 ms, 160 units of the clock", "small", "start")
    return picture


def jitter_buffer() -> Picture:
    picture = Picture(860, 300)
    picture.text(20, 28, "as they arrive", "name", "start")
    for i, seq in enumerate((100, 102, 101, 104)):
        picture.box(190 + i * 120, 8, 90, 34, str(seq), style="accent")
    picture.text(750, 30, "103 is lost", "small", "start")
    picture.arrow((430, 46), (430, 86))
    picture.box(190, 90, 480, 76, "jitter_buffer",
                "keeps a packet while those before it are missing,",
                "until it is full or the packet has waited max_delay")
    picture.arrow((430, 170), (430, 210))
    picture.text(20, 236, "as they come out", "name", "start")
    for i, seq in enumerate((100, 101, 102, 103, 104)):
        lost = seq == 103
        picture.box(190 + i * 120, 214, 90, 34, "erasure" if lost else str(seq),
                    style="lost" if lost else "accent", first="small" if lost else "name")
        picture.text(235 + i * 120, 270, f"lseq {seq}", "small")
    picture.text(595, 290, "ts_diff 160", "small")
    return picture


def executors() -> Picture:
    picture = Picture(860, 290)
    picture.text(20, 24, "rtp_server server;", "code", "start")
    picture.parts.append('<rect x="14" y="36" width="400" height="238" rx="8" class="floor"/>')
    picture.text(28, 60, "a thread of the server's own", "small", "start")
    picture.box(34, 76, 170, 56, "io_context", "runs here alone", style="accent")
    picture.box(224, 76, 170, 56, "sockets, ticks")
    picture.box(34, 160, 360, 40, "receive handlers of its channels", first="")
    picture.arrow((204, 104), (224, 104))
    picture.arrow((309, 132), (309, 160))
    picture.text(34, 232, "your threads: try_send(), close(), …", "small", "start")
    picture.text(34, 252, "may be called from any of them", "small", "start")

    picture.text(446, 24, "rtp_server server(context.get_executor());", "code", "start")
    picture.parts.append('<rect x="440" y="36" width="406" height="238" rx="8" class="floor"/>')
    picture.text(454, 60, "your threads, as many as call context.run()", "small", "start")
    picture.box(460, 76, 170, 56, "io_context", "yours", style="accent")
    picture.box(650, 76, 176, 56, "strand", "one thing at a time", style="accent")
    picture.arrow((630, 104), (650, 104))
    picture.box(460, 160, 366, 40, "sockets, ticks, receive handlers", first="")
    picture.arrow((738, 132), (738, 160))
    picture.box(460, 216, 366, 44, "coroutines and handlers of yours", first="")
    picture.arrow((490, 132), (490, 146), (450, 146), (450, 238), (460, 238))
    return picture


def packet_path() -> Picture:
    picture = Picture(860, 380)
    picture.text(130, 20, "datagrams in", "small")
    picture.arrow((130, 28), (130, 54))
    picture.box(50, 54, 160, 40, "classify", first="name code")
    picture.arrow((210, 74), (300, 74))
    picture.text(255, 66, "RTCP", "small")
    picture.box(300, 54, 190, 40, "rtcp_compound_view", first="name code")
    picture.arrow((130, 94), (130, 128))
    picture.text(150, 116, "RTP", "small", "start")
    picture.box(50, 128, 160, 40, "rtp_packet_view", first="name code")
    picture.arrow((210, 148), (300, 148))
    picture.box(300, 128, 190, 40, "receiver_stats", first="name code")
    picture.arrow((490, 148), (560, 148))
    picture.box(560, 128, 190, 40, "report_block", first="name code")
    picture.arrow((655, 128), (655, 94))
    picture.box(560, 54, 190, 40, "rtcp_builder", first="name code")
    picture.arrow((655, 54), (655, 28))
    picture.text(655, 20, "datagrams out", "small")
    picture.arrow((130, 168), (130, 208))
    picture.box(50, 208, 160, 56, "jitter_buffer", "frames and erasures", style="accent", first="name code")
    picture.box(300, 208, 190, 56, "timer_wheel", "expire at next_deadline", first="name code")
    picture.arrow((300, 236), (210, 236))
    picture.arrow((130, 264), (130, 310))
    picture.box(50, 310, 160, 40, "g711, resample", first="name code")
    picture.arrow((210, 330), (300, 330))
    picture.box(300, 310, 190, 40, "your audio")
    picture.arrow((490, 330), (560, 330))
    picture.box(560, 310, 190, 40, "g711", first="name code")
    picture.arrow((655, 310), (655, 264))
    picture.box(560, 208, 190, 56, "packet_synth", "or rtp_builder", style="accent", first="name code")
    picture.arrow((750, 236), (800, 236), (800, 28))
    picture.text(800, 20, "out", "small")
    return picture


def main() -> None:
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(exist_ok=True)
    for draw in (rooms, stream, jitter_buffer, executors, packet_path):
        draw().write(directory / f"{draw.__name__}.svg")


if __name__ == "__main__":
    main()
