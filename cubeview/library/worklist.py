"""The worklist: every case with its labels and a model's opinion, and orders to work through it."""

import math
from collections.abc import Callable, Mapping, Sequence, Set
from functools import cache

import numpy as np

from cubeview.library.library import Library
from cubeview.library.values import Row, known_kind, said_of

ORDERS = ("as listed", "most doubtful", "most different", "disagreement")


def rows(
    library: Library,
    label_sets: Mapping[str, str],
    *,
    weights_for: Callable[[str, tuple[str, ...]], str] | None = None,
    case_id: int | None = None,
) -> list[Row]:
    """Return cases with this reader's labels, the others', and a model's answer, the oldest first.

    Parameters
    ----------
    library : Library
    label_sets : mapping of kind to label set
        Whose labels are shown for each kind of case.
    weights_for : callable, optional
        Given a kind of case and its roles, returns the weights of the model whose answer counts;
        by default the newest of any model. Where there is none, an answer of an unknown state is
        shown.
    case_id : int, optional
        This case alone.
    """
    number = dict(library.read("SELECT name, id FROM label_sets", ()))
    pairs = [(kind, number[name]) for kind, name in label_sets.items() if name in number]
    which = " ".join(f"WHEN '{kind}' THEN {int(place)}" for kind, place in pairs)
    chosen = f"CASE c.kind {which} END" if which else "NULL"
    one: tuple[int, ...] = () if case_id is None else (case_id,)
    others, windows = _others(library, chosen, one), _windows(library, chosen, one)
    answers = _answers(library, one)
    known_weights = cache(weights_for) if weights_for else None
    found = []
    for record in library.records(
        "SELECT c.id, c.identity, c.kind, c.name, c.window, c.added_at, COALESCE((SELECT"
        " group_concat(role, ' + ') FROM (SELECT role FROM files WHERE case_id = c.id"
        " ORDER BY role)), '') AS state, l.class AS label, COALESCE(l.sure, 1) AS sure,"
        " COALESCE(l.quality, '') AS quality, COALESCE(l.note, '') AS note,"
        " CASE WHEN l.class IS NULL THEN '' ELSE l.at END AS labelled_at,"
        " COALESCE(l.opinion_seen = '', 0) AS labelled_blind FROM cases c LEFT JOIN in_force l"
        f" ON l.case_id = c.id AND l.set_id = {chosen} AND l.reader = ?"
        f" {'WHERE c.id = ?' if one else ''} ORDER BY c.id",
        (library.reader, *one),
    ):
        here, own = record["id"], tuple(record["state"].split(" + "))
        wanted = known_weights(record["kind"], own) if known_weights else None
        there = answers.get(here, ())
        known = [answer for answer in there if answer[0] and wanted in (None, answer[0])]
        unknown = [answer for answer in there if not answer[0]]
        weights, model, text = next(iter((*known, *unknown)), ("", "", "{}"))
        record |= {name: bool(record[name]) for name in ("sure", "labelled_blind")}
        record["kind"] = known_kind(record["kind"])
        found.append(
            Row(
                **record, others=tuple(others.get(here, ())), windows=windows.get(here, 0),
                model=model, weights=weights, said=said_of(text),
            )
        )  # fmt: skip
    return found


def _others(
    library: Library, chosen: str, one: tuple[int, ...]
) -> dict[int, list[tuple[str, str]]]:
    """Return what other readers said of each case; `chosen` is SQL for the label set's number."""
    others: dict[int, list[tuple[str, str]]] = {}
    for number, reader, said in library.read(
        "SELECT l.case_id, l.reader, l.class FROM cases c JOIN in_force l ON l.case_id = c.id"
        f" AND l.set_id = {chosen} AND l.reader <> ? AND l.class IS NOT NULL"
        f" {'WHERE c.id = ?' if one else ''} ORDER BY l.reader",
        (library.reader, *one),
    ):
        others.setdefault(number, []).append((reader, said))
    return others


def _windows(library: Library, chosen: str, one: tuple[int, ...]) -> dict[int, int]:
    """Return how many windows of each whole sky cube this reader has labelled."""
    whole = library.read(
        "SELECT c.id, f.sha256, f.part FROM cases c JOIN files f ON f.case_id = c.id"
        f" WHERE c.kind = 'sky' AND c.window = '' {'AND c.id = ?' if one else ''}",
        one,
    )
    if not whole:
        return {}
    counts = {
        (digest, part): count
        for digest, part, count in library.read(
            "SELECT f.sha256, f.part, COUNT(*) FROM cases c JOIN files f ON f.case_id = c.id"
            f" JOIN in_force l ON l.case_id = c.id AND l.set_id = {chosen} AND l.reader = ?"
            " AND l.class IS NOT NULL WHERE c.window <> '' GROUP BY f.sha256, f.part",
            (library.reader,),
        )
    }
    return {number: counts.get((digest, part), 0) for number, digest, part in whole}


def _answers(library: Library, one: tuple[int, ...]) -> dict[int, list[tuple[str, str, str]]]:
    """Return (weights, model, what was said) of each case, the newest first."""
    answers: dict[int, list[tuple[str, str, str]]] = {}
    for number, *answer in library.read(
        "SELECT case_id, weights, model, said FROM answers"
        f" {'WHERE case_id = ?' if one else ''} ORDER BY at DESC",
        one,
    ):
        answers.setdefault(number, []).append((answer[0], answer[1], answer[2]))
    return answers


def ordered(found: Sequence[Row], order: str) -> list[Row]:
    """Return rows in one of the `ORDERS`; cases without what the order needs come last.

    For ``"most different"`` see `by_distance`.
    """
    if order == "most doubtful":
        return sorted(found, key=lambda row: -1.0 if math.isnan(row.doubt) else -1 - row.doubt)
    if order == "disagreement":
        return sorted(
            found, key=lambda row: (not row.differs, -max([0, *row.probabilities.values()]))
        )
    return list(found)


def by_distance(found: Sequence[Row], far: Mapping[int, float]) -> list[Row]:
    """Return rows, those most different from what is labelled first, labelled ones last."""
    return sorted(found, key=lambda row: -far.get(row.id, -1.0))


def labelled(found: Sequence[Row]) -> set[int]:
    """Return the cases that have a label of this reader."""
    return {row.id for row in found if row.label}


class FeatureSpace:
    """How far each unlabelled case lies from the nearest labelled one, as labels come and go.

    Each feature of `cubeview.library.answers.features` is measured in its own standard deviations;
    those of another length than most are left out. Without a labelled case the distance is that to
    the middle of all.

    Source: the farthest-first rule of Sener & Savarese 2018, arXiv:1708.00489, section 4.3.
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
