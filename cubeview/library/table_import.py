"""The simple table of labels into a library: its files are opened, known by content, compared."""

from dataclasses import replace
from pathlib import Path

from cubeview.errors import CubeviewError, Report, nothing
from cubeview.io.identity import identity, window_text
from cubeview.kinds import KINDS
from cubeview.library.cases import files_of, now
from cubeview.library.exchange import Import, compare, plan_import
from cubeview.library.labelfile import Entry
from cubeview.library.library import Library
from cubeview.library.stored import hashes_of
from cubeview.library.table import open_row, read_table
from cubeview.library.text import csv_lines, read_text
from cubeview.library.values import NOT_RECORDED


def plan_any(library: Library, path: Path, *, report: Report = nothing) -> Import:
    """Say what a file of labels would change: one CubeView wrote, or a simple table.

    Raises CubeviewError if it is neither, naming what is missing.

    Parameters
    ----------
    library : Library
    path : Path
    report : callable
    """
    written = path.suffix.lower() in (".json", ".ecsv")
    if written or {"identity", "label_set"} <= set(csv_lines(path, read_text(path))[0]):
        return plan_import(library, path)
    return plan_table(library, path, report=report)


def plan_table(library: Library, path: Path, *, report: Report = nothing) -> Import:
    """Say what a simple table would change; its lines become labels of this reader, from now.

    A line that says what this reader's label says already is known, not new.

    Parameters
    ----------
    library : Library
    path : Path
    report : callable
    """
    lines = read_table(path)
    at = now()
    sets = {
        kind: {name: library.classes(name) for name in library.label_sets(kind)} for kind in KINDS
    }
    current = {name: library.current(name, library.reader) for name in library.label_sets()}
    seen: dict[str, tuple[int, str]] = {}
    entries, problems, places, known = [], [], {}, 0
    for done, line in enumerate(lines):
        report(done / len(lines), f"line {line.line} of {path.name}")
        try:
            case = open_row(line)
            hashes = hashes_of(library, case)
        except CubeviewError as error:
            problems.append(str(error))
            continue
        label_set = next(
            (name for name, classes in sets[case.kind].items()
             if any(one.name == line.class_name for one in classes)), ""
        )  # fmt: skip
        if not label_set:
            problems.append(
                f"line {line.line}: no label set for a {case.kind} has the class "
                f"{line.class_name!r}."
            )
            continue
        found = identity(case, hashes)
        first, before = seen.setdefault(found, (line.line, line.class_name))
        if before != line.class_name:
            problems.append(
                f"line {line.line}: line {first} says {before} of the same case, this one "
                f"{line.class_name}; the first is taken."
            )
        if first != line.line:
            continue
        said = current[label_set].get((library.find(found) or 0, library.reader))
        if said is not None and said.class_name == line.class_name:
            known += 1
            continue
        places[found] = files_of(case, hashes)
        entries.append(
            Entry(found, case.kind, case.name, window_text(case), hashes, label_set,
                  library.reader, at, line.class_name, True, "", "", NOT_RECORDED)
        )  # fmt: skip
    return replace(compare(library, entries, places=places, problems=problems), known=known)
