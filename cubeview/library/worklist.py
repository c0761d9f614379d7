"""The worklist: every case with its labels and a model's opinion, and orders to work through it."""

import json
import math
from collections.abc import Mapping, Sequence

import numpy as np

from cubeview.library.library import Library
from cubeview.library.values import Row

ORDERS = ("as listed", "most doubtful", "most different", "disagreement")


def rows(
    library: Library, label_sets: Mapping[str, str], *, model: str = "", case_id: int | None = None
) -> list[Row]:
    """Return cases with this reader's labels, the others', and one model's opinion.

    Parameters
    ----------
    library : Library
    label_sets : mapping of kind to label set
        Whose labels are shown for each kind of case.
    model : str
        Whose opinion; empty for the newest of any model.
    case_id : int, optional
        This case alone.

    Returns
    -------
    list of Row
        In the order the cases were added.
    """
    number = dict(library.read("SELECT name, id FROM label_sets", ()))
    pairs = [(kind, number[name]) for kind, name in label_sets.items() if name in number]
    which = " ".join(f"WHEN '{kind}' THEN {int(place)}" for kind, place in pairs)
    chosen = f"CASE c.kind {which} END" if which else "NULL"
    one = "" if case_id is None else "WHERE c.id = ?"
    of_one: tuple[object, ...] = () if case_id is None else (case_id,)
    others: dict[int, list[tuple[str, str]]] = {}
    for number_of, reader, said in library.read(
        f"SELECT l.case_id, l.reader, l.class FROM cases c JOIN in_force l ON l.case_id = c.id"
        f" AND l.set_id = {chosen} AND l.reader <> ? AND l.class IS NOT NULL {one}"
        " ORDER BY l.reader",
        (library.reader, *of_one),
    ):
        others.setdefault(number_of, []).append((reader, said))
    whole = {
        number: (digest, part)
        for number, digest, part in library.read(
            "SELECT c.id, f.sha256, f.part FROM cases c JOIN files f ON f.case_id = c.id"
            f" {one or 'WHERE true'} AND c.kind = 'sky' AND c.window = ''",
            of_one,
        )
    }
    windows = {
        (digest, part): count
        for digest, part, count in (
            library.read(
                "SELECT f.sha256, f.part, COUNT(*) FROM cases c JOIN files f ON f.case_id = c.id"
                f" JOIN in_force l ON l.case_id = c.id AND l.set_id = {chosen} AND l.reader = ?"
                " AND l.class IS NOT NULL WHERE c.window <> '' GROUP BY f.sha256, f.part",
                (library.reader,),
            )
            if whole
            else ()
        )
    }
    found = library.read(
        "SELECT c.id, c.identity, c.kind, c.name, c.window, c.added_at,"
        " (SELECT group_concat(role, ' + ') FROM (SELECT role FROM files WHERE case_id = c.id"
        " ORDER BY role)), l.class, l.sure, l.quality, l.note, l.at, l.opinion_seen, p.model,"
        " p.probabilities, MAX(p.at) FROM cases c"
        f" LEFT JOIN in_force l ON l.case_id = c.id AND l.set_id = {chosen} AND l.reader = ?"
        " LEFT JOIN predictions p ON p.case_id = c.id AND (? = '' OR p.model = ?)"
        f" {one} GROUP BY c.id ORDER BY c.id",
        (library.reader, model, model, *of_one),
    )
    return [
        Row(
            id=number_of,
            identity=known,
            kind=kind,
            name=name,
            window=window,
            added_at=added_at,
            state=state or "",
            label=label,
            sure=sure != 0,
            quality=quality or "",
            note=note or "",
            labelled_at=(at or "") if label else "",
            labelled_blind=seen == "",
            windows=windows.get(whole.get(number_of, ("", "")), 0),
            others=tuple(others.get(number_of, ())),
            model=said_by or "",
            probabilities=json.loads(odds or "{}"),
        )
        for (
            number_of, known, kind, name, window, added_at, state, label, sure, quality, note, at,
            seen, said_by, odds, _,
        ) in found
    ]  # fmt: skip


def ordered(
    found: Sequence[Row], order: str, features: Mapping[int, np.ndarray] | None = None
) -> list[Row]:
    """Return rows in one of the `ORDERS`; cases without what the order needs come last.

    Parameters
    ----------
    found : sequence of Row
    order : str
    features : mapping of case to ndarray, shape (n,), optional
        From `Library.features`; needed for ``"most different"``.
    """
    if order == "most doubtful":
        return sorted(found, key=lambda row: -1.0 if math.isnan(row.doubt) else -1 - row.doubt)
    if order == "disagreement":
        return sorted(found, key=lambda row: (not row.differs, -max([0, *_odds(row)])))
    if order == "most different":
        far = distances(features or {}, {row.id for row in found if row.label})
        return sorted(found, key=lambda row: -far.get(row.id, -1.0))
    return list(found)


def distances(features: Mapping[int, np.ndarray], labelled: set[int]) -> dict[int, float]:
    """Return how far each unlabelled case lies from the nearest labelled one in feature space.

    Each feature is measured in its own standard deviations. Without a labelled case the distance
    is that to the middle of all.

    Source: the farthest-first rule of Sener & Savarese 2018, arXiv:1708.00489, section 4.3.
    """
    lengths = [len(values) for values in features.values()]
    most = max(set(lengths), key=lengths.count, default=0)
    numbers = [number for number, values in features.items() if len(values) == most]
    if not numbers:
        return {}
    table = np.stack([features[number] for number in numbers]).astype(np.float32)
    table = np.nan_to_num((table - table.mean(axis=0)) / np.maximum(table.std(axis=0), 1e-6))
    known = np.array([number in labelled for number in numbers])
    anchors = table[known] if known.any() else np.zeros((1, most), np.float32)
    squares = (anchors**2).sum(axis=1)
    far = {}
    for start in range(0, len(table), 512):
        part = table[start : start + 512]
        gaps = (part**2).sum(axis=1)[:, None] + squares - 2 * part @ anchors.T
        for number, is_known, gap in zip(
            numbers[start : start + 512], known[start : start + 512], gaps.min(axis=1), strict=True
        ):
            if not is_known:
                far[number] = math.sqrt(max(float(gap), 0.0))
    return far


def _odds(row: Row) -> tuple[float, ...]:
    return tuple(row.probabilities.values())
