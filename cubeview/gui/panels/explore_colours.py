"""By what the points of the scatter are coloured."""

from collections.abc import Callable, Sequence

import numpy as np
from PyQt6.QtGui import QColor

from cubeview.gui.desk.exploring import Exploring
from cubeview.gui.widgets.colormaps import table
from cubeview.gui.widgets.theme import colours

# Told apart by those who take red for green (Okabe & Ito 2008, Color Universal Design).
_INKS = (
    "#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#0072b2", "#d55e00", "#9d7bd8",
)  # fmt: skip
_MOST_NAMED = len(_INKS)
HIDDEN = "hidden (blind)"

Legend = list[tuple[str, str]]


def _words(told: Callable[[Exploring, int], str]) -> Callable[[Exploring], Sequence[str]]:
    return lambda exploring: [told(exploring, point) for point in range(len(exploring.points))]


def _answer(exploring: Exploring, point: int) -> str:
    return HIDDEN if exploring.hidden(point) else exploring.points[point].answer


def _doubt(exploring: Exploring, point: int) -> float:
    return np.nan if exploring.hidden(point) else exploring.points[point].doubt


def _date(exploring: Exploring) -> np.ndarray:
    dates = [point.date or "NaT" for point in exploring.points]
    days = np.array(dates, "datetime64[D]")
    found: np.ndarray = np.where(np.isnat(days), np.nan, days.astype(float))
    return found


def _figure(exploring: Exploring) -> np.ndarray:
    figure = exploring.order.figure
    return np.full(len(exploring.points), np.nan) if figure is None else figure


def _groups(exploring: Exploring) -> Sequence[str]:
    if exploring.groups is None:
        return [""] * len(exploring.points)
    return [f"group {number + 1}" for number in exploring.groups.of]


NAMED: dict[str, Callable[[Exploring], Sequence[str]]] = {
    "label": lambda exploring: exploring.labels,
    "answer": _words(_answer),
    "mark": lambda exploring: exploring.marks,
    "group found": _groups,
    "name": lambda exploring: exploring.names,
    "name, carried": lambda exploring: exploring.like or [""] * len(exploring.points),
}
MEASURED: dict[str, Callable[[Exploring], Sequence[float] | np.ndarray]] = {
    "doubt": lambda exploring: [_doubt(exploring, p) for p in range(len(exploring.points))],
    "date": _date,
    "order": _figure,
}
WAYS = (*NAMED, *MEASURED)


def inks(exploring: Exploring, way: str) -> tuple[np.ndarray, Legend]:
    """Return the colour of each point, shape (points, 3), uint8, and what the colours mean.

    Parameters
    ----------
    exploring : Exploring
    way : str
        One of `WAYS`.
    """
    if way in NAMED:
        return _named(NAMED[way](exploring), way)
    return _measured(np.asarray(MEASURED[way](exploring), float), way)


def _named(words: Sequence[str], way: str) -> tuple[np.ndarray, Legend]:
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    grey = colours().dim
    missing = {f"no {way.partition(',')[0]}": counts.pop("", 0), HIDDEN: counts.pop(HIDDEN, 0)}
    kept = sorted(sorted(counts), key=lambda word: -counts[word])[:_MOST_NAMED]
    colour = dict(zip(kept, _INKS, strict=False))
    others = sum(counts.values()) - sum(counts[word] for word in kept)
    legend = [(f"{word} ({counts[word]})", colour[word]) for word in kept]
    legend += [(f"others ({others})", grey)] if others else []
    legend += [(f"{word} ({count})", grey) for word, count in missing.items() if count]
    rows = {word: _rgb(colour.get(word, grey)) for word in (*counts, "", HIDDEN)}
    found = np.array([rows[word] for word in words], np.uint8).reshape(-1, 3)
    return found, legend


def _measured(values: np.ndarray, way: str) -> tuple[np.ndarray, Legend]:
    known = np.isfinite(values)
    found = np.full((len(values), 3), _rgb(colours().dim), np.uint8)
    if not known.any():
        return found, [(f"no {way} ({len(values)})", colours().dim)]
    low, high = float(values[known].min()), float(values[known].max())
    shades = table("viridis")[:, :3]
    steps = np.rint(1 + 254 * (values[known] - low) / max(high - low, 1e-12)).astype(int)
    found[known] = shades[steps]
    legend = [(_said(low, way), _hex(shades[1])), (_said(high, way), _hex(shades[255]))]
    missing = int((~known).sum())
    return found, legend + ([(f"no {way} ({missing})", colours().dim)] if missing else [])


def _said(value: float, way: str) -> str:
    if way == "date":
        return str(np.datetime64(round(value), "D"))
    return f"{way} {value:.3g}"


def _rgb(colour: str) -> tuple[int, int, int]:
    ink = QColor(colour)
    return ink.red(), ink.green(), ink.blue()


def _hex(shade: np.ndarray) -> str:
    return QColor(*map(int, shade)).name()
