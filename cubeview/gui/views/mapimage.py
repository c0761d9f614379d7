"""What of a map lies in a plane: a cut through it, or its mean over all channels."""

import warnings

import numpy as np
from PyQt6.QtCore import QRectF

from cubeview.cubes.answer import Overlay
from cubeview.cubes.plane import PlaneFrame


def map_plane(
    overlay: Overlay, role: str, frame: PlaneFrame, axis: int, index: int | None
) -> tuple[np.ndarray, float, QRectF] | None:
    """Return the map in a plane, the value its colours end at, and where it lies.

    None where the map says nothing.

    Parameters
    ----------
    overlay : Overlay
    role : str
    frame : Frame
        How the plane is shown.
    axis : int
    index : int or None
        The plane across `axis`; None for the mean along it.
    """
    values = overlay.values.get(role)
    if values is None or not overlay.peak:
        return None
    starts = [part.start for part in overlay.boxes[role]]
    stops = [part.stop for part in overlay.boxes[role]]
    peak = overlay.peak
    if index is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # places the map says nothing of
            plane = np.nanmean(values, axis=axis)
            peak = float(np.nan_to_num(np.nanmax(np.abs(plane))))
    elif starts[axis] <= index < stops[axis]:
        plane = np.take(values, index - starts[axis], axis=axis)
    else:
        return None
    if not peak:
        return None
    x, y = frame.across, frame.up
    where = QRectF(starts[x] - 0.5, starts[y] - 0.5, stops[x] - starts[x], stops[y] - starts[y])
    return plane.T if frame.transposed else plane, peak, where
