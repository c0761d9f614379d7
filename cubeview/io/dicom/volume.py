"""CT, MR and PET as volumes: series of single slices, and many frames in one enhanced file.

PS3.3 C.7.6.2 (image plane), C.8.9.4 (PET image), C.7.6.16 (multi-frame functional groups).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset
from pydicom.tag import Tag

from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube, Note, Source
from cubeview.errors import CubeviewError, Report
from cubeview.io.corrections import instrument_name
from cubeview.io.dicom.file import (
    MAX_VALUES,
    bad_file,
    check_pixels,
    decode,
    integer,
    is_lossy,
    read_dataset,
)
from cubeview.io.dicom.geometry import number, numbers, pixel_spacing, unit_frame
from cubeview.io.dicom.identifiers import whose
from cubeview.io.dicom.stack import Slice, Stack, stacks
from cubeview.io.dicom.units import parsed_unit, scale_of
from cubeview.io.dicom.what import facts
from cubeview.io.opened import Opened, Refusal

MODALITIES = {"CT": "CT", "MR": "MR", "PT": "PET"}
"""Modalities that come as volumes, and what people call them."""

MOST_VOLUMES = 12
"""Volumes of one series that become cases of their own; more are averaged."""

_MARKS = (
    ("TemporalPositionIdentifier", "time point"),
    ("EchoNumbers", "echo"),
    ("EchoTime", "echo time"),
    ("DiffusionBValue", "b value"),
    ("TriggerTime", "trigger time"),
    ("FrameReferenceTime", "time"),
    ("AcquisitionNumber", "acquisition"),
    ("ConvolutionKernel", "kernel"),
    ("ImageType", "image type"),
)
_FRAME_MARKS = (
    ("TemporalPositionTimeOffset", "time"),
    ("EffectiveEchoTime", "echo time"),
    ("DiffusionBValue", "b value"),
    ("NominalCardiacTriggerDelayTime", "trigger time"),
    ("FrameType", "image type"),
)
_SCALES = "PixelValueTransformationSequence"
_MAPPING = "RealWorldValueMappingSequence"
_POSITION_POINTERS = {Tag(0x0020, 0x9057), Tag(0x0020, 0x0032), Tag(0x0020, 0x9111)}

Loaded = tuple[np.ndarray, str]
"""Values of a slice, shape (rows, columns), float32, and their unit."""

Load = Callable[[int], Loaded | None]
"""Reads the slice of a key; None where it is damaged."""


@dataclass(frozen=True, eq=False)
class Single:
    """The header of one file of a series, without its pixels."""

    path: Path
    header: FileDataset


def is_single_slice(header: Dataset) -> bool:
    """Tell whether a header is that of one slice of a CT, MR or PET series."""
    return _is_volume(header) and not is_enhanced(header)


def is_enhanced(header: Dataset) -> bool:
    """Tell whether a header is that of a CT, MR or PET file with many slices, however described."""
    many = "PerFrameFunctionalGroupsSequence" in header or integer(header, "NumberOfFrames") > 1
    return _is_volume(header) and many


def series_of(header: Dataset) -> str:
    """Return what the files of one series share."""
    return str(header.get("SeriesInstanceUID") or "")


def read_series(singles: list[Single], *, report: Report) -> Opened:
    """Read the files of one series of single slices, in any order, as one case a volume.

    A slice that cannot be read is left empty and refused, the others are shown. `report` is called
    per slice and may raise Cancelled. Raises CubeviewError, naming the first file, if no slice can
    be read, or the volume is too large.
    """
    lead = singles[0].path
    with bad_file(lead):
        singles = sorted(_without_copies(singles), key=_number)
        paths = [single.path for single in singles]
        slices = [_slice(n, single.header) for n, single in enumerate(singles)]
        _check_size(slices, lead)
        found = stacks(slices)
    errors: dict[Path, CubeviewError] = {}

    def load(key: int) -> Loaded | None:
        path = paths[key]
        report(key / len(paths), f"reading {path.name}")
        try:
            header = read_dataset(path, pixels=True)
            with bad_file(path):
                slope, intercept, unit = scale_of(header, _first(header, _MAPPING), header)
                stored = decode(header, path)[0]
                return (stored * slope + intercept).astype(np.float32), unit
        except CubeviewError as error:
            errors[path] = error
            return None

    with bad_file(lead):
        cases = _cases(found, load, singles[0].header, paths)
    if not cases:
        raise errors.get(lead) or next(iter(errors.values()))
    return Opened(cases, tuple(Refusal(path, str(error)) for path, error in errors.items()))


def read_enhanced(path: Path) -> tuple[Case, ...]:
    """Read a file of many frames as one case a volume.

    Raises CubeviewError if it is damaged, too large or cannot be decoded.
    """
    header = read_dataset(path, pixels=True)
    with bad_file(path):
        check_pixels(header, path)
        count = integer(header, "NumberOfFrames", 1)
        shared = _first(header, "SharedFunctionalGroupsSequence")
        own = list(header.get("PerFrameFunctionalGroupsSequence") or [])
        if own and len(own) != count:
            raise CubeviewError(
                f"{path}: describes {len(own)} frames and holds {count}; the two must agree. The "
                "file is damaged; export it again."
            )
        groups = [(own[n] if own else Dataset(), shared) for n in range(count)]
        slices = [_frame_slice(n, pair, header) for n, pair in enumerate(groups)]
        found = stacks(slices)
        stored = decode(header, path)

    def load(key: int) -> Loaded:
        with bad_file(path):
            slope, intercept, unit = scale_of(
                _group(groups[key], _SCALES), _group(groups[key], _MAPPING), header
            )
            return (stored[key] * slope + intercept).astype(np.float32), unit

    with bad_file(path):
        return _cases(found, load, header, [path] * count)


def _is_volume(header: Dataset) -> bool:
    return str(header.get("Modality") or "").strip().upper() in MODALITIES and "Rows" in header


def _number(single: Single) -> tuple[int, int, str]:
    header = single.header
    return integer(header, "AcquisitionNumber"), integer(header, "InstanceNumber"), single.path.name


def _without_copies(singles: list[Single]) -> list[Single]:
    """Leave out files of the same instance, which a disc often holds twice."""
    kept: dict[str, Single] = {}
    for single in singles:
        kept.setdefault(str(single.header.get("SOPInstanceUID") or single.path), single)
    return list(kept.values())


def _check_size(slices: list[Slice], path: Path) -> None:
    total = sum(part.shape[0] * part.shape[1] for part in slices)
    if total > MAX_VALUES:
        raise CubeviewError(
            f"{path}: its series of {len(slices)} slices has {total:,} voxels, more than the "
            f"{MAX_VALUES:,} CubeView holds. Open a part of the series."
        )


def _slice(key: int, header: Dataset) -> Slice:
    marks = [(name, _text(header.get(keyword))) for keyword, name in _MARKS]
    mosaic = "MOSAIC" in _text(header.get("ImageType")).upper()
    return _made(key, header, header, header, marks, placed=not mosaic)


def _frame_slice(key: int, groups: tuple[Dataset, Dataset], header: Dataset) -> Slice:
    content = _group(groups, "FrameContentSequence")
    marks = [("stack", _text(content.get("StackID")))]
    marks += _dimension_marks(header, content)
    for keyword, name in _FRAME_MARKS:
        for group in groups:
            found = [item for e in group if e.VR == "SQ" for item in e.value if keyword in item]
            if found:
                marks.append((name, _text(found[0].get(keyword))))
                break
    return _made(
        key,
        header,
        _group(groups, "PlanePositionSequence"),
        _group(groups, "PlaneOrientationSequence"),
        marks,
        measures=_group(groups, "PixelMeasuresSequence"),
    )


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
    marks: list[tuple[str, str]],
    *,
    measures: Dataset | None = None,
    placed: bool = True,
) -> Slice:
    measures = header if measures is None else measures
    position = numbers(place.get("ImagePositionPatient"), 3)
    flat = numbers(turn.get("ImageOrientationPatient"), 6)
    frame = None if flat is None else unit_frame(flat)
    thickness = abs(number(measures, "SpacingBetweenSlices") or number(measures, "SliceThickness"))
    return Slice(
        key=key,
        shape=(integer(header, "Rows"), integer(header, "Columns")),
        sizes=pixel_spacing(measures, []),
        position=position if placed else None,
        frame=frame if placed else None,
        thickness=thickness,
        marks=tuple((name, value) for name, value in marks if value),
    )


def _text(value: object) -> str:
    """Return a header value as short text; only numbers and codes of the standard come here."""
    if value is None or isinstance(value, bytes):
        return ""
    parts = [value] if isinstance(value, (str, int, float)) else value
    try:
        return "/".join(str(part) for part in parts)[:80]  # type: ignore[attr-defined]
    except TypeError:
        return str(value)[:80]


def _first(item: Dataset, keyword: str) -> Dataset:
    found = item.get(keyword)
    return found[0] if found else Dataset()


def _group(groups: tuple[Dataset, Dataset], keyword: str) -> Dataset:
    """Return a functional group of a frame, else the one all frames share."""
    own, shared = groups
    return _first(own if own.get(keyword) else shared, keyword)


def _cases(
    found: list[Stack], load: Load, header: FileDataset, paths: list[Path]
) -> tuple[Case, ...]:
    """Return a case for each stack, or one for the mean of very many."""
    kind = MODALITIES[str(header.get("Modality")).strip().upper()]
    seed = series_of(header) or str(header.get("SOPInstanceUID") or paths[0].name)
    name = f"{kind} {hashlib.sha256(seed.encode()).hexdigest()[:4].upper()}"
    shapes = {(len(stack.keys), *(len(axis) for axis in stack.axes)) for stack in found}
    if len(found) > MOST_VOLUMES and len(shapes) == 1 and found[0].affine is not None:
        values, unit, lost = _voxels(found[0], load)
        for stack in found[1:]:
            more, _, also = _voxels(stack, load)
            values += more
            lost += also
        text = f"{len(found)} volumes at the same place: their mean is shown"
        cube = _cube(found[0], values / len(found), unit, lost, header, paths)
        notes = (*cube.notes, Note("info", text))
        return (Case(name, "volume", {"flux": replace(cube, notes=notes)}),)
    cases = []
    for stack in found:
        values, unit, lost = _voxels(stack, load)
        if lost < sum(key is not None for key in stack.keys):
            cube = _cube(stack, values, unit, lost, header, paths)
            title = f"{name} [{stack.title}]" if len(found) > 1 else name
            cases.append(Case(title, "volume", {"flux": cube}))
    return tuple(cases)


def _voxels(stack: Stack, load: Load) -> tuple[np.ndarray, str, int]:
    """Return the values of a stack, NaN in empty slices, their unit, and how many were lost."""
    z, y, x = (len(axis) for axis in stack.axes)
    values = np.full((z, y, x), np.nan, dtype=np.float32)
    unit, lost = "", 0
    for row, key in enumerate(stack.keys):
        if key is None:
            continue
        loaded = load(key)
        if loaded is None:
            lost += 1
        else:
            values[row], unit = loaded
    return values, unit, lost


def _cube(
    stack: Stack, values: np.ndarray, unit: str, lost: int, header: FileDataset, paths: list[Path]
) -> Cube:
    notes = list(stack.notes)
    if lost:
        notes.append(Note("info", f"damaged slices left empty: {lost}"))
    if is_lossy(header):
        notes.append(Note("info", "compressed with loss on the way: values are approximate"))
    if "MOSAIC" in _text(header.get("ImageType")).upper():
        notes.append(Note("info", "a mosaic: the slices lie side by side in one picture"))
    first = next(key for key in stack.keys if key is not None)
    found = {"Modality": MODALITIES[str(header.get("Modality")).strip().upper()], **facts(header)}
    return Cube(
        axes=stack.axes,
        pixels=ArrayPixels(values),
        kind="volume",
        unit=unit,
        quantity_unit=parsed_unit(unit),
        affine=stack.affine,
        view=stack.view,
        facts=found,
        notes=tuple(dict.fromkeys(notes)),
        source=Source(paths[first], stack.title),
        instrument=instrument_name(found.get("Camera", "")),
        whose=whose(header),
    )
