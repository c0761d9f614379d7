"""The simple table of labels into a library: its files are opened, known by content, compared."""

from datetime import UTC, datetime
from pathlib import Path

from cubeview.errors import CubeviewError, Report, nothing
from cubeview.io.identity import identity, window_text
from cubeview.library.exchange import Entry, Import, compare, plan_import
from cubeview.library.library import Library
from cubeview.library.stored import hashes_of
from cubeview.library.table import open_row, read_table
from cubeview.library.values import NOT_RECORDED


def plan_any(library: Library, path: Path, *, report: Report = nothing) -> Import:
    """Say what a file of labels would change: one CubeView wrote, or a simple table.

    Raises
    ------
    CubeviewError
        If it is neither; naming what is missing.
    """
    if path.suffix.lower() == ".csv" and not _has_identities(path):
        return plan_table(library, path, report=report)
    return plan_import(library, path)


def plan_table(library: Library, path: Path, *, report: Report = nothing) -> Import:
    """Say what a simple table would change; its lines become labels of this reader, from now.

    A line that says what this reader's label says already is known, not new.
    """
    lines = read_table(path)
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    entries, problems, places, known = [], [], {}, 0
    for done, line in enumerate(lines):
        report(done / len(lines), f"line {line.line} of {path.name}")
        try:
            case = open_row(line)
            hashes = hashes_of(library, case)
        except CubeviewError as error:
            problems.append(str(error))
            continue
        label_sets = library.label_sets(case.kind)
        if not label_sets:
            problems.append(f"line {line.line}: there is no label set for a {case.kind}.")
            continue
        number = library.find(case_identity := identity(case, hashes))
        label_set = next(
            (name for name in label_sets
             if any(one.name == line.class_name for one in library.classes(name))), ""
        )  # fmt: skip
        if not label_set:
            problems.append(
                f"line {line.line}: no label set for a {case.kind} has the class "
                f"{line.class_name!r}."
            )
            continue
        said = library.current(label_set, library.reader).get((number or 0, library.reader))
        if said is not None and said.class_name == line.class_name:
            known += 1
            continue
        places[case_identity] = {
            role: (hashes[role], cube.source.part, str(cube.source.path.absolute()))
            for role, cube in case.cubes.items()
            if cube.source is not None
        }
        entries.append(
            Entry(case_identity, case.kind, case.name, window_text(case), hashes, label_set,
                  library.reader, at, line.class_name, True, "", "", NOT_RECORDED)
        )  # fmt: skip
    plan = compare(library, entries, places=places, problems=problems)
    return Import(
        plan.new, plan.unknown, plan.conflicts, known, plan.sets, plan.places, plan.problems
    )


def _has_identities(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as stream:
            header = stream.readline()
    except OSError:
        return False
    return "identity" in header and "label_set" in header
