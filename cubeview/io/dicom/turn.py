"""Where and when frames of nuclear medicine were taken: angles of projections, times of frames.

Angles as in PS3.3 C.8.4.13: 0 at the patient's back, growing counter-clockwise seen from the feet.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from pydicom.dataset import Dataset

from cubeview.cubes.axes import Axis
from cubeview.io.dicom.numbers import number

Placed = tuple[Axis, np.ndarray]
"""An axis, and the places in the order that its values run."""


def turn(header: Dataset, places: Sequence[Mapping[str, int]], rotation: int) -> Placed | None:
    """Return the projections of all detectors as one turn around the patient.

    None where the file does not give the angles, or gives several detectors the same.

    Parameters
    ----------
    header : Dataset
    places : sequence of mapping
        ``DetectorVector`` and ``AngularViewVector`` of each projection, where they vary.
    rotation : int
        Which rotation of the camera this is, from 1.
    """
    rotations = list(header.get("RotationInformationSequence") or [])
    if not 0 < rotation <= len(rotations):
        return None
    item = rotations[rotation - 1]
    step = abs(number(item, "AngularStep"))
    if not step or item.get("StartAngle") is None:
        return None
    way = -1.0 if str(item.get("RotationDirection") or "").strip().upper() == "CW" else 1.0
    detectors = list(header.get("DetectorInformationSequence") or [])
    angles = []
    for place in places:
        detector = place.get("DetectorVector", 1)
        start = number(item, "StartAngle")
        if 0 < detector <= len(detectors) and detectors[detector - 1].get("StartAngle") is not None:
            start = number(detectors[detector - 1], "StartAngle")
        angles.append(start + way * step * (place.get("AngularViewVector", 1) - 1))
    first = angles[0]
    along = np.round((way * (np.array(angles) - first)) % 360.0, 4) % 360.0
    if len(set(along.tolist())) < len(along):
        return None  # heads that look the same way, or more than one turn
    order = np.argsort(along, kind="stable")
    return Axis("Angle", "index", "deg", first + way * along[order]), order


def times(header: Dataset, places: Sequence[Mapping[str, int]]) -> Placed | None:
    """Return the middle of each frame of a dynamic series, in seconds from its start.

    `places` are ``PhaseVector`` and ``TimeSliceVector`` of each frame, where they vary.
    """
    phases = list(header.get("PhaseInformationSequence") or [])
    starts, begin = [], 0.0
    for item in phases:
        length, pause = number(item, "ActualFrameDuration"), number(item, "PauseBetweenFrames")
        if length <= 0:
            return None
        begin += max(number(item, "PhaseDelay"), 0.0)
        starts.append((begin, length, max(pause, 0.0)))
        begin += max(number(item, "NumberOfFramesInPhase"), 1.0) * (length + max(pause, 0.0))
    middle = []
    for place in places:
        phase = place.get("PhaseVector", 1)
        if not 0 < phase <= len(starts):
            return None
        begin, length, pause = starts[phase - 1]
        middle.append(begin + (place.get("TimeSliceVector", 1) - 1) * (length + pause) + length / 2)
    seconds = np.array(middle) / 1000.0
    if len(seconds) < 2 or (np.diff(seconds) <= 0).any():
        return None
    return Axis("Time", "time", "s", seconds), np.arange(len(seconds))
