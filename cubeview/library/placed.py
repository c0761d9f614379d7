"""What one reader said of one case, and which windows of a sky cube have labels."""

from dataclasses import dataclass, replace

from cubeview.library.library import Library

OPINION_SEEN = "opinion seen"
"""In the audit log: the reader asked a model about a case and saw what it said."""


@dataclass(frozen=True)
class Placed:
    """What a reader said of a case; ``class_name`` None for no label.

    ``scores`` are of a heart's segments, as `cubeview.cubes.scores.as_text` writes them.
    """

    class_name: str | None = None
    sure: bool = True
    quality: str = ""
    note: str = ""
    opinion_seen: str = ""
    scores: str = ""


def placed(library: Library, case_id: int, label_set: str) -> Placed:
    """Return what the library's reader said last of a case; also when the label was withdrawn.

    Parameters
    ----------
    library : Library
    case_id : int
    label_set : str
    """
    found = library.read(
        "SELECT l.class, l.sure, l.quality, l.note, l.opinion_seen, l.scores FROM in_force l"
        " JOIN label_sets s ON s.id = l.set_id WHERE l.case_id = ? AND s.name = ? AND l.reader = ?",
        (case_id, label_set, library.reader),
    )
    if not found:
        return Placed()
    name, sure, *rest = found[0]
    return Placed(name, bool(sure), *rest)


@dataclass(frozen=True)
class Step:
    """One step that can be taken back; undone, its ends change places."""

    case_id: int
    label_set: str
    before: Placed
    after: Placed


def steps(library: Library) -> list[Step]:
    """Return what the library's reader did that can be taken back, the last step last.

    A step and the one that took it back are none, as if neither had been.
    """
    last: dict[tuple[int, str], Placed] = {}
    found: list[Step] = []
    for case_id, label_set, name, sure, *rest in library.read(
        "SELECT l.case_id, s.name, l.class, l.sure, l.quality, l.note, l.opinion_seen, l.scores"
        " FROM labels l JOIN label_sets s ON s.id = l.set_id WHERE l.reader = ? ORDER BY l.id",
        (library.reader,),
    ):
        key, after = (case_id, label_set), Placed(name, bool(sure), *rest)
        before = last.get(key, Placed())
        last[key] = after
        back = found and (found[-1].case_id, found[-1].label_set) == key
        if back and _same(found[-1].before, after) and _same(found[-1].after, before):
            found.pop()
        else:
            found.append(Step(case_id, label_set, before, after))
    return found


def _same(one: Placed, other: Placed) -> bool:
    """Tell whether the same was said, whatever was seen before."""
    return replace(one, opinion_seen="") == replace(other, opinion_seen="")


def ever_labelled(library: Library, case_id: int) -> bool:
    """Tell whether the library's reader ever labelled a case, withdrawn or not."""
    query = "SELECT 1 FROM labels WHERE case_id = ? AND reader = ? AND class IS NOT NULL LIMIT 1"
    return bool(library.read(query, (case_id, library.reader)))


def opinion_asked(library: Library, case_id: int) -> str:
    """Return the model whose opinion of a case the library's reader asked for last, or ""."""
    found = library.read(
        "SELECT a.detail FROM audit a JOIN cases c ON c.identity = a.identity WHERE c.id = ?"
        " AND a.action = ? AND a.reader = ? ORDER BY a.id DESC LIMIT 1",
        (case_id, OPINION_SEEN, library.reader),
    )
    return str(found[0][0]) if found else ""


def labelled_windows(
    library: Library, label_set: str, sha256: str, part: str
) -> list[tuple[str, str]]:
    """Return (window, class) of each window of one cube the library's reader has labelled.

    Parameters
    ----------
    library : Library
    label_set : str
    sha256, part : str
        The cube's file, and the part of it that holds the cube.
    """
    return library.read(
        "SELECT c.window, l.class FROM cases c JOIN files f ON f.case_id = c.id"
        " JOIN in_force l ON l.case_id = c.id JOIN label_sets s ON s.id = l.set_id"
        " WHERE f.sha256 = ? AND f.part = ? AND c.window <> '' AND s.name = ?"
        " AND l.reader = ? AND l.class IS NOT NULL ORDER BY c.id",
        (sha256, part, label_set, library.reader),
    )


def whole_cubes(library: Library, case_id: int) -> list[int]:
    """Return the cases that are the whole cube a window was cut from."""
    rows = library.read(
        "SELECT c.id FROM cases c JOIN files f ON f.case_id = c.id WHERE c.window = ''"
        " AND c.kind = 'sky' AND f.sha256 IN (SELECT sha256 FROM files WHERE case_id = ?)",
        (case_id,),
    )
    return [number for (number,) in rows]
