"""Tables of any length written row by row: ECSV, CSV, VOTable and Parquet."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from astropy.table import Column as Field
from astropy.table import Table

from cubeview.errors import CubeviewError, refusing
from cubeview.paths import replacing

Values = Mapping[str, Any]
_ADVICE = "Choose another folder, or free some space."


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name : str
    kind : {"text", "float", "int", "bool"}
    unit : str
        As astropy reads it.
    about : str
    ucd : str
        The word of the Virtual Observatory for it, UCD1+.
    """

    name: str
    kind: str = "float"
    unit: str = ""
    about: str = ""
    ucd: str = ""


_TYPES: Mapping[str, Any] = {"text": str, "float": np.float64, "int": np.int64, "bool": np.bool_}
_BATCH = 10_000


def check_table(path: Path) -> None:
    """Raise CubeviewError if a table cannot be written under this name."""
    if path.suffix.lower() not in _WRITERS:
        raise CubeviewError(
            f"{path}: catalogues are saved as .ecsv, .csv, .vot or .parquet. Choose a name ending "
            "so."
        )
    if path.suffix.lower() == ".parquet":
        _parquet()


def write_rows(
    path: Path, columns: Sequence[Column], meta: Mapping[str, str], rows: Iterable[Values]
) -> None:
    """Write a table, whole or not at all; the name's ending says how.

    What a row has no value for stays empty; in a column of numbers it is NaN, or masked.

    Parameters
    ----------
    path : Path
        ``.ecsv``, ``.csv``, ``.vot`` or ``.xml``, ``.parquet``.
    columns : sequence of Column
    meta : mapping of str to str
        What made it. CSV has it in lines that begin with ``#``.
    rows : iterable of mapping
        Values by name of column; read once, never held together.

    Raises
    ------
    CubeviewError
        If the ending is none of these, a library is missing, or the file cannot be written.
    """
    check_table(path)
    with refusing(path, "cannot be written", _ADVICE), replacing(path) as part:
        _WRITERS[path.suffix.lower()](part, columns, meta, rows)


def _empty(columns: Sequence[Column], meta: Mapping[str, str]) -> Table:
    """Return the table without its rows, as astropy knows it."""
    table = Table(meta=dict(meta))
    for column in columns:
        table[column.name] = Field(
            np.zeros(0, _TYPES[column.kind]), unit=column.unit or None, description=column.about
        )
        if column.ucd:
            table[column.name].meta["ucd"] = column.ucd
    return table


def _cells(columns: Sequence[Column], rows: Iterable[Values]) -> Iterator[list[str]]:
    """Yield each row as text; repr of a float comes back as the same one."""
    for row in rows:
        yield [_text(row.get(column.name), column.kind) for column in columns]


def _text(value: Any, kind: str) -> str:
    if value is None:
        return "nan" if kind == "float" else ""
    if kind == "float":
        return repr(float(value))
    # A line break within a field is legal, and no program's friend.
    return " ".join(str(value).split()) if kind == "text" else str(value)


def _write_ecsv(
    path: Path, columns: Sequence[Column], meta: Mapping[str, str], rows: Iterable[Values]
) -> None:
    head = io.StringIO()
    _empty(columns, meta).write(head, format="ascii.ecsv", delimiter=",")
    _write_text(path, head.getvalue(), columns, rows)


def _write_csv(
    path: Path, columns: Sequence[Column], meta: Mapping[str, str], rows: Iterable[Values]
) -> None:
    said = [f"# {name}: {' '.join(str(value).split())}" for name, value in meta.items()]
    said += [f"# {c.name} [{c.unit}]" for c in columns if c.unit]
    names = ",".join(column.name for column in columns)
    _write_text(path, "\n".join((*said, names, "")), columns, rows)


def _write_text(path: Path, head: str, columns: Sequence[Column], rows: Iterable[Values]) -> None:
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(head)
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerows(_cells(columns, rows))


def _write_votable(
    path: Path, columns: Sequence[Column], meta: Mapping[str, str], rows: Iterable[Values]
) -> None:
    from astropy.io.votable import from_table
    from astropy.io.votable.tree import Param

    document = from_table(_empty(columns, meta))
    first = document.get_first_table()
    first.format = "tabledata"
    for name, value in meta.items():
        told = {"name": name, "datatype": "unicodeChar", "arraysize": "*", "value": str(value)}
        first.params.append(Param(document, **told))
    for field, column in zip(first.fields, columns, strict=True):
        field.ucd = column.ucd or None
        if column.kind == "text":
            field.datatype, field.arraysize = "unicodeChar", "*"
        elif column.kind == "bool":
            field.datatype = "boolean"
    head = io.BytesIO()
    document.to_xml(head)
    before, mark, after = head.getvalue().decode().partition("</TABLE>")
    before, _, _ = before.partition("<DATA>")
    with path.open("w", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(f"{before.rstrip()}\n<DATA><TABLEDATA>\n")
        for cells in _cells(columns, rows):
            inside = "".join(f"<TD>{escape(_seen(cell))}</TD>" for cell in cells)
            stream.write(f"<TR>{inside}</TR>\n")
        stream.write(f"</TABLEDATA></DATA>\n{mark}{after}")


def _seen(text: str) -> str:
    """Return a text without the characters XML has no way to write."""
    return "".join(c for c in text if c >= " ") if not text.isprintable() else text


def _write_parquet(
    path: Path, columns: Sequence[Column], meta: Mapping[str, str], rows: Iterable[Values]
) -> None:
    arrow, parquet = _parquet()
    kinds = {"text": arrow.string(), "float": arrow.float64(), "int": arrow.int64(),
             "bool": arrow.bool_()}  # fmt: skip
    told = [{"unit": c.unit, "description": c.about, "ucd": c.ucd} for c in columns]
    schema = arrow.schema(
        [
            arrow.field(c.name, kinds[c.kind], metadata={k: v for k, v in said.items() if v})
            for c, said in zip(columns, told, strict=True)
        ],
        metadata={name: str(value) for name, value in meta.items()},
    )
    with parquet.ParquetWriter(path, schema) as writer:
        for batch in _batches(rows):
            held = {c.name: [row.get(c.name) for row in batch] for c in columns}
            writer.write_table(arrow.Table.from_pydict(held, schema))


def _batches(rows: Iterable[Values]) -> Iterator[list[Values]]:
    batch: list[Values] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _parquet() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise CubeviewError(
            "Parquet needs pyarrow, which is not installed here. Install it with: pip install "
            "pyarrow, or choose .ecsv, .csv or .vot."
        ) from error
    return pyarrow, pyarrow.parquet


_WRITERS: Mapping[
    str, Callable[[Path, Sequence[Column], Mapping[str, str], Iterable[Values]], None]
] = {
    ".ecsv": _write_ecsv,
    ".csv": _write_csv,
    ".vot": _write_votable,
    ".xml": _write_votable,
    ".parquet": _write_parquet,
}
