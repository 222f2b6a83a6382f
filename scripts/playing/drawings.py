"""What is drawn over pictures and beside them, as SVG and HTML: scanpaths, the cursor, axes, beliefs and surprise.

Colours are those of Okabe & Ito, which the colour-blind tell apart too, on dark outlines, so that they show on any
picture; lines and words beside pictures have the colour of the page's text, be the page light or dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from torch import Tensor

ORANGE, SKY, GREEN, VERMILLION, BLUE, PURPLE = "#e69f00", "#56b4e9", "#009e73", "#d55e00", "#0072b2", "#cc79a7"
_OUTLINE = "#000"
_NUMBERED = 12  # fixations, the last ones; more numbers would hide the picture
_BARS = 6
_SCALES = (0.2, 0.5, 1, 2)  # of surprise, which is 2 at most

Point = tuple[float, float]
"""x and y, in pixels of a picture from its upper left corner."""


def scanpath(points: Sequence[Point], own: Sequence[bool], side: int) -> str:
    """Fixations in their order, a person's own in orange, those of others in blue, the last one larger.

    Args:
        points: of the fixations.
        own: whether the person chose them.
        side: of the picture in pixels.
    """
    unit = side / 100
    parts = [_line(points, unit)] if len(points) > 1 else []
    for number, ((x, y), mine) in enumerate(zip(points, own, strict=True), start=1):
        last = number == len(points)
        old = number <= len(points) - _NUMBERED
        radius = unit * (1 if old else 3.6 if last else 3)
        parts.append(
            f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{radius:.2f}" fill="{ORANGE if mine else SKY}" stroke="{_OUTLINE}" '
            f'stroke-width="{0.5 * unit:.2f}"/>'
        )
        if not old:
            parts.append(
                f'<text x="{x:.2f}" y="{y + 1.3 * unit:.2f}" text-anchor="middle" font-size="{3.8 * unit:.2f}" '
                f'font-family="sans-serif" font-weight="bold" fill="{_OUTLINE}">{number}</text>'
            )
    return "".join(parts)


def _line(points: Sequence[Point], unit: float) -> str:
    places = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
    return "".join(
        f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="{width * unit:.2f}" '
        'stroke-linejoin="round" stroke-linecap="round"/>'
        for colour, width in ((_OUTLINE, 1.2), ("#fff", 0.6))
    )


def window(point: Point, fovea: int, side: int) -> str:
    """The border of the fovea around the middle of the fixated pixel; an even one reaches farther up and left."""
    left, top = (place - 0.5 - fovea // 2 for place in point)
    frames = (("#000", 1.4), ("#fff", 0.6))
    return "".join(
        f'<rect x="{left:.2f}" y="{top:.2f}" width="{fovea}" height="{fovea}" fill="none" '
        f'stroke="{colour}" stroke-width="{width * side / 100:.2f}"/>'
        for colour, width in frames
    )


def cursor(point: Point, side: int) -> str:
    """Where the person points at: a cross with an open middle."""
    (x, y), unit = point, side / 100
    arms = " ".join(
        f"M{x + a * dx * unit:.2f} {y + a * dy * unit:.2f}L{x + b * dx * unit:.2f} {y + b * dy * unit:.2f}"
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))
        for a, b in ((1.5, 6),)
    )
    return "".join(
        f'<path d="{arms}" stroke="{colour}" stroke-width="{width * unit:.2f}" stroke-linecap="round"/>'
        for colour, width in ((_OUTLINE, 2.2), ("#f0e442", 1.1))
    )


def arrow(start: Point, end: Point, colour: str, side: int, dashed: bool = False) -> str:
    """From one place to another, with a ring at its end, wider than the disc of a fixation."""
    unit = side / 100
    dash = f' stroke-dasharray="{2.4 * unit:.2f} {1.6 * unit:.2f}"' if dashed else ""
    (x, y), (u, v) = start, end
    return "".join(
        f'<g stroke="{stroke}" stroke-width="{width * unit:.2f}" fill="none" stroke-linecap="round">'
        f'<line x1="{x:.2f}" y1="{y:.2f}" x2="{u:.2f}" y2="{v:.2f}"{dash}/>'
        f'<circle cx="{u:.2f}" cy="{v:.2f}" r="{4.8 * unit:.2f}"/></g>'
        for stroke, width in ((_OUTLINE, 1.9), (colour, 1.1))
    )


def axes(directions: Tensor, side: int, dashed: bool = False) -> str:
    """The axes of a body in the lower left corner of its view: x vermillion, y green, z blue; those behind first.

    Args:
        directions: (3, 3), a row for each axis: to the right, upwards and into the view.
        side: of the view in pixels.
        dashed: whether they are where the body is not yet; then they are thinner, too.
    """
    length, middle = 0.15 * side, (0.2 * side, 0.8 * side)
    unit = side / 100
    drawn = f'stroke-dasharray="{2 * unit:.2f} {1.2 * unit:.2f}"' if dashed else 'stroke-linecap="round"'
    outer, inner = (1.8, 1.1) if dashed else (2.4, 1.3)
    parts = []
    for i in directions[:, 2].argsort(descending=True).tolist():
        right, up, _ = directions[i].tolist()
        x, y = middle[0] + length * right, middle[1] - length * up
        label_x, label_y = middle[0] + 1.2 * length * right, middle[1] - 1.2 * length * up + 1.5 * unit
        for stroke, width in ((_OUTLINE, outer), ((VERMILLION, GREEN, SKY)[i], inner)):
            parts.append(
                f'<line x1="{middle[0]:.2f}" y1="{middle[1]:.2f}" x2="{x:.2f}" y2="{y:.2f}" stroke="{stroke}" '
                f'stroke-width="{width * unit:.2f}" {drawn}/>'
            )
        if not dashed:
            parts.append(
                f'<text x="{label_x:.2f}" y="{label_y:.2f}" text-anchor="middle" font-size="{5 * unit:.2f}" '
                f'font-family="sans-serif" font-weight="bold" fill="#fff" stroke="{_OUTLINE}" '
                f'stroke-width="{0.8 * unit:.2f}" paint-order="stroke">{"xyz"[i]}</text>'
            )
    return "".join(parts)


def belief_bars(belief: Sequence[float], classes: Sequence[str], truth: str | None) -> str:
    """The most probable classes, and the true one if it is to be known, as a list with bars.

    Args:
        belief: probabilities.
        classes: their names.
        truth: the name of the true class, or None to keep it secret.
    """
    order = sorted(range(len(belief)), key=lambda i: -belief[i])
    shown = order[:_BARS]
    if truth is not None and classes.index(truth) not in shown:
        shown = [*shown[:-1], classes.index(truth)]
    rows = []
    for i in shown:
        true = classes[i] == truth
        mark = '<span class="mark"> ✓<span class="unseen"> the true class</span></span>' if true else ""
        rows.append(
            f'<li class="{"true" if true else ""}"><span class="name">{escape(classes[i])}{mark}</span>'
            f'<span class="track"><span class="bar" style="width:{100 * belief[i]:.1f}%"></span></span>'
            f'<span class="number">{100 * belief[i]:.0f} %</span></li>'
        )
    return f'<ol class="belief">{"".join(rows)}</ol>'


def surprise_curve(surprises: Sequence[float | None]) -> str:
    """Surprise by number of views, on a scale that holds the greatest; there is none at the first view."""
    width, height, left, bottom = 300, 110, 30, 20
    known = [(view, value) for view, value in enumerate(surprises, start=1) if value is not None]
    top = next(top for top in _SCALES if top == _SCALES[-1] or all(value <= top for _, value in known))
    last = max(len(surprises), 6)

    def place(view: float, value: float) -> Point:
        x = left + (width - left - 10) * (view - 1) / (last - 1)
        return x, 8 + (height - bottom - 8) * (1 - max(value, 0.0) / top)

    parts = []
    for value in (0, top / 2, top):
        y = place(1, value)[1]
        parts.append(
            f'<line x1="{left}" y1="{y:.1f}" x2="{width}" y2="{y:.1f}" stroke="currentColor" opacity="0.25"/>'
            f'<text x="{left - 5}" y="{y + 3.5:.1f}" text-anchor="end">{value:g}</text>'
        )
    every = max(1, (last - 1) // 8)
    for view in range(1, last + 1, every):
        parts.append(f'<text x="{place(view, 0)[0]:.1f}" y="{height - 5}" text-anchor="middle">{view}</text>')
    points = [place(view, value) for view, value in known]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts.append(f'<polyline points="{line}" fill="none" stroke="{PURPLE}" stroke-width="2"/>')
    for i, (x, y) in enumerate(points):
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{5 if i == len(points) - 1 else 3}" fill="{PURPLE}"/>')
    told = f"{known[-1][1]:.2f} at view {known[-1][0]}" if known else "none yet"
    return (
        f'<svg class="curve" viewBox="0 0 {width} {height}" role="img" aria-label="Surprise by view: {told}" '
        f'font-size="10" fill="currentColor">{"".join(parts)}</svg>'
    )
