"""``compare-masks`` and ``segment``: where things are, and how alike two masks say it."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cubeview.commands.common import (
    Commands,
    add_command,
    add_json,
    add_states,
    judged_cases,
    placed_ventricles,
    progress,
    public_name,
    say,
    source_hash,
)
from cubeview.errors import CubeviewError
from cubeview.kinds import kind_of

if TYPE_CHECKING:
    from cubeview.cubes.case import Case
    from cubeview.cubes.mask import Mask, MaskLabel
    from cubeview.measure.masks.compare import Agreement
    from cubeview.measure.masks.measured import Held, LabelHeld
    from cubeview.measure.masks.sources import Sources

METHODS = {
    "wall": "the left ventricle's, by counts near the fitted one",
    "sources": "lines of sky cubes by smoothing and clipping",
    "random-walker": "grown from painted strokes",
}
BESIDE = 255
"""Number of the label that is painted outside of things."""


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(
        commands,
        "compare-masks",
        _compare,
        "how alike two masks are: overlap (Dice) and distance (HD95), also lesion by lesion",
    )
    sub.add_argument("mask", type=Path, metavar="A", help="NIfTI, FITS, DICOM SEG or RTSTRUCT")
    sub.add_argument("truth", type=Path, metavar="B", help="what it is compared with")
    add_json(sub)

    sub = add_command(
        commands, "segment", _segment, "which voxels are what, by a method without a network"
    )
    add_states(sub)
    sub.add_argument(
        "--method", required=True, choices=list(METHODS), help="; ".join(
            f"{name}: {text}" for name, text in METHODS.items()
        ),
    )  # fmt: skip
    sub.add_argument(
        "--out", type=Path, required=True, metavar="FILE",
        help="mask: .nii.gz, .nii, .fits, or .dcm (DICOM SEG); of a pair its role goes before it",
    )  # fmt: skip
    sub.add_argument(
        "--catalogue", type=Path, metavar="FILE",
        help="where each piece lies and what it holds: .ecsv, .vot, .fits or .csv",
    )  # fmt: skip
    sub.add_argument(
        "--threshold", type=float, metavar="SIGMA", help="sources: how far above noise (4.5)"
    )
    sub.add_argument(
        "--strokes", type=Path, metavar="FILE",
        help=f"random-walker: a mask painted inside things; what is painted as label {BESIDE} lies "
        "outside",
    )  # fmt: skip
    add_json(sub)


def _compare(options: argparse.Namespace) -> int:
    from cubeview.io.masks import read_mask
    from cubeview.measure.masks.compare import compare

    truth = read_mask(options.truth)
    said = read_mask(options.mask, truth.cube)
    try:
        found = compare(said, truth, report=progress())
    except CubeviewError as error:
        raise CubeviewError(f"{options.mask} and {options.truth}: {error}") from error
    unit, volume_unit = found.unit, found.volume_unit
    lines = []
    for one in (*found.labels, found.whole):
        lines.append(
            f"{one.label.name}: Dice {_number(one.dice, '.3f')}, "
            f"HD95 {_number(one.hd95, '.1f')} {unit}, "
            f"{one.volumes[0]:.4g} against {one.volumes[1]:.4g} {volume_unit}"
        )
        each = one.lesions
        lines.append(
            f"  lesion by lesion: Dice {_number(each.dice, '.3f')}, "
            f"HD95 {_number(each.hd95, '.1f')} {unit}; {each.found} found, {each.missed} missed, "
            f"{each.invented} invented"
        )
    lines += [f"  note: {note}" for note in found.notes]
    record = {
        "mask": str(options.mask),
        "truth": str(options.truth),
        "unit": unit,
        "volume_unit": volume_unit,
        "labels": [_record(one) for one in found.labels],
        "all": _record(found.whole),
        "notes": list(found.notes),
    }
    say(options, record, *lines)
    return 0


def _record(one: "Agreement") -> dict[str, Any]:
    return {
        "number": one.label.number,
        "name": one.label.name,
        "voxels": list(one.voxels),
        "volumes": [round(volume, 4) for volume in one.volumes],
        "dice": one.dice,
        "hd95": one.hd95,
        "lesions": {
            "dice": one.lesions.dice,
            "hd95": one.lesions.hd95,
            "found": one.lesions.found,
            "missed": one.lesions.missed,
            "invented": one.lesions.invented,
        },
    }


@dataclass(frozen=True)
class _Made:
    """A mask, how it was made, and of sources what was measured beyond their masks."""

    mask: "Mask"
    words: tuple[str, ...]
    sources: "Sources | None" = None


def _segment(options: argparse.Namespace) -> int:
    from cubeview.io.export.components import refuse_table, write_components
    from cubeview.io.export.masks import refuse_mask, write_mask
    from cubeview.measure.masks.measured import measured

    cases, status = judged_cases(options)
    if len(cases) != 1:
        raise CubeviewError(f"segment takes one case, these paths hold {len(cases)}: name one.")
    case = cases[0]
    _check_options(options, case)
    files = {role: _of_role(options.out, role, case) for role in case.roles}
    tables = {role: _of_role(options.catalogue, role, case) for role in case.roles}
    for role in case.roles:
        refuse_mask(files[role])
        if tables[role] is not None:
            refuse_table(tables[role])
    records: list[dict[str, Any]] = []
    lines: list[str] = []
    for role, made in _made(options, case).items():
        digest = source_hash(case)
        history = (f"source SHA-256 {digest}", *made.words)
        write_mask(made.mask, files[role], history, _header_of(case, role, files[role]))
        found = measured(made.mask, report=progress())
        labels = [_held_record(one, made) for one in found]
        if tables[role] is not None:
            rows = [_piece(*pair, made) for one in found for pair in _pieces(one, made)]
            write_components(rows, made.mask.cube, tables[role], history)
        records.append({
            "role": role, "file": str(files[role]),
            "catalogue": None if tables[role] is None else str(tables[role]),
            "labels": labels, "notes": [*made.words, *made.mask.notes],
        })  # fmt: skip
        lines.append(f"{files[role]}: {len([one for one in found if one.whole])} labels")
        lines += [_held_line(one) for one in labels]
        lines += [f"  note: {text}" for text in records[-1]["notes"]]
        if not made.mask.values.any():
            lines.append("  nothing was found: the mask is empty")
    record = {"case": public_name(case), "method": options.method, "masks": records}
    say(options, record, *lines)
    return status


def _check_options(options: argparse.Namespace, case: "Case") -> None:
    """Raise CubeviewError if a method does not suit a case, or lacks what it needs."""
    kind = kind_of(case)
    if options.method == "wall" and not kind.ventricle:
        raise CubeviewError(f"{case.name}: the wall is that of a heart; this is {kind.one}.")
    if options.method == "sources" and not kind.window_px:
        raise CubeviewError(f"{case.name}: sources are of sky cubes; this is {kind.one}.")
    if (options.strokes is None) == (options.method == "random-walker"):
        raise CubeviewError("--strokes FILE goes with --method random-walker, which needs it.")
    if options.threshold is not None:
        if options.method != "sources":
            raise CubeviewError("--threshold goes with --method sources.")
        if not 3.0 <= options.threshold <= 20.0:
            raise CubeviewError("--threshold takes 3 to 20 sigma; 3.5 to 5 is usual.")


def _made(options: argparse.Namespace, case: "Case") -> dict[str, _Made]:
    """Return a mask of each role that has one."""
    if options.method == "wall":
        from cubeview.learn.heart.prepare import ventricles_of
        from cubeview.measure.heart.measured import DOUBTED, measurable
        from cubeview.measure.masks.wall import wall

        found = ventricles_of(case, measurable(case), placed_ventricles(case))
        made = {}
        for role, ventricle in found.items():
            words = ["wall by counts within the fitted ventricle"]
            if ventricle.doubt > DOUBTED:
                words.append(f"the ventricle of {role} is doubtful: {ventricle.reason}")
            made[role] = _Made(wall(case.cubes[role], ventricle), tuple(words))
        return made
    role = case.roles[0]
    if options.method == "sources":
        from cubeview.measure.masks.sources import THRESHOLD, find_sources

        sources = find_sources(
            case.main, threshold=options.threshold or THRESHOLD, report=progress()
        )
        said = (*sources.notes, f"{sources.doubted} finds set aside as like noise")
        return {role: _Made(sources.mask, said, sources)}
    return {role: _walked(options.strokes, case)}


def _walked(path: Path, case: "Case") -> _Made:
    import numpy as np

    from cubeview.cubes.mask import Mask, laid_on
    from cubeview.io.masks import read_mask
    from cubeview.measure.masks.scribble import OUTSIDE, UNKNOWN, room_of, spread

    try:
        painted = laid_on(read_mask(path, case.main), case.main)
    except CubeviewError as error:
        raise CubeviewError(f"{path}: {error}".replace(f"{path}: {path}: ", f"{path}: ")) from error
    strokes = painted.values.astype(np.int32)
    strokes[painted.values == 0] = UNKNOWN
    strokes[painted.values == BESIDE] = OUTSIDE
    box = room_of(strokes)
    values = np.zeros(case.main.shape, np.uint16)
    values[box] = spread(case.main.box(box), strokes[box], report=progress())
    labels = tuple(label for label in painted.labels if label.number != BESIDE)
    return _Made(Mask(values, labels, case.main), ("random walker from painted strokes",))


def _of_role(path: Any, role: str, case: "Case") -> Any:
    """Return the name of a file of one role: a pair has two."""
    if path is None or len(case.roles) == 1:
        return path
    return path.with_name(f"{role}_{path.name}")


def _header_of(case: "Case", role: str, path: Path) -> Any:
    """Return the header a DICOM Segmentation refers to, where one is to be written."""
    from cubeview.io.export.told import referred_header
    from cubeview.io.masks import is_dicom

    source = case.cubes[role].source
    if path.suffix.lower() != ".dcm" or source is None or source.beside:
        return None
    return referred_header(source.path) if is_dicom(source.path) else None


def _pieces(one: "LabelHeld", made: _Made) -> list[tuple["MaskLabel", "Held"]]:
    """Return the rows of a catalogue: a source is one, whatever pieces its mask falls into."""
    held = one.pieces if made.sources is None else (one.whole,)
    return [(one.label, piece) for piece in held if piece is not None]


def _piece(label: "MaskLabel", held: "Held", made: _Made) -> dict[str, Any]:
    total, error, sure = held.total, held.error, None
    if made.sources is not None:
        total, error, sure = _of_source(label.number, made)
    row = {
        "number": label.number, "name": label.name, "voxels": held.voxels, "volume_ml": held.volume,
        "total": total, "error": error, "unit": held.unit, "mean": held.mean,
        "peak_sn": held.peak_sn, "z": held.voxel[0], "y": held.voxel[1], "x": held.voxel[2],
        "axis 0": held.world[0], "axis 1": held.world[1], "axis 2": held.world[2],
    }  # fmt: skip
    return row if sure is None else {**row, "reliability": sure}


def _of_source(number: int, made: _Made) -> tuple[float, float | None, float]:
    """Return flux, error and reliability of a source."""
    import math

    from cubeview.measure.masks.measured import sum_unit

    assert made.sources is not None
    factor, _ = sum_unit(made.mask.cube)
    error = made.sources.errors[number - 1] * factor
    return (
        made.sources.fluxes[number - 1] * factor,
        None if math.isnan(error) else error,
        made.sources.reliability[number - 1],
    )


def _held_record(one: "LabelHeld", made: _Made) -> dict[str, Any]:
    if one.whole is None:
        return {"number": one.label.number, "name": one.label.name, "voxels": 0, "components": 0}
    row = _piece(one.label, one.whole, made)
    world = [row.pop(f"axis {axis}") for axis in range(3)]
    axes = [axis.name for axis in made.mask.cube.axes]
    return {**row, "place": dict(zip(axes, world, strict=True)), "components": one.count}


def _held_line(row: dict[str, Any]) -> str:
    if not row["voxels"]:
        return f"  {row['name']}: empty"
    parts = [f"{row['voxels']:,} voxels in {row['components']} pieces"]
    if row["volume_ml"] is not None:
        parts.append(f"{row['volume_ml']:.1f} ml")
    if row["total"] is not None and row["volume_ml"] is None:
        error = "" if row["error"] is None else f" ± {row['error']:.2g}"
        parts.append(f"{row['total']:.5g}{error} {row['unit']}".rstrip())
    if row["peak_sn"] is not None:
        parts.append(f"peak S/N {row['peak_sn']:.1f}")
    if "reliability" in row:
        parts.append(f"reliability {row['reliability']:.2f}")
    return f"  {row['name']}: {', '.join(parts)}"


def _number(value: float | None, how: str) -> str:
    return "none" if value is None else format(value, how)
