"""Headers to slices: where each lies, and what may tell it from others at its place.

PS3.3 C.7.6.2 (image plane), C.7.6.16 (functional groups). What a group of a frame does not say is
looked for at the top of the file.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from cubeview.cubes.cube import Note
from cubeview.io.dicom.geometry import pixel_spacing, unit_frame
from cubeview.io.dicom.numbers import integer, number, numbers
from cubeview.io.dicom.stack import Slice
from cubeview.io.dicom.times import second_of
from cubeview.io.dicom.what import image_type

_MARKS = (
    ("TemporalPositionIdentifier", "time point"),
    ("EchoNumbers", "echo"),
    ("EchoTime", "echo time"),
    ("DiffusionBValue", "b value"),
    ("TriggerTime", "trigger time"),
    ("FrameReferenceTime", "time"),
    ("AcquisitionDateTime", "from"),
    ("AcquisitionTime", "from"),
    ("AcquisitionNumber", "acquisition"),
    ("ActualFrameDuration", "duration"),
    ("ContentTime", "written"),
    ("ConvolutionKernel", "kernel"),
    ("ImageType", "image type"),
)
_FRAME_MARKS = (
    ("TemporalPositionTimeOffset", "time"),
    ("EffectiveEchoTime", "echo time"),
    ("DiffusionBValue", "b value"),
    ("NominalCardiacTriggerDelayTime", "trigger time"),
    ("FrameAcquisitionDateTime", "from"),
    ("FrameType", "image type"),
)
_POSITION_POINTERS = {Tag(0x0020, 0x9057), Tag(0x0020, 0x0032), Tag(0x0020, 0x9111)}
_TIMES = {"AcquisitionDateTime", "AcquisitionTime", "ContentTime", "FrameAcquisitionDateTime"}
_CLOCKS = {"from", "written"}
"""Marks that are times of a day until `_since_first` has made them times of the series."""

_NO_PLACES = {0x00181063, 0x00181065, 0x00182001, 0x00186010, 0x00540100, 0x00540060, 0x00540070}
"""What frames may count that are no slices: times, pages, gates (Frame Increment Pointer)."""


def slices_of_files(headers: Sequence[Dataset]) -> list[Slice]:
    """Return the slices of a series that has one in each file."""
    made = []
    for key, header in enumerate(headers):
        marks = [(name, _mark(header, keyword)) for keyword, name in _MARKS]
        # Of two clocks the one with the date goes first.
        marks = list(dict((name, text) for name, text in reversed(marks) if text).items())[::-1]
        mosaic = "MOSAIC" in image_type(header)
        made.append(_made(key, header, header, header, header, marks, placed=not mosaic))
    return _since_first(made)


def slices_of_frames(
    header: Dataset, groups: Sequence[tuple[Dataset, Dataset]]
) -> tuple[list[Slice], list[Note]]:
    """Return the slices of a file of many frames, and what had to be guessed of their order.

    `groups` are those of each frame, and those that all share.
    """
    made = _since_first([_frame(key, pair, header) for key, pair in enumerate(groups)])
    places = {None if part.position is None else tuple(part.position) for part in made}
    step = made[0].thickness
    if len(made) < 2 or len(places) > 1 or not step or made[0].frame is None or None in places:
        return made, []
    pointer = header.get("FrameIncrementPointer")
    pointers = {pointer} if isinstance(pointer, int) else set(pointer or [])
    if not pointers.isdisjoint(_NO_PLACES):
        return made, []
    each = integer(header, "NumberOfSlices")
    each = each if each and not len(made) % each else len(made)
    way = step * np.cross(made[0].frame[0], made[0].frame[1])
    stacked = [
        replace(
            part,
            position=part.position + (key % each) * way,
            marks=(*part.marks, ("volume", str(key // each + 1))),
        )
        for key, part in enumerate(made)
        if part.position is not None
    ]
    text = "the file says where its first slice lies, and of the others only how far apart they "
    text += "are: they are shown in the order of its frames, and may run the other way"
    return stacked, [Note("guess", text, "slice direction")]


def _frame(key: int, groups: tuple[Dataset, Dataset], header: Dataset) -> Slice:
    content = _group(groups, "FrameContentSequence")
    marks = [("stack", _text(content.get("StackID")))]
    marks += _dimension_marks(header, content)
    for keyword, name in _FRAME_MARKS:
        for group in groups:
            found = [item for item in items_of(group) if keyword in item]
            if found:
                marks.append((name, _mark(found[0], keyword)))
                break
    place = _group(groups, "PlanePositionSequence"), _group(groups, "PlaneOrientationSequence")
    return _made(key, header, *place, _group(groups, "PixelMeasuresSequence"), marks)


def _since_first(slices: list[Slice]) -> list[Slice]:
    """Give the marks of clocks in seconds since the first: a date or hour is nobody's business."""
    first = {
        name: min(float(text) for part in slices for other, text in part.marks if other == name)
        for name in {name for part in slices for name, _ in part.marks} & _CLOCKS
    }
    return [
        replace(
            part,
            marks=tuple(
                (name, f"{float(text) - first[name]:.6g} s" if name in first else text)
                for name, text in part.marks
            ),
        )
        for part in slices
    ]


