"""Files of labels as text: whatever a spreadsheet makes of them, or a reason why not."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from cubeview.errors import CubeviewError
from cubeview.paths import read_within

MOST_BYTES = 256 << 20
"""A file of labels larger than this is none; a million labels take about as much."""

_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
_DELIMITERS = ",;\t"
_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 with its mark.

    Raises CubeviewError if it cannot be read, is too large, or is no such text.
    """
    content = read_within(path, MOST_BYTES, "Choose another file.")
    codec = next((codec for mark, codec in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as error:
        raise CubeviewError(
            f"{path}: not text in UTF-8 (byte {error.start}). Save the table as CSV UTF-8."
        ) from error
    if "\0" in text:
        raise CubeviewError(f"{path}: not a text file. Save the table as CSV UTF-8.")
    return text


def no_formula(cell: str) -> str:
    """Return a cell no spreadsheet takes for a formula: with an apostrophe before what may be one.

    Names and notes come from files of others. `formula_again` gives back what it was.
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def formula_again(cell: str) -> str:
    """Return what `no_formula` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def csv_lines(path: Path, text: str) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]], str]:
    """Return header, lines and delimiter of a table whose first line names its columns.

    The delimiter is the comma, semicolon or tab the header has most of. Lines are pairs of number
    and cells by column: a column a line does not reach holds an empty text; cells beyond the header
    are dropped. Raises CubeviewError, the iterator too, where a line cannot be taken apart.
    """
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    csv.field_size_limit(MOST_BYTES)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=delimiter != "\t"
    )

    def lines() -> Iterator[tuple[int, dict[str, str]]]:
        while True:
            # A note may hold line breaks: what is said is where its line begins.
            number = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise CubeviewError(
                    f"{path}, line {number}: cannot be read as a table ({error})."
                ) from error
            cells += [""] * (len(header) - len(cells))
            if any(cell.strip() for cell in cells):
                yield number, dict(zip(header, cells, strict=False))

    try:
        header = next(reader, [])
    except csv.Error as error:
        raise CubeviewError(f"{path}: cannot be read as a table ({error}).") from error
    return header, lines(), delimiter
