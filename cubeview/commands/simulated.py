"""Simulated cases as files, with their truth beside them, that any other program opens."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from cubeview.errors import CubeviewError, Report, nothing, refusing
from cubeview.io.export.dicom import write_nm
from cubeview.io.export.fits import write_cube
from cubeview.paths import replacing
from cubeview.simulate.heart import pair as spect
from cubeview.simulate.heart.variants import VARIANTS
from cubeview.simulate.sky.field import simulate_field


def write_pairs(
    folder: Path,
    count: int,
    seed: int,
    label: str | None = None,
    *,
    variant: str | None = None,
    report: Report = nothing,
) -> list[Path]:
    """Write simulated rest/stress scans as DICOM NM, and ``cases.csv`` with their classes.

    Returns all files written. ``cases.csv`` is the simple table of labels; each ``*_truth.npz``
    holds myocardium and site of the effect of both states as bool (z, y, x). Raises CubeviewError
    if the class or the variant is unknown or a file cannot be written.

    Parameters
    ----------
    folder : Path
        Made if absent; files of the same name are replaced.
    count : int
        Number of pairs; classes take turns unless `label` is given.
    seed : int
        Pair k is drawn from (seed, k), so that a longer run begins like a shorter one.
    label : str or None
        One of `cubeview.simulate.heart.pair.CLASSES`.
    variant : str or None
        A key of `cubeview.simulate.heart.variants.VARIANTS`: hearts of another hospital.
    report : callable
    """
    if variant is not None and variant not in VARIANTS:
        raise CubeviewError(f"there is no variant {variant!r}; choose of {', '.join(VARIANTS)}.")
    params = VARIANTS[variant] if variant else None
    if label is not None and label not in spect.CLASSES:
        raise CubeviewError(f"there is no class {label!r}; choose of {', '.join(spect.CLASSES)}.")
    _make(folder)
    rows: list[dict[str, object]] = []
    written = []
    for number in range(count):
        report(number / count, f"case {number + 1} of {count}")
        name = f"sim{seed}-{number:04d}"
        drawn = label or spect.CLASSES[number % len(spect.CLASSES)]
        pair = spect.simulate_pair(drawn, np.random.default_rng((seed, number)), params)
        case = spect.to_case(pair, name)
        row: dict[str, object] = {"case": name, "class": drawn}
        for role in spect.ROLES:
            path = folder / f"{name}_{role}.dcm"
            write_nm(case.cubes[role], path, role=role, case=name)
            row[role] = path.name
            written.append(path)
        truth = folder / f"{name}_truth.npz"
        masks = {
            f"{what}_{role}": getattr(pair.truth, what)[role]
            for what in ("myocardium", "site")
            for role in spect.ROLES
        }
        with replacing(truth) as part, part.open("wb") as out:
            np.savez_compressed(out, **masks)
        rows.append(row)
        written.append(truth)
    written.append(_table(folder / "cases.csv", ("case", "class", *spect.ROLES), rows))
    return written


def write_fields(
    folder: Path,
    count: int,
    seed: int,
    *,
    shape: tuple[int, int, int] = (120, 60, 60),
    report: Report = nothing,
) -> list[Path]:
    """Write simulated sky cubes as FITS with their variance, each with a source catalogue.

    Returns all files written; ``windows.csv`` is the simple table of labelled windows of all.

    Parameters
    ----------
    folder : Path
        Made if absent; files of the same name are replaced.
    count, seed : int
        Field k has the seed ``seed + k``.
    shape : tuple of int
        Voxels along (z, y, x).
    report : callable
    """
    _make(folder)
    rows, written, columns = [], [], ("file", "class", "ra", "dec", "spectral")
    for number in range(count):
        report(number / count, f"field {number + 1} of {count}")
        field = simulate_field(seed + number, shape)
        path = folder / f"ifu{seed + number}.fits"
        write_cube(field.case.main, path)
        written.append(path)
        sources = []
        for source in field.catalogue:
            record = asdict(source)
            z, y, x = record.pop("voxel")
            sources.append({**record, "x": x, "y": y, "z": z})
            place = source.ra_deg, source.dec_deg, field.case.main.axes[0].world(z)
            rows.append(dict(zip(columns, (path.name, source.label, *place), strict=True)))
        if sources:
            written.append(_table(path.with_suffix(".csv"), tuple(sources[0]), sources))
    written.append(_table(folder / "windows.csv", columns, rows))
    return written


def _make(folder: Path) -> None:
    with refusing(folder, "the folder cannot be made", "Choose another."):
        folder.mkdir(parents=True, exist_ok=True)


def _table(path: Path, columns: Sequence[str], rows: Iterable[dict[str, object]]) -> Path:
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path
