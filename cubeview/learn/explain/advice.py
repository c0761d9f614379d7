"""How far the maps of a model can be believed: figures kept beside its card, and the advice.

The figures are made by `cubeview.learn.measure.faithful` and lie in ``maps.json`` in the
model's folder.
"""

import json
import logging
import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from cubeview.errors import refusing
from cubeview.paths import replacing
from cubeview.plain import from_json

log = logging.getLogger(__name__)

NAME = "maps.json"
FORMAT = 1
_MOST_BYTES = 1_000_000


def read_figures(folder: Path) -> Mapping[str, Any] | None:
    """Return what is known of a model's maps; None where nobody measured, or not readably."""
    path = folder / NAME
    try:
        stamp = path.stat().st_mtime_ns
    except OSError:
        return None
    return _read(path, stamp)


def write_figures(figures: Mapping[str, Any], path: Path) -> None:
    """Write figures, whole or not at all.

    Raises CubeviewError if the file cannot be written.
    """
    with refusing(path, "cannot be written"), replacing(path) as part:
        part.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def advice(figures: Mapping[str, Any] | None, target: str) -> str:
    """Say which map to trust about the place of a class, or that none can be.

    A map is recommended where it points to the place more often than chance does, by a tenth and
    by two standard errors at least.

    `figures` come from `cubeview.learn.measure.faithful.check_maps`; empty if nothing is known.
    """
    if figures is None or target not in figures.get("classes", ()):
        return ""
    rows = [
        (row["hit"] - row["chance"], name, row)
        for name, method in figures["methods"].items()
        if (row := method["classes"].get(target)) and row["n"]
    ]
    if not rows:
        return f"“{target}” has no one place a map could point to."
    gain, name, best = max(rows, key=lambda one: one[:2])
    figure = f"{best['hit']:.0%} of {best['n']} simulated cases, by chance {best['chance']:.0%}"
    error = math.sqrt(max(best["chance"] * (1 - best["chance"]), 0.01) / best["n"])
    if gain >= max(0.1, 2 * error):
        return f"For “{target}” look at {name}: it points to the place in {figure}."
    return (
        f"No map finds the place of “{target}” better than chance (at best {name}: {figure}). "
        "Do not read one as a location."
    )


@lru_cache(maxsize=16)
def _read(path: Path, stamp: int) -> Mapping[str, Any] | None:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("too large")
        figures = from_json(path.read_text(encoding="utf-8"))
        if figures["format"] != FORMAT:
            raise ValueError(f"format {figures['format']!r} is not known")
        for method in figures["methods"].values():
            for row in method["classes"].values():
                if not all(isinstance(row[key], (int, float)) for key in ("n", "hit", "chance")):
                    raise TypeError("a figure is no number")
        list(figures["classes"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("%s is left aside: %s", path.name, error)
        return None
    found: Mapping[str, Any] = figures
    return found
