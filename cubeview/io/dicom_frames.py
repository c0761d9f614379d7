"""Which frame of a multi-frame NM image is which slice: the index built from its vectors.

Nuclear medicine frames come in any order; each vector (PS3.3 C.8.4.8, C.8.4.15) gives one 1-based
number per frame. Frame order is never trusted.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from cubeview.errors import CubeviewError
from cubeview.io.dicom_file import integer

VECTORS = {
    "EnergyWindowVector": "energy windows",
    "DetectorVector": "detectors",
    "PhaseVector": "phases",
    "RotationVector": "rotations",
    "RRIntervalVector": "R-R intervals",
    "TimeSlotVector": "time slots",
    "AngularViewVector": "angular views",
    "TimeSliceVector": "time slices",
}
"""Every vector beside SliceVector, and what it counts."""

SUMMED = ("RRIntervalVector", "TimeSlotVector")
"""Vectors of a gated scan: their frames are added up."""


@dataclass(frozen=True, eq=False)
class FrameIndex:
    """Where each slice lies among the frames.

    Parameters
    ----------
    frames : ndarray, shape (slots, slices), int
        Frame number, 0-based, of each gate (1 when ungated) and slice.
    first : int
        Slice number of the first slice, 1 in nearly all files.
    slots : str
        What was gated, for the note: ``"8 time slots"``; empty when ungated.
    """

    frames: np.ndarray
    first: int
    slots: str


def has_slices(header: Dataset) -> bool:
    """Tell whether frames are indexed by slice and not by projection angle."""
    return bool(vector(header, "SliceVector")) and not vector(header, "AngularViewVector")


def frame_index(header: Dataset, path: Path) -> FrameIndex:
    """Build the index of a reconstructed scan.

    Raises
    ------
    CubeviewError
        If a slice is missing, present twice or not numbered, or if frames differ in something
        other than slice and gate.
    """
    count = integer(header, "NumberOfFrames", 1)
    slices = vector(header, "SliceVector")
    if not slices:
        raise CubeviewError(
            f"{path}: does not say which slice each of its {count} frames is (no Slice Vector). "
            "Export the reconstructed series again from the workstation."
        )
    _check_length(slices, count, "slice numbers", path)
    gates: list[tuple[int, ...]] = [() for _ in range(count)]
    slots: list[str] = []
    for keyword, name in VECTORS.items():
        numbers = vector(header, keyword)
        if len(set(numbers)) < 2:
            continue
        _check_length(numbers, count, name, path)
        if keyword not in SUMMED:
            raise CubeviewError(
                f"{path}: holds {len(set(numbers))} {name} in one file; CubeView opens one volume "
                "or the gates of one. Export each of them as its own series."
            )
        slots.append(f"{len(set(numbers))} {name}")
        gates = [(*gate, number) for gate, number in zip(gates, numbers, strict=True)]
    first, last = min(slices), max(slices)
    rows = {gate: row for row, gate in enumerate(sorted(set(gates)))}
    if len(rows) * (last - first + 1) > count:
        raise CubeviewError(
            f"{path}: {count} frames cannot fill {last - first + 1} slices"
            + (f" at {len(rows)} gates" if len(rows) > 1 else "")
            + "; some are missing. Export the series again."
        )
    frames = np.full((len(rows), last - first + 1), -1)
    for frame, (gate, number) in enumerate(zip(gates, slices, strict=True)):
        cell = rows[gate], number - first
        if frames[cell] >= 0:
            raise CubeviewError(
                f"{path}: slice {number} is there twice (frames {frames[cell] + 1} and "
                f"{frame + 1}). Export the series again, one volume a file."
            )
        frames[cell] = frame
    return FrameIndex(frames, first, " × ".join(slots))


def vector(header: Dataset, keyword: str) -> list[int]:
    """Return the number of each frame in a vector, 1-based; empty where there is none."""
    value = header.get(keyword)
    if value is None or isinstance(value, (str, bytes)):
        return []
    try:
        return [int(number) for number in value]
    except TypeError:
        return [int(value)]


def _check_length(numbers: list[int], count: int, name: str, path: Path) -> None:
    if len(numbers) != count:
        raise CubeviewError(
            f"{path}: {len(numbers)} {name} for {count} frames; the two must agree. The header is "
            "damaged; export the series again."
        )
