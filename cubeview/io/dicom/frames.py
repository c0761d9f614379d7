"""Which frame of a multi-frame NM image is which slice: the index built from its vectors.

Nuclear medicine frames come in any order; each vector (PS3.3 C.8.4.8, C.8.4.15) gives one 1-based
number per frame. Where a file has no vector of slices, the order of its frames is a guess.
"""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from cubeview.errors import CubeviewError
from cubeview.io.dicom.numbers import integer
from cubeview.io.dicom.what import image_kind

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


MOST_PARTS = 12
"""Volumes of one file that are opened each as its own case."""


@dataclass(frozen=True, eq=False)
class FrameIndex:
    """Where each slice lies among the frames."""

    frames: np.ndarray  # shape (slots, slices), int: number from 0, of each gate (1 when ungated)
    # and -1 for one that is not there
    first: int  # slice number of the first slice, 1 in nearly all files
    slots: str  # what was gated, for the note: "8 time slots"; empty when ungated
    gates: tuple[str, ...] = ()  # name of each gate; empty when ungated
    part: str = ""  # which of several volumes of the file: "energy window 2"; else empty
    guessed: bool = False  # slices are in the order of the frames, which the file does not number


def has_slices(header: Dataset) -> bool:
    """Tell whether frames are indexed by slice and not by projection angle."""
    return bool(vector(header, "SliceVector")) and not vector(header, "AngularViewVector")


def frame_indices(header: Dataset, path: Path, *, cut: bool = False) -> list[FrameIndex]:
    """Return the index of each volume of a reconstructed scan; every frame is in one.

    There is one for each energy window, detector, phase and so on.

    Parameters
    ----------
    header : Dataset
    path : Path
        For messages.
    cut : bool
        It came in several files, of which some may not be there.

    Raises
    ------
    CubeviewError
        If a slice is missing or present twice, or if there are too many volumes.
    """
    count = integer(header, "NumberOfFrames", 1)
    slices = vector(header, "SliceVector")
    if slices:
        _check_length(slices, count, "slice numbers", path)
    gates: list[tuple[int, ...]] = [() for _ in range(count)]
    parts: list[tuple[int, ...]] = [() for _ in range(count)]
    gated: list[str] = []
    apart: list[str] = []
    keys: list[str] = []
    for keyword, name in VECTORS.items():
        numbers = vector(header, keyword)
        if len(set(numbers)) < 2:
            continue
        _check_length(numbers, count, name, path)
        if keyword in SUMMED:
            gated.append(name)
            gates = [(*gate, number) for gate, number in zip(gates, numbers, strict=True)]
        else:
            apart.append(name)
            keys.append(keyword)
            parts = [(*part, number) for part, number in zip(parts, numbers, strict=True)]
    if len(set(parts)) > MOST_PARTS:
        raise CubeviewError(
            f"{path}: holds {len(set(parts))} volumes ({' × '.join(apart)}) in one file, more than "
            f"the {MOST_PARTS} CubeView opens. Export each of them as its own series."
        )
    guessed = not slices
    if guessed:
        if not gated and not apart and "GATED" in image_kind(header):
            gates, gated = _gates_in_order(header, count, path), [VECTORS["TimeSlotVector"]]
        slices = _in_order(list(zip(gates, parts, strict=True)))
    made = []
    for part in sorted(set(parts)):
        frames = [frame for frame in range(count) if parts[frame] == part]
        index = _one(frames, slices, gates, gated, path, cut=cut)
        title = ", ".join(numbered(n, v) for n, v in zip(apart, part, strict=True))
        made.append(replace(index, part=title, guessed=guessed))
    if len({(index.first, index.frames.shape[1]) for index in made}) > 1:
        counts = " × ".join(f"{len(set(vector(header, key)))} {VECTORS[key]}" for key in keys)
        raise CubeviewError(
            f"{path}: its {counts} do not hold the same slices; some are missing. Export the "
            "series again."
        )
    return made


def _in_order(cells: list[tuple[tuple[int, ...], tuple[int, ...]]]) -> list[int]:
    """Number the frames of each gate and part in their order, from 1."""
    seen: Counter[tuple[tuple[int, ...], tuple[int, ...]]] = Counter()
    numbers = []
    for cell in cells:
        seen[cell] += 1
        numbers.append(seen[cell])
    return numbers


def _gates_in_order(header: Dataset, count: int, path: Path) -> list[tuple[int, ...]]:
    """Return the gate of each frame where only their number is said: gate after gate, C.8.4.8."""
    gates = integer(header, "NumberOfTimeSlots")
    if gates < 2 or count % gates:
        raise CubeviewError(
            f"{path}: a gated scan that does not say which slice and gate each of its {count} "
            "frames is. Export the reconstructed series again from the workstation."
        )
    return [(frame // (count // gates) + 1,) for frame in range(count)]


def numbered(counted: str, number: int) -> str:
    """Return the name of one of what a vector counts: ``"energy window 2"``."""
    return f"{counted.removesuffix('s')} {number}"


def _one(
    members: list[int],
    slices: list[int],
    gates: list[tuple[int, ...]],
    gated: list[str],
    path: Path,
    *,
    cut: bool,
) -> FrameIndex:
    """Build the index of the volume that these frames make."""
    count = len(members)
    gates, slices = [gates[frame] for frame in members], [slices[frame] for frame in members]
    first, last = min(slices), max(slices)
    rows = {gate: row for row, gate in enumerate(sorted(set(gates)))}
    if len(rows) * (last - first + 1) > count and not (cut and len(rows) == 1):
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
                f"{members[frame] + 1}). Export the series again, one volume a file."
            )
        frames[cell] = members[frame]
    counts = [f"{len({gate[n] for gate in rows})} {name}" for n, name in enumerate(gated)]
    names = [
        ", ".join(numbered(name, v) for name, v in zip(gated, gate, strict=True)) for gate in rows
    ]
    return FrameIndex(frames, first, " × ".join(counts), tuple(names) if gated else ())


def vector(header: Dataset, keyword: str) -> list[int]:
    """Return the number of each frame in a vector, 1-based; empty where there is none."""
    value = header.get(keyword)
    if value is None or isinstance(value, (str, bytes)):
        return []
    try:
        return [int(number) for number in value]
    except TypeError:
        return [int(value)]
    except ValueError:
        return []


def _check_length(numbers: list[int], count: int, name: str, path: Path) -> None:
    if len(numbers) != count:
        raise CubeviewError(
            f"{path}: {len(numbers)} {name} for {count} frames; the two must agree. The header is "
            "damaged; export the series again."
        )
