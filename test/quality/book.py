"""Measures, and writes the tables between the markers of docs/quality.md and the pictures beside it.

usage: book.py PROGRAMS DOCS
"""

import pathlib
import re
import sys
import time

import chart
import concealment
import numpy as np
import playout
import speech
import traces

METHODS = {
    "silence": "silence",
    "repeat": "last packet again",
    "spandsp": "spandsp",
    "continued": "rtpsynth, from the past",
    "joined": "rtpsynth, from both sides",
}
BUFFERS = {
    "adaptive": "rtpsynth, adaptive",
    "fixed": "rtpsynth, fixed",
    "neteq": "WebRTC NetEq",
    "spandsp": "fixed + spandsp",
    "gstreamer": "GStreamer",
    "aiortc": "aiortc",
}
STYLES = {"joined": 0, "continued": 1, "spandsp": 3, "repeat": 4, "silence": 5}
BUFFER_STYLES = {"adaptive": 0, "fixed": 1, "neteq": 2, "spandsp": 3, "gstreamer": 5, "aiortc": 4}
PEERS = ("neteq", "spandsp", "gstreamer", "aiortc")
NEAR = 0.05  # PESQ below the best that any peer reaches, at which delays are compared

Rows = list[list[str]]


def table(head: list[str], rows: Rows) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def where(burst: int) -> str:
    return "at random" if burst == 1 else f"in bursts of {burst}"


def conceal_tables(scores: dict[concealment.Job, float]) -> dict[str, str]:
    made = {}
    for codec, methods in concealment.METHODS.items():
        rows: Rows = []
        for burst in concealment.BURSTS:
            for loss in concealment.LOSSES:
                of = {m: scores[concealment.Job(codec, m, loss, burst)] for m in methods}
                best = max(of.values())
                cells = [f"**{x:.2f}**" if x == best else f"{x:.2f}" for x in of.values()]
                rows.append([f"{loss} % {where(burst)}", *cells])
        made[codec.lower()] = table(["lost", *(METHODS[m] for m in methods)], rows)
    rows = []
    for burst in concealment.BURSTS:
        for loss in concealment.LOSSES:
            base, past, both = (
                scores[concealment.Job("PCMU", m, loss, burst)] for m in ("spandsp", "continued", "joined")
            )
            reach = ("–", "–") if loss == 1 else ("+0.15", "+0.30") if burst == 1 else ("0", "0")
            met = [
                "" if r == "–" else "met" if x - base >= float(r) else "**missed**"
                for r, x in zip(reach, (past, both), strict=True)
            ]
            gains = [f"{x - base:+.2f}" for x in (past, both)]
            rows.append([f"{loss} % {where(burst)}", gains[0], reach[0], met[0], gains[1], reach[1], met[1]])
    made["reach"] = table(["lost", "from the past", "asked", "", "from both sides", "asked", ""], rows)
    return made


def conceal_pictures(scores: dict[concealment.Job, float], folder: pathlib.Path) -> None:
    for codec, methods in concealment.METHODS.items():
        panels = []
        for burst in concealment.BURSTS:
            series = [
                chart.Series(
                    METHODS[m],
                    [(loss, scores[concealment.Job(codec, m, loss, burst)]) for loss in concealment.LOSSES],
                    STYLES[m],
                    m == "joined",
                )
                for m in reversed(methods)
            ]
            panels.append(chart.Panel(f"{'PCMU' if codec == 'PCMU' else 'G.722'}, lost {where(burst)}", series))
        low = 1.0 if codec == "G722" else 1.5
        ticks = [low + 0.5 * i for i in range(int((4.5 - low) / 0.5) + 1)]
        name = "PESQ, narrowband" if codec == "PCMU" else "PESQ, wideband"
        x, y = chart.Axis("packets lost, %", [0, 2, 4, 6, 8, 10]), chart.Axis(name, ticks)
        chart.draw(folder / f"concealment-{codec.lower()}.svg", panels, x, y, 2, (430, 300))


