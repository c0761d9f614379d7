"""A report of one heart as a folder of files that other systems open."""

import os
import shutil
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from cubeview.errors import CubeviewError, Report, nothing, refusing
from cubeview.io.export.maps import write_map, write_nifti, write_wall
from cubeview.io.export.page import write_capture, write_pdf
from cubeview.io.export.structured import write_structured
from cubeview.io.export.told import Told

_NO_DICOM = (
    "the scans are no DICOM files, which is what a structured report, maps and masks in DICOM and "
    "a page for the archive refer to: the page as PDF and the maps as NIfTI were written"
)
_NO_HIGHDICOM = (
    "this Python has no highdicom, which writes reports, maps, masks and pages as DICOM: "
    "the page as PDF and the maps as NIfTI were written"
)
_NO_PLACE = (
    "the {role} scan has no place in the patient: its map and mask were not written as DICOM"
)


def write_report(told: Told, folder: Path, *, report: Report = nothing) -> list[str]:
    """Write a report into a new folder: all of it, or nothing.

    ``report.dcm`` (structured report), ``page.dcm`` (secondary capture), ``report.pdf``, and for
    each scan ``<role>_map.dcm`` (parametric map), ``<role>_wall.dcm`` (segmentation) and the scan,
    the map and the mask as ``.nii.gz``.

    Parameters
    ----------
    told : Told
    folder : Path
        Must not be there yet.
    report : callable
        Called per file; may raise Cancelled.

    Returns
    -------
    list of str
        What could not be written and why, in words.

    Raises
    ------
    CubeviewError
        If the folder is there, the scans are not of one patient, or a file cannot be written.
    """
    if told.case.apart:
        raise CubeviewError(
            f"{told.case.name}: {told.case.apart} A report is of one patient: report each alone."
        )
    refuse_existing(folder)
    steps, said = _steps(told)
    part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    try:
        with refusing(folder, "cannot be made", "Choose another folder."):
            part.mkdir(parents=True)
        for number, (name, write) in enumerate(steps.items()):
            report(number / len(steps), f"writing {name}")
            write(part / name)
        with refusing(folder, "cannot be written", "Choose another folder."):
            part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    report(1.0, "written")
    return said


def refuse_existing(folder: Path) -> None:
    """Raise CubeviewError if a folder is there or cannot be, before the work."""
    if folder.parent.exists() and not folder.parent.is_dir():
        raise CubeviewError(f"{folder.parent}: is a file, not a folder. Choose another folder.")
    if folder.exists():
        raise CubeviewError(
            f"{folder}: is there already, and a report replaces nothing. Move it away, or choose "
            "another folder with --out."
        )


def _steps(told: Told) -> tuple[dict[str, Callable[[Path], None]], list[str]]:
    """Return how each file is written, by name, and what is left out."""
    steps: dict[str, Callable[[Path], None]] = {"report.pdf": partial(write_pdf, told)}
    said = []
    able = find_spec("highdicom") is not None
    if not able:
        said.append(_NO_HIGHDICOM)
    elif set(told.headers) == set(told.case.cubes):
        steps["report.dcm"] = partial(write_structured, told)
        steps["page.dcm"] = partial(write_capture, told)
    else:
        said.append(_NO_DICOM)
    for role, cube in told.case.cubes.items():
        if cube.affine is None:
            said.append(_NO_PLACE.format(role=role))
        elif able and role in told.headers:
            steps[f"{role}_map.dcm"] = partial(write_map, told, role)
            steps[f"{role}_wall.dcm"] = partial(write_wall, told, role)
        grids = {"": cube.pixels.read(), "_map": told.whole(role), "_wall": told.masks[role]}
        for name, values in grids.items():
            text = f"CubeView {told.overlay.name}. Research only." if name else "CubeView"
            steps[f"{role}{name}.nii.gz"] = partial(write_nifti, values, cube, said=text)
    return steps, said
