"""Line charts in panels, as SVG that is readable on light and dark screens."""

import dataclasses
import pathlib
from xml.sax.saxutils import escape

# Okabe and Ito's colours, which those who see few colours can tell apart; on white and on black.
STYLE = """
svg { background: #fff; }
text { font: 13px system-ui, "DejaVu Sans", sans-serif; fill: #222; }
.small { font-size: 11.5px; fill: #555; }
.title { font-weight: 600; }
.ground { fill: #fff; }
.grid { stroke: #e2e2e2; stroke-width: 1; }
.axis { stroke: #888; stroke-width: 1; fill: none; }
.curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }
.curve.main { stroke-width: 3; }
.c0 { stroke: #0072b2; } .f0 { fill: #0072b2; }
.c1 { stroke: #56b4e9; } .f1 { fill: #56b4e9; }
.c2 { stroke: #d55e00; } .f2 { fill: #d55e00; }
.c3 { stroke: #009e73; } .f3 { fill: #009e73; }
.c4 { stroke: #cc79a7; } .f4 { fill: #cc79a7; }
.c5 { stroke: #8a8a8a; } .f5 { fill: #8a8a8a; }
@media (prefers-color-scheme: dark) {
  svg { background: #16181c; }
  text { fill: #e4e4e4; } .small { fill: #a8a8a8; }
  .ground { fill: #16181c; }
  .grid { stroke: #33363c; } .axis { stroke: #777; }
  .c0 { stroke: #4aa8e0; } .f0 { fill: #4aa8e0; }
  .c1 { stroke: #a5d8f5; } .f1 { fill: #a5d8f5; }
}
"""

MARGIN_LEFT, MARGIN_RIGHT, TITLE, FOOT = 46, 12, 26, 24


@dataclasses.dataclass
class Series:
    name: str
    points: list[tuple[float, float]]
    style: int
    is_main: bool = False
    mark: tuple[float, float] | None = None  # a ring around the default


@dataclasses.dataclass
class Panel:
    title: str
    series: list[Series]


@dataclasses.dataclass
class Axis:
    label: str
    ticks: list[float]

    def place(self, value: float, start: float, end: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return start + (min(max(value, low), high) - low) / (high - low) * (end - start)


def draw(path: pathlib.Path, panels: list[Panel], x: Axis, y: Axis, columns: int, size: tuple[int, int]) -> None:
    """Panels of `size`, each with the same axes, and one legend above them. Points to the right of the axes are left
    out; others outside are drawn on the edge."""
    width, height = size
    rows = -(-len(panels) // columns)
    legend = 34
    total = (columns * width + 24, rows * height + legend + 26)
    parts = [f'<rect class="ground" width="{total[0]}" height="{total[1]}"/>', _legend(panels, total[0])]
    for number, panel in enumerate(panels):
        left = number % columns * width + MARGIN_LEFT
        top = legend + number // columns * height
        box = (left + 16, top + TITLE, left + width - MARGIN_RIGHT - MARGIN_LEFT + 16, top + height - FOOT)
        parts.append(_panel(panel, x, y, box))
    parts.append(_text(total[0] / 2, total[1] - 8, x.label, "middle"))
    middle = legend + rows * height / 2
    parts.append(f'<g transform="rotate(-90 16 {middle})">{_text(16, middle, y.label, "middle")}</g>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total[0]} {total[1]}" width="{total[0]}">'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{head}\n<style>{STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n", encoding="utf-8")


def _text(x: float, y: float, words: str, anchor: str, style: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>'


def _line(x0: float, y0: float, x1: float, y1: float, style: str) -> str:
    return f'<path class="{style}" d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}"/>'


def _legend(panels: list[Panel], width: float) -> str:
    names: dict[str, Series] = {}
    for panel in panels:
        for series in panel.series:
            names.setdefault(series.name, series)
    lengths = [46 + 7.6 * len(name) for name in names]
    at = (width - sum(lengths)) / 2
    parts = []
    for (name, series), length in zip(names.items(), lengths, strict=True):
        parts.append(_line(at, 18, at + 22, 18, f"curve c{series.style}{' main' if series.is_main else ''}"))
        parts.append(f'<circle class="f{series.style}" cx="{at + 11:.1f}" cy="18" r="3"/>')
        parts.append(_text(at + 28, 22, name, "start"))
        at += length
    return "".join(parts)


def _panel(panel: Panel, x: Axis, y: Axis, box: tuple[float, float, float, float]) -> str:
    left, top, right, bottom = box
    parts = [_text(left, top - 9, panel.title, "start", "title")]
    for tick in y.ticks:
        at = y.place(tick, bottom, top)
        parts += [_line(left, at, right, at, "grid"), _text(left - 6, at + 4, f"{tick:g}", "end", "small")]
    for tick in x.ticks:
        at = x.place(tick, left, right)
        parts += [_line(at, top, at, bottom, "grid"), _text(at, bottom + 15, f"{tick:g}", "middle", "small")]
    parts.append(f'<path class="axis" d="M{left:.1f} {top:.1f}V{bottom:.1f}H{right:.1f}"/>')
    for series in sorted(panel.series, key=lambda s: s.is_main):
        inside = [p for p in series.points if p[0] <= x.ticks[-1]]
        places = [(x.place(a, left, right), y.place(b, bottom, top)) for a, b in inside]
        if not places:
            continue
        main = " main" if series.is_main else ""
        line = "L".join(f"{a:.1f} {b:.1f}" for a, b in places)
        parts.append(f'<path class="curve c{series.style}{main}" d="M{line}"/>')
        parts += [f'<circle class="f{series.style}" cx="{a:.1f}" cy="{b:.1f}" r="2.4"/>' for a, b in places]
        if series.mark and series.mark[0] <= x.ticks[-1]:
            a, b = x.place(series.mark[0], left, right), y.place(series.mark[1], bottom, top)
            parts.append(f'<circle class="curve c{series.style}" cx="{a:.1f}" cy="{b:.1f}" r="6"/>')
    return "".join(parts)