def front(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those than which none has less delay and a better score, by delay."""
    made: list[tuple[float, float]] = []
    for delay, score in sorted(points, key=lambda p: (p[0], -p[1])):
        if not made or score > made[-1][1]:
            made.append((delay, score))
    return made


def delay_for(points: list[tuple[float, float]], score: float) -> float | None:
    """The least delay at which a curve reaches a score, straight between its points."""
    last: tuple[float, float] | None = None
    for point in front(points):
        if point[1] >= score:
            if last is None:
                return point[0]
            return last[0] + (point[0] - last[0]) * (score - last[1]) / (point[1] - last[1])
        last = point
    return None


Curves = dict[str, list[tuple[float, float]]]


def curves_of(results: dict[playout.Job, playout.Result], trace: str) -> Curves:
    made: Curves = {name: [] for name in BUFFERS}
    for job, result in results.items():
        if job.trace == trace:
            made[job.buffer].append((result.delay, result.pesq))
    return made


def beats_neteq(curves: Curves) -> bool:
    level = max(score for _, score in curves["neteq"]) - NEAR
    ours, theirs = (delay_for(curves[name], level) for name in ("adaptive", "neteq"))
    return ours is not None and theirs is not None and ours <= theirs


def playout_tables(results: dict[playout.Job, playout.Result]) -> dict[str, str]:
    rows: Rows = []
    won = {"adaptive": 0, "fixed": 0, "either": 0}
    for trace, (what, _) in traces.TRACES.items():
        curves = curves_of(results, trace)
        level = max(score for peer in PEERS for _, score in curves[peer]) - NEAR
        needs = {name: delay_for(points, level) for name, points in curves.items()}
        best = min(x for name in PEERS if (x := needs[name]) is not None)
        wins = {name: (x := needs[name]) is not None and x <= best for name in ("adaptive", "fixed")}
        for name, is_won in (wins | {"either": any(wins.values())}).items():
            won[name] += is_won
        cells = ["–" if x is None else f"{x:.0f}" for x in needs.values()]
        rows.append([f"`{trace}`: {what}", f"{level:.2f}", *cells, " and ".join(n for n, w in wins.items() if w) or "**neither**"])
    head = ["network", "PESQ", *(BUFFERS.values()), "no later than the best peer"]
    verdict = (
        f"Of the {len(rows)} networks, rtpsynth adds at most as much delay as the best peer on {won['adaptive']} (adaptive), "
        f"{won['fixed']} (fixed) and {won['either']} (either of the two)."
    )
    beaten = sum(beats_neteq(curves_of(results, trace)) for trace in traces.TRACES)
    verdict += (
        f" Compared at the best score of NetEq, the other adaptive buffer, less {NEAR}, "
        f"adaptive adds at most as much delay as NetEq on {beaten}."
    )
    made = {"equal": table(head, rows) + "\n\n" + verdict}
    rows = []
    for trace in traces.TRACES:
        cells = []
        for name in BUFFERS:
            r = results[playout.Job(trace, name, playout.SETTINGS[name][0])]
            cells.append(f"{r.delay:.0f} ms, {r.pesq:.2f}")
        rows.append([f"`{trace}`", *cells])
    made["default"] = table(["network", *BUFFERS.values()], rows)
    rows = []
    for name, called in BUFFERS.items():
        parts = results[playout.Job("route", name, playout.SETTINGS[name][0])].delays
        # The route is longer from 12 to 24 s; a part is 2 s.
        means = [playout.mean_of_known(np.array(parts[a:b])) for a, b in ((3, 6), (7, 12), (15, 18), (19, 24))]
        cells = ["nothing heard" if np.isnan(x) else f"{x:.0f}" for x in means]
        rows.append([called, *cells])
    made["backlog"] = table(["ms added", "6–12 s", "14–24 s", "30–36 s", "38–48 s"], rows)
    return made


def playout_pictures(results: dict[playout.Job, playout.Result], folder: pathlib.Path) -> None:
    panels = []
    for trace in traces.TRACES:
        series = []
        for name, called in BUFFERS.items():
            of = {j.setting: (r.delay, r.pesq) for j, r in results.items() if (j.trace, j.buffer) == (trace, name)}
            mark = of[playout.SETTINGS[name][0]]
            series.append(chart.Series(called, sorted(of.values()), BUFFER_STYLES[name], name == "adaptive", mark))
        panels.append(chart.Panel(trace, series))
    x = chart.Axis("mean delay added, ms (a ring: as it is without settings)", [0, 50, 100, 150, 200, 250])
    y = chart.Axis("PESQ, narrowband", [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5])
    chart.draw(folder / "playout.svg", panels, x, y, 4, (262, 250))


def fill(page: pathlib.Path, tables: dict[str, str]) -> None:
    text = page.read_text(encoding="utf-8")
    for name, made in tables.items():
        pattern = rf"(<!-- {name} -->\n).*?(\n<!-- end -->)"
        text, count = re.subn(pattern, lambda m, made=made: m[1] + "\n" + made + "\n" + m[2], text, flags=re.S)
        if count != 1:
            raise SystemExit(f"{page} has no place for the table {name}")
    page.write_text(text, encoding="utf-8")


def main() -> None:
    programs, docs = map(pathlib.Path, sys.argv[1:])
    start = time.monotonic()
    scores = concealment.run(programs / "quality_concealment")
    print(f"concealment: {len(scores)} means, {time.monotonic() - start:.0f} s", flush=True)
    bench = playout.Bench(programs / "quality_playout", speech.utterances(8000, playout.UTTERANCES))
    jobs = [playout.Job(t, b, s) for t in traces.TRACES for b in BUFFERS for s in playout.SETTINGS[b]]
    results = playout.run(bench, jobs)
    tables = conceal_tables(scores) | playout_tables(results)
    fill(docs / "quality.md", tables)
    conceal_pictures(scores, docs / "pictures" / "quality")
    playout_pictures(results, docs / "pictures" / "quality")
    for name, made in tables.items():
        print(f"\n{name}\n{made}")
    print(f"\n{len(scores)} scores of concealment and {len(results)} of playout in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
