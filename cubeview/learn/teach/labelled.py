"""Labelled cases to learn from, of a table or of the library, each opened when its turn comes."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cubeview.cubes.case import Case
from cubeview.errors import CubeviewError
from cubeview.kinds import KINDS
from cubeview.library.library import Library
from cubeview.library.stored import open_stored, records
from cubeview.library.table import open_row, read_table


@dataclass(frozen=True)
class Entry:
    """One labelled case, not opened yet.

    Parameters
    ----------
    name, class_name : str
    group : str
        Patient or field.
    open : callable
        Returns the case; may raise CubeviewError.
    """

    name: str
    class_name: str
    group: str
    open: Callable[[], Case]


def table_entries(path: Path) -> list[Entry]:
    """Return the labelled cases of a table; see `cubeview.library.table`.

    Raises CubeviewError if it cannot be read.
    """
    rows = read_table(path)
    return [Entry(row.name, row.class_name, row.group, partial(open_row, row)) for row in rows]


def library_entries(library: Library, label_set: str, *, doubtful: bool = False) -> list[Entry]:
    """Return the cases of the library with this reader's label now in force.

    Hearts of one name, and windows of one file, belong to one group.

    Parameters
    ----------
    library : Library
    label_set : str
    doubtful : bool
        Take labels marked unsure and images flagged as poor as well. The class of equivocal
        cases (key U) is never learnt.
    """
    equivocal = {entry.name for entry in library.classes(label_set) if entry.key == "U"}
    found, cases = library.current(label_set, library.reader), records(library)
    entries = []
    for (number, _), label in sorted(found.items(), key=lambda item: item[0]):
        if label.class_name is None or label.class_name in equivocal:
            continue
        if not doubtful and (not label.sure or label.quality):
            continue
        case = cases[number]
        hashes = sorted((role, held.sha256) for role, held in case.files.items())
        group = hashes[0][1] if KINDS[case.kind].window_px and hashes else case.name
        shown = f"{case.name} [{case.window}]" if case.window else case.name
        entries.append(Entry(shown, label.class_name, group, partial(open_stored, library, number)))
    return entries


def check_number(entries: Sequence[Entry], folds: int) -> None:
    """Raise CubeviewError where labels are too few to learn from, before any case is opened."""
    groups: dict[str, set[str]] = {}
    for entry in entries:
        groups.setdefault(entry.class_name, set()).add(entry.group or entry.name)
    if len(groups) < 2:
        raise CubeviewError(
            f"fine-tuning needs cases of at least two classes; there are {len(entries)} labelled "
            f"cases of {len(groups)}."
        )
    for name, found in groups.items():
        if len(found) < folds:
            raise too_few(name, len(found), folds)


def too_few(name: str, groups: int, folds: int) -> CubeviewError:
    """Return what to say of a class with fewer groups than folds.

    Parameters
    ----------
    name : str
        Of the class.
    groups, folds : int
    """
    return CubeviewError(
        f"{groups} patients or fields of class {name} cannot be divided into {folds} folds: label "
        f"more, or choose at most {groups} folds."
    )


def in_words(entries: Sequence[Entry]) -> str:
    """Return how many cases of which class there are."""
    counts = Counter(entry.class_name for entry in entries)
    listed = ", ".join(f"{number} {name}" for name, number in counts.most_common())
    return f"{len(entries)} cases: {listed}" if entries else "No labelled cases."
