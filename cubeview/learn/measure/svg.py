"""Charts as SVG text, for reports that need nothing but a browser."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np

STYLES = (
    ("#3b82d6", ""),
    ("#d9480f", "7 3"),
    ("#2b8a3e", "2 3"),
    ("#9c36b5", "9 3 2 3"),
    ("#b08900", "4 2"),
    ("#0c8599", "1 2"),
)
"""Colour and dashes of each line, so that none is told by its colour alone."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 12.0, 26.0, 40.0


@dataclass
class Chart:
    """One pair of axes; what is drawn is added and comes out as SVG.

    Parameters
    ----------
    title : str
    across, up : str
        What the axes show, with units.
    x_range, y_range : tuple of float
    logarithmic : bool
        Of the horizontal axis.
    width, height : float
        Pixels.
    """

    title: str
    across: str
    up: str
    x_range: tuple[float, float] = (0.0, 1.0)
    y_range: tuple[float, float] = (0.0, 1.0)
    logarithmic: bool = False
    width: float = 360.0
    height: float = 300.0
    _parts: list[str] = field(default_factory=list)
    _names: list[tuple[str, int]] = field(default_factory=list)

    def line(
        self, x: Sequence[float], y: Sequence[float], name: str = "", style: int = 0
    ) -> "Chart":
        """Add a line; a place without a number parts it.

        Parameters
        ----------
        x, y : sequence of float
        name : str
            In the legend.
        style : int
        """
        colour, dashes = STYLES[style % len(STYLES)]
        runs: list[list[str]] = [[]]
        for place, value in zip(x, y, strict=True):
            if np.isfinite(place) and np.isfinite(value):
                runs[-1].append(f"{self._x(place):.1f},{self._y(value):.1f}")
            elif runs[-1]:
                runs.append([])
        dash = f' stroke-dasharray="{dashes}"' if dashes else ""
        self._parts += [
            f'<polyline points="{" ".join(run)}" fill="none" stroke="{colour}" '
            f'stroke-width="1.6"{dash}/>'
            for run in runs
            if len(run) > 1
        ]
        if name:
            self._names.append((name, style))
        return self

    def points(
        self,
        x: Sequence[float],
        y: Sequence[float],
        ends: Sequence[Sequence[float]] | None = None,
        style: int = 0,
    ) -> "Chart":
        """Add dots, with an upright bar between two ends where they are given.

        Parameters
        ----------
        x, y : sequence of float
        ends : sequence of pair of float, optional
        style : int
        """
        colour = STYLES[style % len(STYLES)][0]
        for number, (place, value) in enumerate(zip(x, y, strict=True)):
            if not np.isfinite(value):
                continue
            across = self._x(place)
            if ends is not None:
                low, high = map(self._y, ends[number])
                self._parts.append(
                    f'<line x1="{across:.1f}" x2="{across:.1f}" y1="{low:.1f}" '
                    f'y2="{high:.1f}" stroke="{colour}" stroke-opacity="0.6"/>'
                )
            self._parts.append(
                f'<circle cx="{across:.1f}" cy="{self._y(value):.1f}" r="2.6" fill="{colour}"/>'
            )
        return self

    def diagonal(self) -> "Chart":
        """Add the line from corner to corner."""
        (x0, x1), (y0, y1) = self.x_range, self.y_range
        self._parts.append(
            f'<line x1="{self._x(x0):.1f}" y1="{self._y(y0):.1f}" x2="{self._x(x1):.1f}" '
            f'y2="{self._y(y1):.1f}" stroke="currentColor" stroke-opacity="0.35" '
            'stroke-dasharray="3 4"/>'
        )
        return self

    def svg(self) -> str:
        """Return the chart."""
        box = (_LEFT, _TOP, self.width - _LEFT - _RIGHT, self.height - _TOP - _BOTTOM)
        middle, foot = _LEFT + box[2] / 2, self.height - 8
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
            f'viewBox="0 0 {self.width:g} {self.height:g}" width="{self.width:g}" '
            f'height="{self.height:g}" font-family="sans-serif" font-size="11" '
            f'fill="currentColor"><title>{escape(self.title)}</title>',
            f'<text x="{_LEFT}" y="15" font-weight="bold">{escape(self.title)}</text>',
            f'<rect x="{box[0]}" y="{box[1]}" width="{box[2]}" height="{box[3]}" fill="none" '
            'stroke="currentColor" stroke-opacity="0.4"/>',
            f'<text x="{middle}" y="{foot}" text-anchor="middle">{escape(self.across)}</text>',
            f'<text transform="translate(13 {_TOP + box[3] / 2}) rotate(-90)" '
            f'text-anchor="middle">{escape(self.up)}</text>',
        ]
        floor = self.height - _BOTTOM
        for tick in _log_ticks(*self.x_range) if self.logarithmic else _ticks(*self.x_range):
            at = self._x(tick)
            parts.append(
                f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{floor}" y2="{floor + 4}" '
                f'stroke="currentColor"/><text x="{at:.1f}" y="{floor + 16}" '
                f'text-anchor="middle">{tick:g}</text>'
            )
        for tick in _ticks(*self.y_range):
            at = self._y(tick)
            parts.append(
                f'<line x1="{_LEFT - 4}" x2="{self.width - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}" '
                f'stroke="currentColor" stroke-opacity="0.15"/><text x="{_LEFT - 7}" '
                f'y="{at + 4:.1f}" text-anchor="end">{tick:g}</text>'
            )
        return "".join([*parts, *self._parts, *self._legend(), "</svg>"])

    def _legend(self) -> list[str]:
        """Names of the lines at the lower right, where ROC and learning curves leave room."""
        parts = []
        for row, (name, style) in enumerate(reversed(self._names)):
            colour, dashes = STYLES[style % len(STYLES)]
            right, at = self.width - _RIGHT - 8, self.height - _BOTTOM - 10 - 14 * row
            parts.append(
                f'<line x1="{right - 20:.0f}" x2="{right:.0f}" y1="{at - 4:.0f}" '
                f'y2="{at - 4:.0f}" stroke="{colour}" stroke-width="2" '
                f'stroke-dasharray="{dashes or "none"}"/><text x="{right - 26:.0f}" '
                f'y="{at:.0f}" text-anchor="end">{escape(name)}</text>'
            )
        return parts

    def _x(self, value: float) -> float:
        ends: Sequence[float] = self.x_range
        if self.logarithmic:
            value, *ends = np.log([max(value, 1e-12), *ends])
        return float(np.interp(value, ends, (_LEFT, self.width - _RIGHT)))

    def _y(self, value: float) -> float:
        return float(np.interp(value, self.y_range, (self.height - _BOTTOM, _TOP)))


def _ticks(low: float, high: float) -> list[float]:
    """Return about five round numbers between two ends."""
    step = 10.0 ** np.floor(np.log10((high - low) / 5))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= 6)
    first = np.ceil(low / step - 1e-9)
    count = int(np.floor(high / step + 1e-9) - first) + 1
    return [round(float((first + n) * step), 10) for n in range(count)]


def _log_ticks(low: float, high: float) -> list[float]:
    """Return 1, 2, 5, 10, 20 … between two ends."""
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    every = [factor * 10.0**decade for decade in decades for factor in (1, 2, 5)]
    return [tick for tick in every if low <= tick <= high]
