"""Boxes over pictures: over what makes a class, or elsewhere, as occlusion hides them."""

import numpy as np

MARGIN_PX = 1
_SHOWS = 0.25
"""A bar ends where its light falls below this share of its brightest."""


def site_of(bar: np.ndarray) -> np.ndarray:
    """Return where a bar lies, shape (y, x), bool; nowhere if there is none."""
    found: np.ndarray = bar > _SHOWS * bar.max() if bar.max() > 0 else np.zeros_like(bar, bool)
    return found


def box_around(site: np.ndarray) -> tuple[slice, slice]:
    """Return the smallest box around a place, with a margin."""
    rows, columns = np.nonzero(site)
    top, bottom, left, right = rows.min(), rows.max(), columns.min(), columns.max()
    return (
        slice(max(0, int(top) - MARGIN_PX), int(bottom) + 1 + MARGIN_PX),
        slice(max(0, int(left) - MARGIN_PX), int(right) + 1 + MARGIN_PX),
    )


def box_elsewhere(
    site: np.ndarray, sides: tuple[int, int], rng: np.random.Generator
) -> tuple[slice, slice] | None:
    """Draw a box of given sides that does not touch a place; None where there is no room."""
    for _ in range(60):
        row, column = (int(rng.integers(0, n - side + 1)) for n, side in zip(site.shape, sides))  # noqa: B905
        box = slice(row, row + sides[0]), slice(column, column + sides[1])
        if not site[box].any():
            return box
    return None


def hide(values: np.ndarray, box: tuple[slice, slice], fill: float) -> np.ndarray:
    """Return a picture with a box filled, shape (channel, 1, y, x)."""
    out = values.copy()
    out[:, :, *box] = fill
    return out
