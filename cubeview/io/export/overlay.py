"""Overlays as files: FITS for the sky, NumPy with the affine or NIfTI for hearts."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cubeview.cubes.answer import Overlay
from cubeview.cubes.cube import Box
from cubeview.errors import CubeviewError
from cubeview.io.export.fits import (
    Card,
    ascii_text,
    primary_header,
    sky_cards,
    third_cards,
    whole_file,
    write_image,
    write_table,
)
from cubeview.kinds import kind_of

_WHOLE_LIMIT = 64_000_000
"""Voxels up to which a map is written on its cube's whole grid."""


def write_overlay(overlay: Overlay, path: Path | str) -> None:
    """Write where the network looked, on the grid of the cubes it speaks of.

    ``.npz`` for hearts and volumes: for each role float32 values on the cube's whole grid (NaN
    where the map says nothing) under the role's name, the affine (voxel z, y, x to patient mm)
    under ``<role>_affine`` where it is known, and texts that say what made it. ``.fits`` for sky
    cubes: one image extension for each role, with the cube's coordinates; of a cube above 64
    million voxels only the part the map covers, at its place in the sky. ``.nii``, ``.nii.gz`` for
    all but the sky: a file for each role, which goes before the name where there are several.

    Raises CubeviewError if the name asks for a format that does not fit the case, if a file of a
    role is there already, or if it cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".npz":
        _write_npz(overlay, path)
    elif suffix in (".fits", ".fit", ".fts") and kind_of(overlay.case).map_suffix == "fits":
        _write_fits(overlay, path)
    elif path.name.lower().endswith((".nii", ".nii.gz")) and not kind_of(overlay.case).window_px:
        _write_nifti(overlay, path)
    elif kind_of(overlay.case).ventricle:
        raise CubeviewError(
            f"{path}: maps of hearts are saved as .npz or .nii.gz. Choose a name ending so."
        )
    else:
        raise CubeviewError(
            f"{path}: maps are saved as .fits or .npz. Choose a name ending in one of them."
        )


def _whole(overlay: Overlay, role: str) -> np.ndarray:
    """A map on the whole grid of its cube, NaN where it says nothing."""
    whole = np.full(overlay.case.cubes[role].shape, np.nan, dtype=np.float32)
    whole[overlay.boxes[role]] = overlay.values[role]
    return whole


def _write_nifti(overlay: Overlay, path: Path) -> None:
    from cubeview.io.export.maps import write_nifti

    roles = list(overlay.values)
    files = [path.with_name(f"{role}_{path.name}") if len(roles) > 1 else path for role in roles]
    if len(roles) > 1 and (there := next(filter(Path.exists, files), None)):
        raise CubeviewError(f"{there}: there is a file already. Choose another name.")
    said = f"{overlay.method} for {overlay.target}, {overlay.unit}".rstrip(", ")
    comment = " ".join((f"model {overlay.model}.", *overlay.case.cautions))
    for role, file in zip(roles, files, strict=True):
        cube = overlay.case.cubes[role]
        write_nifti(_whole(overlay, role), cube, file, said, comment=comment)


def _write_npz(overlay: Overlay, path: Path) -> None:
    arrays: dict[str, np.ndarray] = {}
    for role in overlay.values:
        cube = overlay.case.cubes[role]
        arrays[role] = _whole(overlay, role)
        if cube.affine is not None:
            arrays[f"{role}_affine"] = cube.affine
    made_by = {name: getattr(overlay, name) for name in ("method", "target", "model", "unit")}
    made_by |= overlay.settings
    if overlay.case.cautions:
        made_by["caution"] = " ".join(overlay.case.cautions)
    texts = {name: np.array(text) for name, text in made_by.items() if name not in arrays}
    with whole_file(path) as out:
        np.savez_compressed(out, **arrays, **texts)  # type: ignore[arg-type]


def _write_fits(overlay: Overlay, path: Path) -> None:
    history: list[Card] = [
        ("METHOD", overlay.method, "how the map was made"),
        ("TARGET", ascii_text(overlay.target), "class the map speaks for"),
        ("MODEL", ascii_text(overlay.model), "network"),
    ]
    # Eight-letter keywords cannot hold the names of settings; a comment can.
    said = ", ".join(f"{name} {text}" for name, text in overlay.settings.items())
    with whole_file(path) as out:
        out.write(primary_header(history, ascii_text(said)))
        for role, values in overlay.values.items():
            cube, box = overlay.case.cubes[role], overlay.boxes[role]
            if math.prod(cube.shape) <= _WHOLE_LIMIT:
                shape, start = cube.shape, (0, 0, 0)
                planes = _planes(values, box, cube.shape)
            else:
                z, y, x = values.shape
                shape, start = (z, y, x), (box[0].start, box[1].start, box[2].start)
                planes = iter(values)
            third, table = third_cards(cube, start[0], shape[0])
            cards = [*sky_cards(cube, start[1], start[2]), *third]
            unit: list[Card] = [("BUNIT", ascii_text(overlay.unit), "")]
            write_image(out, role.upper(), shape, planes, [*unit, *cards])
            if table is not None:
                write_table(out, table)


def _planes(values: np.ndarray, box: Box, shape: tuple[int, int, int]) -> Iterator[np.ndarray]:
    """Yield the planes of the whole grid, NaN outside the box."""
    for z in range(shape[0]):
        plane = np.full(shape[1:], np.nan, dtype=np.float32)
        if box[0].start <= z < box[0].stop:
            plane[box[1:]] = values[z - box[0].start]
        yield plane
