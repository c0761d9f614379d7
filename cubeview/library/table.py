"""The simple table of labels that anyone can type: one line a case, its class and its files.

Hearts: ``case,class,rest,stress``. Sky windows: ``file,class,ra,dec,spectral`` with an optional
``size`` in voxels and an optional ``case``. A header line is required, further columns are
passed over; cells are parted by commas or tabs, and paths are relative to the table.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cubeview.cubes.case import Case
from cubeview.cubes.region import window_at
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.io import open_paths

_WINDOW_SIZE = 32


@dataclass(frozen=True)
class TableRow:
    """One line of a table.

    Parameters
    ----------
    line : int
        Line number in the table, the header being 1.
    name : str
    class_name : str
    files : mapping of role to Path
    place : tuple of three float, or None
        Sky windows: spectral (in the cube's own unit), Dec and RA (degrees).
    size : int
        Sky windows: voxels along each axis.
    group : str
        What must not be split between folds: the patient (case name) or the field (file).
    """

    line: int
    name: str
    class_name: str
    files: Mapping[str, Path]
    place: tuple[float, float, float] | None = None
    size: int = _WINDOW_SIZE
    group: str = ""


def read_table(path: Path) -> list[TableRow]:
    """Read a table of labels.

    Raises
    ------
    CubeviewError
        Naming the file, the line and what is wrong there.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            delimiter = "\t" if "\t" in stream.readline() else ","
            stream.seek(0)
            table = csv.DictReader(stream, delimiter=delimiter, skipinitialspace=True)
            header = list(table.fieldnames or [])
            lines = [(table.line_num, line) for line in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CubeviewError(f"{path}: cannot be read as a table ({error}).") from error
    columns = {name.strip().lower() for name in header}
    hearts = "class" in columns and bool(columns & {"rest", "stress"})
    sky = {"class", "file", "ra", "dec", "spectral"} <= columns
    if not hearts and not sky:
        raise CubeviewError(
            f"{path}: the first line must name the columns, case,class,rest,stress for hearts or "
            f"file,class,ra,dec,spectral for sky windows; it has {', '.join(header) or 'nothing'}."
        )
    read = _heart_row if hearts else _sky_row
    rows = []
    for number, line in lines:
        cells = {(key or "").strip().lower(): (value or "").strip() for key, value in line.items()
                 if isinstance(value, str) or value is None}  # fmt: skip
        if not any(cells.values()):
            continue
        try:
            rows.append(read(number, cells, path.parent))
        except ValueError as error:
            raise CubeviewError(f"{path}, line {number}: {error}") from error
    if not rows:
        raise CubeviewError(f"{path}: the table has a header but no cases.")
    return rows


def open_row(row: TableRow, *, report: Report = nothing) -> Case:
    """Open the files of a row as one case, with the roles and the window the table gives.

    Raises
    ------
    CubeviewError
        If a file is missing or refused, or the place lies outside the cube.
    """
    cubes = {}
    for role, path in row.files.items():
        opened = open_paths([path], report=report)
        if not opened.cases:
            reason = opened.refusals[0].reason if opened.refusals else f"{path}: nothing to open."
            raise CubeviewError(f"line {row.line}: {reason}")
        cubes[role] = opened.cases[0].main
    main = next(iter(cubes.values()))
    case = Case(row.name, main.kind, cubes, evidence=("roles given by the table",))
    if row.place is None:
        return case
    z, y, x = (round(value) for value in main.index(*row.place))
    if not all(0 <= i < n for i, n in zip((z, y, x), main.shape, strict=True)):
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
        size = int(cells.get("size") or _WINDOW_SIZE)
    except ValueError as error:
        raise ValueError("ra, dec, spectral and size must be plain numbers.") from error
    name = cells.get("case") or f"{Path(cells['file']).stem}-{line}"
    files = {"flux": folder / cells["file"]}
    return TableRow(line, name, _class(cells), files, place, size, group=cells["file"])


def _class(cells: dict[str, str]) -> str:
    if not cells.get("class"):
        raise ValueError("no class is given.")
    return cells["class"]
