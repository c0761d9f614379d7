"""CT, MR and PET as volumes: series of single slices, and many frames in one enhanced file.

PS3.3 C.7.6.2 (image plane), C.8.9.4 (PET image), C.7.6.16 (multi-frame functional groups).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset

from cubeview.cubes.case import Case
from cubeview.cubes.correct_body import NO_HEART
from cubeview.cubes.cube import ArrayPixels, Cube, Note, Source
from cubeview.errors import CubeviewError, Report
from cubeview.io.corrections import instrument_name
from cubeview.io.dicom.file import (
    MAX_VALUES,
    bad_file,
    check_pixels,
    decode,
    pixel_notes,
    read_dataset,
)
from cubeview.io.dicom.identifiers import study_of, uid, whose
from cubeview.io.dicom.names import named, own_words
from cubeview.io.dicom.numbers import integer, misread
from cubeview.io.dicom.slices import items_of, slices_of_files, slices_of_frames
from cubeview.io.dicom.stack import Slice, Stack, stacks
from cubeview.io.dicom.units import Scale, parsed_unit, scale_of
from cubeview.io.dicom.what import facts, image_type
from cubeview.io.opened import Opened, Refusal

MODALITIES = {"CT": "CT", "MR": "MR", "PT": "PET"}
"""Modalities that come as volumes, and what people call them."""

MOST_VOLUMES = 12
"""Volumes of one series that become cases of their own; more are averaged."""

Loaded = tuple[np.ndarray, Scale]
"""Values of a slice, shape (rows, columns), float32, and the scale that made them."""

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


def read_series(singles: list[Single], *, report: Report) -> Opened:
    """Read the files of one series of single slices, in any order, as one case a volume.

    A slice that cannot be read is left empty and refused, the others are shown. `report` is called
    per slice and may raise Cancelled. Raises CubeviewError, naming the first file, if no slice can
    be read, or the volume is too large.
    """
    lead = singles[0].path
    with bad_file(lead):
        singles = sorted(singles, key=_number)
        there = len(singles)
        singles = _without_copies(singles)
        paths = [single.path for single in singles]
        slices = slices_of_files([single.header for single in singles])
        _check_size(slices, lead)
        found = stacks(slices)
        notes = misread(single.header for single in singles)
    if there > len(singles):
        text = f"files that hold the same slice as another one, left out: {there - len(singles)}"
        notes.append(Note("info", text))
    errors: dict[Path, CubeviewError] = {}

    def load(key: int) -> Loaded | None:
        path = paths[key]
        report(key / len(paths), f"reading {path.name}")
        try:
            header = read_dataset(path, pixels=True)
            with bad_file(path):
                scale = scale_of(header)
                return scale.values(decode(header, path)[0]).astype(np.float32), scale
        except CubeviewError as error:
            errors[path] = error
            return None

    with bad_file(lead):
        cases = _cases(found, load, singles[0].header, paths, notes)
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
        shared = next(iter(header.get("SharedFunctionalGroupsSequence") or []), Dataset())
        own = list(header.get("PerFrameFunctionalGroupsSequence") or [])
        if own and len(own) != count:
            raise CubeviewError(
                f"{path}: describes {len(own)} frames and holds {count}; the two must agree. The "
                "file is damaged; export it again."
            )
        groups = [(own[n] if own else Dataset(), shared) for n in range(count)]
        notes = misread([header, *(item for g in (*own[:1], shared) for item in items_of(g))])
        slices, guesses = slices_of_frames(header, groups)
        found = [_as_guessed(stack) if guesses else stack for stack in stacks(slices)]
        stored = decode(header, path)

    def load(key: int) -> Loaded:
        with bad_file(path):
            scale = scale_of(header, *groups[key])
            return scale.values(stored[key]).astype(np.float32), scale

    with bad_file(path):
        return _cases(found, load, header, [path] * count, [*notes, *guesses])


def _is_volume(header: Dataset) -> bool:
    return str(header.get("Modality") or "").strip().upper() in MODALITIES and "Rows" in header


def _number(single: Single) -> tuple[int, int, str]:
    header = single.header
    return integer(header, "AcquisitionNumber"), integer(header, "InstanceNumber"), single.path.name


def _without_copies(singles: list[Single]) -> list[Single]:
    """Leave out files that hold the same slice of the same picture, as discs often do.

    Their instance numbers alone say nothing: anonymisers give all files one.
    """
    alike: dict[object, list[int]] = {}
    for part in slices_of_files([single.header for single in singles]):
        header = singles[part.key].header
        number = integer(header, "InstanceNumber")
        place = number if part.position is None else tuple(part.position)
        alike.setdefault((place, part.marks), []).append(part.key)
    kept: list[int] = []
    for keys in alike.values():
        first: dict[str, int] = {}
        for n in keys:
            first.setdefault(_content(singles[n]) if len(keys) > 1 else "", n)
        # Of two files of one instance of which one is damaged, the other is the slice.
        instances = [str(singles[n].header.get("SOPInstanceUID")) for n in first.values()]
        if len(first) > 1 and "" in first and instances.count(instances[0]) == len(instances):
            del first[""]
        kept += first.values()
    return [singles[n] for n in sorted(kept)]


def _as_guessed(stack: Stack) -> Stack:
    z, y, x = stack.axes
    return replace(stack, axes=(replace(z, guessed=True), y, x))


def _content(single: Single) -> str:
    """Return a hash of the pixels of a file; empty where they cannot be read."""
    try:
        header = read_dataset(single.path, pixels=True)
        return hashlib.sha256(decode(header, single.path).tobytes()).hexdigest()
    except CubeviewError:
        return ""


def _check_size(slices: list[Slice], path: Path) -> None:
    total = sum(part.shape[0] * part.shape[1] for part in slices)
    if total > MAX_VALUES:
        raise CubeviewError(
            f"{path}: its series of {len(slices)} slices has {total:,} voxels, more than the "
            f"{MAX_VALUES:,} CubeView holds. Open a part of the series."
        )


def _cases(
    found: list[Stack], load: Load, header: FileDataset, paths: list[Path], notes: list[Note]
) -> tuple[Case, ...]:
    """Return a case for each stack, or one for the mean of very many."""
    kind = MODALITIES[str(header.get("Modality")).strip().upper()]
    first = str(header.get("SOPInstanceUID") or paths[0].name)
    seed = uid(header, "SeriesInstanceUID") or "|".join(map(str, (paths[0].parent, first)))
    name = named(own_words(header), kind, seed)
    shapes = {(len(stack.keys), *(len(axis) for axis in stack.axes)) for stack in found}
    if len(found) > MOST_VOLUMES and len(shapes) == 1 and found[0].affine is not None:
        total, scales, lost = _voxels(found[0], load)
        there = np.isfinite(total).astype(np.uint16)
        total = np.nan_to_num(total)
        for stack in found[1:]:
            more, own, also = _voxels(stack, load)
            there += np.isfinite(more)
            total += np.nan_to_num(more)
            scales += own
            lost += also
        text = f"{len(found)} volumes at the same place: their mean is shown"
        with np.errstate(invalid="ignore"):
            mean = total / np.where(there, there, np.nan)
        said = [*notes, Note("info", text)]
        keys = [key for stack in found for key in stack.keys if key is not None]
        source = _source(found[0], keys, paths)
        cube = _cube(found[0], mean, scales, lost, header, source, said)
        return (Case(name, "volume", {"flux": cube}),)
    cases = []
    for stack in found:
        values, scales, lost = _voxels(stack, load)
        if lost < sum(key is not None for key in stack.keys):
            source = _source(stack, [key for key in stack.keys if key is not None], paths)
            cube = _cube(stack, values, scales, lost, header, source, notes)
            title = f"{name} [{stack.title}]" if len(found) > 1 else name
            cases.append(Case(title, "volume", {"flux": cube}))
    return tuple(cases)


def _voxels(stack: Stack, load: Load) -> tuple[np.ndarray, list[Scale], int]:
    """Return the values of a stack, NaN in empty slices, their scales, and how many were lost."""
    z, y, x = (len(axis) for axis in stack.axes)
    values = np.full((z, y, x), np.nan, dtype=np.float32)
    scales, lost = [], 0
    for row, key in enumerate(stack.keys):
        if key is None:
            continue
        loaded = load(key)
        if loaded is None:
            lost += 1
        else:
            values[row], scale = loaded
            scales.append(scale)
    return values, scales, lost


def _source(stack: Stack, keys: list[int], paths: list[Path]) -> Source:
    first, *beside = dict.fromkeys(paths[key] for key in keys)
    return Source(first, stack.title, tuple(beside))


def _cube(
    stack: Stack,
    values: np.ndarray,
    scales: list[Scale],
    lost: int,
    header: FileDataset,
    source: Source,
    more: list[Note],
) -> Cube:
    notes = [*stack.notes, *more, *(note for scale in scales for note in scale.notes)]
    units = {scale.unit for scale in scales}
    unit = units.pop() if len(units) == 1 else ""
    if units:
        text = "its slices have different units, or some none: no unit is shown"
        notes.append(Note("info", text))
    if lost:
        notes.append(Note("info", f"damaged slices left empty: {lost}"))
    notes += pixel_notes(header)
    if str(header.get("Modality")).strip().upper() == "PT":
        notes.append(NO_HEART)
    if "MOSAIC" in image_type(header):
        notes.append(Note("info", "a mosaic: the slices lie side by side in one picture"))
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
        source=source,
        instrument=instrument_name(found.get("Camera", "")),
        whose=whose(header),
        study=study_of(header),
    )
