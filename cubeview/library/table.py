"""The simple table of labels that anyone can type: one line a case, its class and its files.

Hearts: ``case,class,rest,stress``. Sky windows: ``file,class,ra,dec,spectral`` with an optional
``size`` in voxels, ``size_spectral``, ``size_dec`` and ``size_ra`` where the axes differ, and an
optional ``case``. A header line is required, further columns are passed over; cells are parted by
commas, semicolons or tabs, and paths are relative to the table.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cubeview.cubes.case import Case
from cubeview.cubes.region import window_at
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.io import open_paths
from cubeview.library.text import csv_lines, read_text

_WINDOW_SIZE = 32
_SIZES = ("size_spectral", "size_dec", "size_ra")
_NUMBERS = {"ra", "dec", "spectral"}


@dataclass(frozen=True)
class TableRow:
    """One line of a table."""

    line: int  # its number in the table, the header being 1
    name: str
    class_name: str
    files: Mapping[str, Path]
    place: tuple[float, float, float] | None = None  # spectral (own unit), Dec and RA (degrees)
    size: tuple[int, int, int] = (_WINDOW_SIZE,) * 3  # voxels along these
    group: str = ""  # what folds must not split: the patient (case name) or the field (file)


def read_table(path: Path) -> list[TableRow]:
    """Read a table of labels; CubeviewError names the file, the line and what is wrong there."""
    header, lines, delimiter = csv_lines(path, read_text(path))
    columns = {name.strip().lower() for name in header}
    hearts = "class" in columns and bool(columns & {"rest", "stress"})
    sky = {"class", "file", "ra", "dec", "spectral"} <= columns
    if "identity" in columns:
        raise CubeviewError(
            f"{path}: labels written by CubeView say nothing of where the scans lie. Give the "
            "library itself, or a table case,class,rest,stress."
        )
    if not hearts and not sky:
        raise CubeviewError(
            f"{path}: the first line must name the columns, case,class,rest,stress for hearts or "
            f"file,class,ra,dec,spectral for sky windows; it has {', '.join(header) or 'nothing'}."
        )
    read = _heart_row if hearts else _sky_row
    rows = []
    for number, line in lines:
        cells = {name.strip().lower(): text.strip() for name, text in line.items()}
        if not any(cells.values()):
            continue
        if delimiter == ";":
            # Where spreadsheets part cells by semicolons, they write 1,5 for one and a half.
            cells |= {name: cells[name].replace(",", ".") for name in cells.keys() & _NUMBERS}
        try:
            rows.append(read(number, cells, path.parent))
        except ValueError as error:
            raise CubeviewError(f"{path}, line {number}: {error}") from error
    if not rows:
        raise CubeviewError(f"{path}: the table has a header but no cases.")
    return rows


def open_row(row: TableRow, *, report: Report = nothing) -> Case:
    """Open the files of a row as one case, with the roles and the window the table gives.

    Raises CubeviewError if a file is missing or refused, or the place lies outside the cube.
    """
    cubes = {}
    for role, path in row.files.items():
        opened = open_paths([path], report=report)
        if not opened.cases:
            reason = opened.refusals[0].reason if opened.refusals else f"{path}: nothing to open."
            raise CubeviewError(f"line {row.line}: {reason}")
        case = opened.cases[0]
        if row.place is None and (len(opened.cases) > 1 or len(case.cubes) > 1):
            raise CubeviewError(
                f"line {row.line}: {path.name} holds several scans; name the file of one."
            )
        cubes[role] = case.main
    main = next(iter(cubes.values()))
    case = Case(row.name, main.kind, cubes, evidence=("roles given by the table",))
    if row.place is None:
        return case
    z, y, x = main.index(*row.place)
    if not all(-0.5 <= i <= n - 0.5 for i, n in zip((z, y, x), main.shape, strict=True)):
        raise CubeviewError(
            f"line {row.line}: the place lies outside {row.files['flux'].name}; "
            "check ra, dec (degrees) and spectral (in the cube's own unit)."
        )
    return replace(case, window=window_at(main, z, y, x, row.size))


def _heart_row(line: int, cells: dict[str, str], folder: Path) -> TableRow:
    files = {role: folder / cells[role] for role in ("stress", "rest") if cells.get(role)}
    if not files:
        raise ValueError("neither rest nor stress is given.")
    name = cells.get("case") or cells.get("id") or next(iter(files.values())).stem
    return TableRow(line, name, _class(cells), files, group=name)


def _sky_row(line: int, cells: dict[str, str], folder: Path) -> TableRow:
    if not cells["file"]:
        raise ValueError("no file is given.")
    try:
        place = (float(cells["spectral"]), float(cells["dec"]), float(cells["ra"]))
        usual = cells.get("size") or _WINDOW_SIZE
        z, y, x = (int(cells.get(name) or usual) for name in _SIZES)
        if not all(map(math.isfinite, place)) or min(z, y, x) < 1:
            raise ValueError
    except ValueError as error:
        raise ValueError(
            "ra, dec, spectral and size must be plain numbers, a size at least 1."
        ) from error
    name = cells.get("case") or f"{Path(cells['file']).stem}-{line}"
    files = {"flux": folder / cells["file"]}
    return TableRow(line, name, _class(cells), files, place, (z, y, x), group=cells["file"])


def _class(cells: dict[str, str]) -> str:
    if not cells.get("class"):
        raise ValueError("no class is given.")
    return cells["class"]
