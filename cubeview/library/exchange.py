"""Labels out of a library and into another: first what would change, then the change itself."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cubeview.library.cases import Files, Held, put_case
from cubeview.library.labelfile import Entry, read_labels, write_labels
from cubeview.library.library import Library
from cubeview.library.values import LabelClass


@dataclass(frozen=True)
class Import:
    """What a file of labels would do; nothing has been changed yet.

    Of `conflicts` the same reader has said something else here: the class in force. `sets` are the
    definitions the file holds, used for label sets this library does not have; `places` says, by
    identity, where the files of unknown cases lie, when the labels came as a simple table.
    """

    new: tuple[Entry, ...]  # labels of cases this library has, not yet in it
    unknown: tuple[Entry, ...]  # of cases it does not have; they are added without their files
    conflicts: tuple[tuple[Entry, str], ...]
    known: int  # entries that are already here
    sets: Mapping[str, tuple[LabelClass, ...]] = field(default_factory=dict)
    places: Mapping[str, Files] = field(default_factory=dict)
    problems: tuple[str, ...] = ()  # lines of a simple table that cannot be used, with reasons

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Everything that would be added."""
        return (*self.new, *(entry for entry, _ in self.conflicts), *self.unknown)


def export_labels(library: Library, label_set: str, path: Path) -> int:
    """Write the whole label history of one set; return the number of entries.

    Raises CubeviewError if the suffix is none of the three or the file cannot be written.

    Parameters
    ----------
    library : Library
    label_set : str
    path : Path
        ``.csv``, ``.ecsv`` or ``.json``, which says the format; written beside and renamed.
    """
    entries = _entries(library, label_set)
    write_labels(path, entries, {label_set: tuple(library.classes(label_set))})
    library.log("exported", detail=f"{label_set}, {len(entries)} entries")
    return len(entries)


def plan_import(library: Library, path: Path) -> Import:
    """Read a file of labels and say what it would change; changes nothing.

    Raises CubeviewError if the file is not one `export_labels` wrote.
    """
    entries, sets = read_labels(path)
    return compare(library, entries, sets=sets)


def compare(
    library: Library,
    entries: Sequence[Entry],
    *,
    sets: Mapping[str, tuple[LabelClass, ...]] | None = None,
    places: Mapping[str, Files] | None = None,
    problems: Sequence[str] = (),
) -> Import:
    """Say what adding some entries would change; changes nothing.

    Parameters
    ----------
    library : Library
    entries : sequence of Entry
    sets, places, problems
        As of `Import`.
    """
    known_cases = {known for (known,) in library.read("SELECT identity FROM cases", ())}
    present: dict[str, set[tuple[Any, ...]]] = {}
    in_force: dict[str, dict[tuple[str, str], str]] = {}
    for label_set in {entry.label_set for entry in entries}:
        if label_set not in library.label_sets():
            present[label_set], in_force[label_set] = set(), {}
            continue
        here = _entries(library, label_set)
        present[label_set] = {_key(entry) for entry in here}
        in_force[label_set] = {
            (entry.identity, entry.reader): entry.class_name or "" for entry in here
        }
    new, unknown, conflicts, known = [], [], [], 0
    for entry in {_key(entry): entry for entry in entries}.values():
        if _key(entry) in present[entry.label_set]:
            known += 1
        elif entry.identity not in known_cases:
            unknown.append(entry)
        else:
            said = in_force[entry.label_set].get((entry.identity, entry.reader))
            if said is not None and said != (entry.class_name or ""):
                conflicts.append((entry, said))
            else:
                new.append(entry)
    return Import(
        tuple(new), tuple(unknown), tuple(conflicts), known, sets or {}, places or {},
        tuple(problems),
    )  # fmt: skip


