"""``compare-masks`` and ``segment``: where things are, and how alike two masks say it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cubeview.commands.common import Commands, add_command, add_json, progress, say
from cubeview.errors import CubeviewError

if TYPE_CHECKING:
    from cubeview.measure.masks.compare import Agreement


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(
        commands,
        "compare-masks",
        _compare,
        "how alike two masks are: overlap (Dice) and distance (HD95), also lesion by lesion",
    )
    sub.add_argument("mask", type=Path, metavar="A", help="NIfTI, FITS or DICOM SEG")
    sub.add_argument("truth", type=Path, metavar="B", help="what it is compared with")
    add_json(sub)


def _compare(options: argparse.Namespace) -> int:
    from cubeview.io.masks import read_mask
    from cubeview.measure.masks.compare import compare

    said, truth = read_mask(options.mask), read_mask(options.truth)
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


def _number(value: float | None, how: str) -> str:
    return "none" if value is None else format(value, how)