def _dimension_marks(header: Dataset, content: Dataset) -> list[tuple[str, str]]:
    """Return the dimension indices of a frame but for those that count places."""
    values = content.get("DimensionIndexValues")
    if values is None:
        return []
    values = [values] if isinstance(values, int) else list(values)
    pointers = [
        item.get("DimensionIndexPointer") for item in header.get("DimensionIndexSequence") or []
    ]
    return [
        (f"dimension {n}", str(value))
        for n, (value, pointer) in enumerate(zip(values, pointers, strict=False), 1)
        if pointer not in _POSITION_POINTERS
    ]


def _made(
    key: int,
    header: Dataset,
    place: Dataset,
    turn: Dataset,
    measures: Dataset,
    marks: list[tuple[str, str]],
    *,
    placed: bool = True,
) -> Slice:
    position = _of((place, header), "ImagePositionPatient", 3)
    flat = _of((turn, header), "ImageOrientationPatient", 6)
    frame = None if flat is None else unit_frame(flat)
    distances = [
        abs(number(item, keyword))
        for keyword in ("SpacingBetweenSlices", "SliceThickness")
        for item in (measures, header)
    ]
    return Slice(
        key=key,
        shape=(integer(header, "Rows"), integer(header, "Columns")),
        sizes=pixel_spacing(measures if "PixelSpacing" in measures else header, []),
        position=position if placed else None,
        frame=frame if placed else None,
        thickness=next(filter(None, distances), 0.0),
        marks=tuple((name, value) for name, value in marks if value),
    )


def _of(items: tuple[Dataset, ...], keyword: str, count: int) -> np.ndarray | None:
    """Return numbers from the first of some items that has them."""
    found = (numbers(item, keyword, count) for item in items)
    return next((values for values in found if values is not None), None)


def _mark(header: Dataset, keyword: str) -> str:
    """Return what may tell a slice from others at its place, in words that can be shown."""
    if keyword in _TIMES:
        second = second_of(str(header.get(keyword) or ""))
        return "" if second is None else repr(second)
    return _text(header.get(keyword))


def _text(value: object) -> str:
    """Return a header value as short text; only numbers and codes of the standard come here."""
    if value is None or isinstance(value, bytes):
        return ""
    parts = [value] if isinstance(value, (str, int, float)) else value
    try:
        return "/".join(str(part) for part in parts)[:80]  # type: ignore[attr-defined]
    except TypeError:
        return str(value)[:80]


def items_of(group: Dataset) -> list[Dataset]:
    """Return the items of all functional groups of a frame."""
    return [item for element in group if element.VR == "SQ" for item in element.value]


def _group(groups: tuple[Dataset, Dataset], keyword: str) -> Dataset:
    """Return a functional group of a frame, else the one all frames share."""
    found = next((items for group in groups if (items := group.get(keyword))), None)
    return found[0] if found else Dataset()