def apply_import(library: Library, plan: Import) -> int:
    """Carry out a plan in one transaction, everything or nothing; return how many were added.

    Conflicting entries are added to the history at their own time, so the newest stays in force.
    """
    entries = sorted(plan.entries, key=lambda entry: entry.at)
    added = 0
    with library.transaction() as run:
        for label_set in dict.fromkeys(entry.label_set for entry in entries):
            _make_set(run, label_set, entries, plan.sets)
        for entry in entries:
            added += _append(run, entry, plan.places.get(entry.identity))
        library.append_log(run, "imported", None, f"{added} labels")
    return added


def _entries(library: Library, label_set: str) -> list[Entry]:
    """Return the whole history of a label set, oldest first."""
    files: dict[int, dict[str, str]] = {}
    for number, role, digest, part in library.read(
        "SELECT case_id, role, sha256, part FROM files", ()
    ):
        files.setdefault(number, {})[role] = f"{digest} {part}".strip()
    return [
        Entry(**{**record, "files": files.get(record["files"], {}), "sure": bool(record["sure"])})
        for record in library.records(
            "SELECT c.identity, c.kind, c.name, c.window, c.id AS files, s.name AS label_set,"
            " l.reader, l.at, l.class AS class_name, l.sure, l.quality, l.note, l.opinion_seen,"
            " l.scores FROM labels l JOIN cases c ON c.id = l.case_id"
            " JOIN label_sets s ON s.id = l.set_id WHERE s.name = ? ORDER BY l.at, l.id",
            (label_set,),
        )
    ]


def _make_set(
    run: sqlite3.Connection,
    name: str,
    entries: Sequence[Entry],
    sets: Mapping[str, tuple[LabelClass, ...]],
) -> None:
    """Make a label set this library does not have, with its classes or else those met."""
    if run.execute("SELECT 1 FROM label_sets WHERE name = ?", (name,)).fetchone():
        return
    here = [entry for entry in entries if entry.label_set == name]
    number = run.execute(
        "INSERT INTO label_sets (name, kind) VALUES (?, ?) RETURNING id", (name, here[0].kind)
    ).fetchone()[0]
    met = dict.fromkeys(entry.class_name for entry in here if entry.class_name)
    classes = sets.get(name) or tuple(
        LabelClass(label, str(place) if place <= 9 else "", "", "", False)
        for place, label in enumerate(met, start=1)
    )
    run.executemany(
        "INSERT INTO label_classes (set_id, name, position, key, colour, code, retired)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (number, one.name, place, one.key, one.colour, one.code, int(one.retired))
            for place, one in enumerate(classes)
        ],
    )


def _append(run: sqlite3.Connection, entry: Entry, places: Files | None) -> int:
    """Add one entry, with its case where that is not here yet; 0 if another window just did."""
    parted = {role: named.partition(" ") for role, named in entry.files.items()}
    files = places or {role: Held(digest, part, "") for role, (digest, _, part) in parted.items()}
    case_id = put_case(run, entry.identity, entry.kind, entry.name, entry.window, files)
    values = (
        entry.reader, entry.at, entry.class_name, int(entry.sure), entry.quality, entry.note,
        entry.opinion_seen, entry.scores,
    )  # fmt: skip
    return run.execute(
        "INSERT INTO labels (case_id, set_id, reader, at, class, sure, quality, note,"
        " opinion_seen, scores) SELECT ?1, id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM label_sets"
        " WHERE name = ?10 AND NOT EXISTS (SELECT 1 FROM labels l WHERE l.case_id = ?1"
        " AND l.set_id = label_sets.id AND l.reader = ?2 AND l.at = ?3 AND l.class IS ?4"
        " AND l.sure = ?5 AND l.quality = ?6 AND l.note = ?7 AND l.scores = ?9)",
        (case_id, *values, entry.label_set),
    ).rowcount


def _key(entry: Entry) -> tuple[object, ...]:
    said = (entry.class_name, entry.sure, entry.quality, entry.note, entry.scores)
    return (entry.identity, entry.reader, entry.at, *said)
