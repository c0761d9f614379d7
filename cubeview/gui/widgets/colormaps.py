"""Colour maps: perceptual ones, those clinicians know, and the signed one for overlays."""

from functools import lru_cache

import numpy as np
import pyqtgraph as pg
from PyQt6.QtGui import QImage

COLORMAPS = {
    "viridis": "Viridis",
    "magma": "Magma",
    "inferno": "Inferno",
    "cividis": "Cividis (colour-blind safe)",
    "gray": "Gray",
    "gray inverted": "Gray, inverted",
    "warm": "Warm metal",
    "cool": "Cool",
    "ten steps": "Ten steps of 10 %",
    "rainbow": "Rainbow (not monotone: shades may mislead)",
}
"""Key to label, in the order shown."""

# Lightness rises all the way in each but "rainbow": where it falls with rising counts, a defect
# can look brighter than the wall around it (MIRT 2024;33:94).
_STOPS: dict[str, tuple[tuple[float, ...], str]] = {
    "gray": ((0, 1), "#000000 #ffffff"),
    "gray inverted": ((0, 1), "#ffffff #000000"),
    "warm": ((0, 0.25, 0.5, 0.75, 0.9, 1), "#000000 #5a0a00 #c83a00 #ffa31a #ffe680 #ffffff"),
    "cool": ((0, 0.25, 0.5, 0.75, 0.9, 1), "#000000 #0a1f66 #1467b8 #45bfe0 #b3f0f2 #ffffff"),
    "rainbow": (
        (0, 0.15, 0.35, 0.5, 0.65, 0.8, 0.92, 1),
        "#000000 #2b0a80 #0a6ee0 #12b33c #e6e619 #f07818 #d01010 #ffffff",
    ),
}

# Against (cyan) and for (magenta): neither is in the warm or the viridis map beneath, and readers
# who take red for green tell them apart. No grey in the middle: weak means clear, not muddy.
_OVERLAY = [(0, "#7df3ff"), (0.499, "#0093b8"), (0.501, "#b4128f"), (1, "#ff8be6")]


@lru_cache(maxsize=16)
def colormap(key: str) -> pg.ColorMap:
    """Return a colour map by its key in `COLORMAPS`.

    Raises
    ------
    KeyError
        For a key that is not in `COLORMAPS`.
    """
    if key == "ten steps":
        table = colormap("warm").getLookupTable(0.06, 0.98, 10, alpha=False)
        edges = np.repeat(np.linspace(0, 1, 11), 2)[1:-1]
        edges[2::2] += 1e-6  # two stops on one place are not allowed
        return pg.ColorMap(edges, np.repeat(table, 2, axis=0))
    if key in _STOPS:
        places, colours = _STOPS[key]
        return pg.ColorMap(places, colours.split())
    if key not in COLORMAPS:
        raise KeyError(key)
    return pg.colormap.get(key)


@lru_cache(maxsize=16)
def table(key: str) -> np.ndarray:
    """Return the colour table for `cubes.reduce.to_steps`, shape (256, 4), uint8 RGBA.

    Row 0, for voxels without a value, is clear.
    """
    rows = np.empty((256, 4), dtype=np.uint8)
    rows[0] = 0
    rows[1:] = colormap(key).getLookupTable(0.0, 1.0, 255, alpha=True)
    return rows


def picture(pixels: np.ndarray) -> QImage:
    """Return a picture of RGBA pixels, shape (rows, columns, 4), uint8."""
    height, width = pixels.shape[:2]
    image = QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return image.copy()  # the bytes go with this call


@lru_cache(maxsize=32)
def overlay_table(opacity: float, threshold: float) -> np.ndarray:
    """Return the colour table of a signed map from -peak to +peak, shape (256, 4), uint8 RGBA.

    Clear at 0 and below `threshold` (a share of the peak); above it opacity rises from a third of
    `opacity` (0 to 1) to the whole at the peak, so that the middle of a hot spot shows. Rows 1 to
    255 span the range with 128 at zero; row 0 is for voxels without a value.
    """
    places, colours = zip(*_OVERLAY, strict=True)
    share = np.abs(np.linspace(-1.0, 1.0, 255))
    rows = np.zeros((256, 4), dtype=np.uint8)
    rows[1:] = pg.ColorMap(places, colours).getLookupTable(0.0, 1.0, 255, alpha=True)
    rise = np.clip((share - threshold) / max(1.0 - threshold, 1e-6), 0.0, 1.0)
    shown = (share >= threshold) & (share > 0)
    rows[1:, 3] = np.rint(255 * opacity * (1 / 3 + 2 / 3 * rise) * shown)
    rows.setflags(write=False)
    return rows
