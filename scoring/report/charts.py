"""Charts of the report as SVG text, drawn by hand: lines, a diagonal, bars. Every word in them is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8a97a5", "#E69F00", "#56B4E9")
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 420, 300, 52, 40, 14, 12

Points = Sequence[tuple[float, float]]


def lines(
    series: Mapping[str, Points],
    x: str,
    y: str,
    diagonal: bool = False,
    dots: bool = False,
    most: float = 1.0,
    names_on_top: bool = False,
) -> str:
    """Lines over the unit square, or over 0 to ``most`` on both axes; ``diagonal``: where x is y, dashed."""
    body = [_axes(x, y, most)]
    if diagonal:
        (x0, y0), (x1, y1) = _at(0, 0, most), _at(most, most, most)
        body.append(f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" stroke="#8a97a5" stroke-dasharray="4 4"/>')
    for i, (name, points) in enumerate(series.items()):
        colour = COLOURS[i % len(COLOURS)]
        path = " ".join(f"{px},{py}" for px, py in (_at(a, b, most) for a, b in points))
        body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        if dots:
            body += [
                f'<circle cx="{px}" cy="{py}" r="3.5" fill="{colour}"/>'
                for px, py in (_at(a, b, most) for a, b in points)
            ]
        if len(series) > 1:
            line = TOP + 12 + 14 * i if names_on_top else HEIGHT - BOTTOM - 10 - 14 * (len(series) - 1 - i)
            body.append(
                f'<text x="{WIDTH - RIGHT - 4}" y="{line}" '
                f'text-anchor="end" font-size="11" fill="{colour}">{escape(name)}</text>'
            )
    return _svg(body, WIDTH, HEIGHT)


def columns(values: Sequence[tuple[str, float]], y: str, line: float | None = None) -> str:
    """Columns from the left, each with its name below and its value above; ``line``: a level drawn across, dashed."""
    most = max([v for _, v in values] + [line or 0.0, 1e-9]) * 1.12
    inner, step = HEIGHT - TOP - BOTTOM, (WIDTH - LEFT - RIGHT) / max(len(values), 1)
    body = [_frame(y)]
    for i, (name, value) in enumerate(values):
        tall = inner * max(value, 0.0) / most
        left, top = LEFT + i * step + step * 0.14, HEIGHT - BOTTOM - tall
        middle = left + step * 0.36
        body.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{step * 0.72:.1f}" height="{tall:.1f}" fill="{COLOURS[0]}"/>'
        )
        body.append(_text(middle, HEIGHT - BOTTOM + 14, name, 10, "middle"))
        body.append(_text(middle, top - 4, f"{value:.1f}", 10, "middle"))
    if line is not None:
        level = HEIGHT - BOTTOM - inner * line / most
        body.append(
            f'<line x1="{LEFT}" y1="{level:.1f}" x2="{WIDTH - RIGHT}" y2="{level:.1f}" '
            'stroke="#8a97a5" stroke-dasharray="4 4"/>'
        )
    return _svg(body, WIDTH, HEIGHT)


def bars(values: Sequence[tuple[str, float]], signed: bool = False) -> str:
    """Bars across, a row each, name left and value right; ``signed``: to both sides of a middle line."""
    row, label, room = 19, 250, 250
    most = max([abs(v) for _, v in values] + [1e-9])
    height = row * len(values) + 8
    zero = label + (room / 2 if signed else 0)
    body = []
    for i, (name, value) in enumerate(values):
        top = 4 + i * row
        long = abs(value) / most * (room / 2 if signed else room)
        left = zero if value >= 0 else zero - long
        colour = COLOURS[1] if value >= 0 and signed else COLOURS[0]
        body.append(f'<rect x="{left:.1f}" y="{top + 2}" width="{long:.1f}" height="{row - 6}" fill="{colour}"/>')
        body.append(_text(label - 8, top + row - 6, name, 11, "end"))
        shown = f"{value:+.2f}" if signed else f"{value:.3f}"
        body.append(_text(label + room + 8, top + row - 6, shown, 11, "start"))
    if signed:
        body.append(f'<line x1="{zero}" y1="2" x2="{zero}" y2="{height - 4}" stroke="#8a97a5"/>')
    return _svg(body, label + room + 60, height)


def _at(x: float, y: float, most: float) -> tuple[float, float]:
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    return round(LEFT + x / most * wide, 1), round(HEIGHT - BOTTOM - y / most * tall, 1)


def _axes(x: str, y: str, most: float) -> str:
    ticks = [most * i / 5 for i in range(6)]
    digits = 1 if most >= 0.5 else 2
    marks = []
    for t in ticks:
        px, _ = _at(t, 0, most)
        _, py = _at(0, t, most)
        marks.append(_text(px, HEIGHT - BOTTOM + 14, f"{t:.{digits}f}", 10, "middle"))
        marks.append(_text(LEFT - 6, py + 3, f"{t:.{digits}f}", 10, "end"))
        marks.append(f'<line x1="{LEFT}" y1="{py}" x2="{WIDTH - RIGHT}" y2="{py}" stroke="#eef1f4"/>')
    return "".join([*marks, _frame(y), _text((LEFT + WIDTH) / 2, HEIGHT - 8, x, 11, "middle")])


def _frame(y: str) -> str:
    low, middle = HEIGHT - BOTTOM, (TOP + HEIGHT - BOTTOM) / 2
    return (
        f'<path d="M{LEFT} {TOP}V{low}H{WIDTH - RIGHT}" fill="none" stroke="#8a97a5"/>'
        f'<text x="14" y="{middle}" font-size="11" fill="#444" text-anchor="middle" '
        f'transform="rotate(-90 14 {middle})">{escape(y)}</text>'
    )


def _text(x: float, y: float, words: str, size: int, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="#444" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(body: Sequence[str], width: int, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="sans-serif">{"".join(body)}</svg>'
    )
