# SPDX-License-Identifier: MIT
"""The picture: a pair of bars an operation on a logarithmic scale, the ratio beside them.

Colours follow the viewer's scheme; the ground is the picture's own, so that it is readable where the
page does not follow.
"""
import math
from html import escape

WIDTH, LEFT, RIGHT, TOP = 820, 150, 120, 78
ROW, BAR, FOOT = 30, 10, 46

STYLE = """
text { font: 13px system-ui, "DejaVu Sans", sans-serif; fill: #1f2328 }
.small { font-size: 11px; fill: #59636e }
.title { font-size: 16px; font-weight: 600 }
.ratio { font-weight: 600 }
.ground { fill: #ffffff; stroke: #d1d9e0 }
.grid { stroke: #d1d9e0 }
.own { fill: #0969da }
.linux { fill: #9a6700 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .small { fill: #9198a1 }
  .ground { fill: #0d1117; stroke: #3d444d }
  .grid { stroke: #3d444d }
  .own { fill: #4493f8 }
  .linux { fill: #d29922 }
}
"""


def short(n):
    """Three digits that matter: 59, 1,063, 24.2k."""
    if n < 10000:
        return f"{n:,.0f}"
    if n < 1e6:
        return f"{n / 1e3:.1f}k"
    return f"{n / 1e6:.1f}M"


class Scale:
    def __init__(self, values):
        self.low = math.floor(math.log10(min(values)))
        self.high = math.ceil(math.log10(max(values)))
        if self.low == self.high:
            self.high += 1

    def x(self, value):
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return LEFT + max(0.0, part) * (WIDTH - LEFT - RIGHT)

    def decades(self):
        return range(self.low, self.high + 1)


def text(x, y, what, style="", anchor="start"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
            f'{f" class={chr(34)}{style}{chr(34)}" if style else ""}>{escape(what)}</text>')


def bar(scale, y, value, style):
    width = max(1.0, scale.x(value) - LEFT)
    return (f'<rect class="{style}" x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}"/>'
            + text(LEFT + width + 4, y + BAR - 0.5, short(value), "small"))


def grid(scale, bottom):
    for decade in scale.decades():
        x = scale.x(10 ** decade)
        yield f'<line class="grid" x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{bottom}"/>'
        yield text(x, bottom + 14, f"{10 ** decade:,}", "small", "middle")


def legend():
    for x, style, what in ((LEFT, "own", "Ringlet"), (LEFT + 100, "linux", "Linux")):
        yield f'<rect class="{style}" x="{x}" y="46" width="{BAR}" height="{BAR}"/>'
        yield text(x + BAR + 6, 55, what)
    yield text(WIDTH - 16, 55, "Linux / Ringlet", "small", "end")


def picture(title, note, rows):
    """rows: (name, ringlet, linux), each a positive number."""
    scale = Scale([v for row in rows for v in row[1:]])
    bottom = TOP + ROW * len(rows)
    height = bottom + FOOT
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
             f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title, True)}">',
             f"<style>{STYLE}</style>",
             f'<rect class="ground" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" '
             'rx="6"/>', text(16, 27, title, "title"), *legend(), *grid(scale, bottom)]
    for i, (name, own, linux) in enumerate(rows):
        y = TOP + ROW * i
        parts += [text(LEFT - 8, y + 15, name, "", "end"), bar(scale, y + 1, own, "own"),
                  bar(scale, y + 2 + BAR, linux, "linux"),
                  text(WIDTH - 16, y + 15, f"{linux / own:.1f} ×", "ratio", "end")]
    parts += [text(16, height - 12, note, "small"), "</svg>", ""]
    return "\n".join(parts)
