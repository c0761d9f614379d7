"""The worklist: every case with its labels and a model's opinion, and orders to work through it."""

import json
import math
from collections.abc import Mapping, Sequence, Set

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


def ordered(found: Sequence[Row], order: str) -> list[Row]:
    """Return rows in one of the `ORDERS`; cases without what the order needs come last.

    For ``"most different"`` see `by_distance`.
    """
    if order == "most doubtful":
        return sorted(found, key=lambda row: -1.0 if math.isnan(row.doubt) else -1 - row.doubt)
    if order == "disagreement":
        return sorted(found, key=lambda row: (not row.differs, -max([0, *_odds(row)])))
    return list(found)


def by_distance(found: Sequence[Row], far: Mapping[int, float]) -> list[Row]:
    """Return rows, those most different from what is labelled first, labelled ones last."""
    return sorted(found, key=lambda row: -far.get(row.id, -1.0))


def labelled(found: Sequence[Row]) -> set[int]:
    """Return the cases that have a label of this reader."""
    return {row.id for row in found if row.label}


class FeatureSpace:
    """How far each unlabelled case lies from the nearest labelled one, as labels come and go.

    Each feature is measured in its own standard deviations. Without a labelled case the distance
    is that to the middle of all.

    Source: the farthest-first rule of Sener & Savarese 2018, arXiv:1708.00489, section 4.3.

    Parameters
    ----------
    features : mapping of case to ndarray, shape (n,)
        From `Library.features`; those of another length than most are left out.
    labelled : set of int
    """

    def __init__(self, features: Mapping[int, np.ndarray], labelled: Set[int]) -> None:
        lengths = [len(values) for values in features.values()]
        most = max(set(lengths), key=lengths.count, default=0)
        self._numbers = [number for number, values in features.items() if len(values) == most]
        self._places = {number: place for place, number in enumerate(self._numbers)}
        table = np.zeros((len(self._numbers), most), np.float32)
        for place, number in enumerate(self._numbers):
            table[place] = features[number]
        if len(table):
            spread = np.maximum(table.std(axis=0), 1e-6)
            table = np.nan_to_num((table - table.mean(axis=0)) / spread)
        self._table = table
        self._known: frozenset[int] = frozenset()
        self._gaps = (table**2).sum(axis=1)
        self.follow(labelled)

    def follow(self, labelled: Set[int]) -> None:
        """Take the cases that have a label now; one more costs next to nothing."""
        known = frozenset(labelled & self._places.keys())
        if known == self._known:
            return
        if self._known and self._known <= known:
            new, gaps = known - self._known, self._gaps
        else:
            new, gaps = known, np.full(len(self._table), np.inf, np.float32)
        self._known = known
        if not new:
            self._gaps = (self._table**2).sum(axis=1)
            return
        anchors = self._table[[self._places[number] for number in new]]
        squares = (anchors**2).sum(axis=1)
        self._gaps = gaps.copy()
        for start in range(0, len(self._table), 512):
            part = self._table[start : start + 512]
            found = (part**2).sum(axis=1)[:, None] + squares - 2 * part @ anchors.T
            nearer = np.minimum(self._gaps[start : start + 512], found.min(axis=1))
            self._gaps[start : start + 512] = nearer

    @property
    def distances(self) -> dict[int, float]:
        """Distance of each unlabelled case."""
        return {
            number: math.sqrt(max(float(gap), 0.0))
            for number, gap in zip(self._numbers, self._gaps, strict=True)
            if number not in self._known
        }


def _odds(row: Row) -> tuple[float, ...]:
    return tuple(row.probabilities.values())
