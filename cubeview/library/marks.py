"""What readers say of cases beside their class: worth a look or not, which group they belong to."""

from collections.abc import Mapping, Sequence
from typing import Literal

from cubeview.library.cases import now
from cubeview.library.library import Library

What = Literal["interest", "group"]

INTERESTING, ARTEFACT, ORDINARY = MARKS = ("interesting", "artefact", "ordinary")
"""What is said of the interest of a case."""


def said(library: Library, what: What) -> dict[int, str]:
    """Return what the library's reader said last of each case; what was taken back is left out.

    Parameters
    ----------
    library : Library
    what : {"interest", "group"}
    """
    rows = library.read(
        "SELECT case_id, said FROM marks WHERE id IN (SELECT MAX(id) FROM marks"
        " WHERE what = ? AND reader = ? GROUP BY case_id) AND said <> '' ORDER BY case_id",
        (what, library.reader),
    )
    return dict(rows)


def say(library: Library, what: What, words: Mapping[int, str]) -> None:
    """Say something of cases, all of them or none; it is on disk when this returns.

    Raises CubeviewError if it could not be written: nothing was changed.

    Parameters
    ----------
    library : Library
    what : {"interest", "group"}
    words : mapping of case to str
        Empty text takes back what was said.
    """
    at = now()
    with library.transaction() as run:
        run.executemany(
            "INSERT INTO marks (case_id, reader, at, what, said) VALUES (?, ?, ?, ?, ?)",
            [(number, library.reader, at, what, word) for number, word in words.items()],
        )
        for number in words:
            library.append_log(run, "marked", number, what)


def before(library: Library, what: What, cases: Sequence[int]) -> dict[int, str]:
    """Return what was said of some cases, with empty text for nothing, as `say` takes it back."""
    known = said(library, what)
    return {number: known.get(number, "") for number in cases}
