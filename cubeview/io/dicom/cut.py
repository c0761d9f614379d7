"""Reconstructions cut into several files: one file a slice, a gate or an energy window.

Which frame is which slice then stands in its number of the vector, in its position, or only in the
order of the instance numbers, and a file may still carry the vectors of the whole.
"""

import re
from collections.abc import Iterable, Sequence
from copy import deepcopy
from itertools import chain
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from cubeview.io.dicom.frames import VECTORS, vector
from cubeview.io.dicom.geometry import placed
from cubeview.io.dicom.identifiers import series_of, uid, whose
from cubeview.io.dicom.numbers import integer, number
from cubeview.io.dicom.stack import SAME_PLACE_MM
from cubeview.io.dicom.what import image_kind

_COUNTS = {"SliceVector": "NumberOfSlices", "TimeSlotVector": "NumberOfTimeSlots"}
"""What a header counts of the whole, by the vector that numbers it."""


def is_piece(header: Dataset) -> bool:
    """Tell whether a reconstruction may be one of several files of a volume."""
    count = integer(header, "NumberOfFrames", 1)
    if count == 1:
        return True
    numbered = [v for key in VECTORS if (v := vector(header, key)) and len(set(v)) == 1]
    gates = integer(header, "NumberOfTimeSlots", 1)
    return bool(numbered) and (gates > 1 or any(v[0] > 1 for v in numbered))


def whole_of(header: Dataset, path: Path) -> tuple[object, ...]:
    """Return what the pieces of one volume share."""
    size = (integer(header, key) for key in ("Rows", "Columns"))
    described = str(header.get("SeriesDescription") or "")
    return (series_of(header, path), described, image_kind(header), *size)


def study_of(header: Dataset, path: Path) -> tuple[object, ...]:
    """Return what the pieces of one volume share that are each a series of their own."""
    described = re.sub(r"\d+", "", str(header.get("SeriesDescription") or ""))
    study = uid(header, "StudyInstanceUID") or str(path)
    size = (integer(header, key) for key in ("Rows", "Columns"))
    return (study, described, image_kind(header), *size, tuple(sorted(whose(header).items())))


def in_order(headers: Sequence[Dataset]) -> list[int] | None:
    """Return the pieces of a volume in the order of their slices and gates, by number.

    None where they are no pieces of one: where two have the same slice of the same gate.
    """
    order = sorted(range(len(headers)), key=lambda n: _sorting(headers[n]))
    joined = as_one([headers[n] for n in order])
    count = integer(joined, "NumberOfFrames")
    vectors = [v for key in ("SliceVector", *VECTORS) if len(v := vector(joined, key)) == count]
    by_place = "SliceVector" in joined and "SliceVector" not in headers[0]
    # What only the instance numbers tell apart must have each its own.
    if not by_place and len({_sorting(header) for header in headers}) < len(headers):
        return None
    if not vector(joined, "SliceVector"):
        return order if count == len(headers) else None
    return order if len(set(zip(*vectors, strict=True))) == count else None


def as_one(headers: Sequence[Dataset]) -> Dataset:
    """Return the header of the whole that pieces, in order and without pixels, are of."""
    if len(headers) == 1:
        return headers[0]
    joined = deepcopy(headers[0])
    counts = [integer(header, "NumberOfFrames", 1) for header in headers]
    for key in ("SliceVector", *VECTORS):
        own = [_own(headers, counts, n, key) for n in range(len(headers))]
        if all(own):
            setattr(joined, key, list(chain.from_iterable(own)))
        elif key in joined:
            delattr(joined, key)
    if max(counts) == 1 and not vector(joined, "SliceVector"):
        _number_by_place(joined, headers)
    joined.NumberOfFrames = sum(counts)
    return joined


def missing(header: Dataset) -> Iterable[str]:
    """Say what a header counts and its frames do not hold: ``"3 of 4 time slots"``."""
    for key, count in _COUNTS.items():
        there, declared = len(set(vector(header, key))), integer(header, count)
        if 0 < there < declared and (key != "SliceVector" or max(vector(header, key)) <= declared):
            yield f"{there} of {declared} {VECTORS.get(key, 'slices')}"


def _sorting(header: Dataset) -> tuple[int, ...]:
    count = integer(header, "NumberOfFrames", 1)
    vectors = [vector(header, key) for key in ("TimeSlotVector", "SliceVector")]
    own = [numbers[0] if len(numbers) == count else 0 for numbers in vectors]
    return (*own, integer(header, "InstanceNumber"))


def _own(headers: Sequence[Dataset], counts: list[int], place: int, key: str) -> list[int]:
    """Return the numbers of one piece's frames in a vector; empty where they cannot be told."""
    numbers = vector(headers[place], key)
    if len(numbers) == counts[place]:
        return numbers
    # A piece that kept the vector of the whole.
    if counts[place] == 1 and len(numbers) == len(headers):
        return [numbers[place]]
    return []


def _number_by_place(joined: Dataset, headers: Sequence[Dataset]) -> None:
    """Number slices by their positions, where they have some on one line.

    The header of the whole gets the geometry of the first.
    """
    places = [placed(header, []) for header in headers]
    positions = [position for position, _ in places if position is not None]
    frame = places[0][1]
    if len(positions) < len(headers) or frame is None:
        return
    normal = np.cross(frame[0], frame[1])
    spacing = number(joined, "SpacingBetweenSlices")
    along = np.array([position @ normal for position in positions]) * (-1.0 if spacing < 0 else 1.0)
    order = np.argsort(along, kind="stable")
    steps = np.diff(along[order])
    if not len(steps) or steps.min() <= SAME_PLACE_MM:
        return
    step = float(np.median(steps))
    slices = np.rint((along - along.min()) / step).astype(int) + 1
    if len(set(slices.tolist())) < len(headers) or slices.max() > 2 * len(headers):
        return
    joined.SliceVector = [int(number) for number in slices]
    joined.SpacingBetweenSlices = float(np.copysign(step, spacing or 1.0))
    for item in (joined, *(joined.get("DetectorInformationSequence") or [])[:1]):
        item.ImagePositionPatient = list(positions[int(order[0])])
        item.ImageOrientationPatient = list(frame.ravel())
