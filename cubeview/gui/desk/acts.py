"""What was done to the library and can be taken back: labels and marks of one case or of many."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from cubeview.gui.desk.records import Changes
from cubeview.library import marks
from cubeview.library.library import Library
from cubeview.library.placed import Placed, Step, placed, whole_cubes
from cubeview.library.scored import readable, with_suggestion, without_suggestion

_ONE_BY_ONE = 50
"""Cases up to which each is told of when it changed; of more the list is read again."""


@dataclass(frozen=True)
class Act:
    """One thing that was done.

    Parameters
    ----------
    cases : tuple of int
        To these.
    before, after : str
        What was said of them, in words.
    back, forth : callable
        Write the one or the other.
    """

    cases: tuple[int, ...]
    before: str
    after: str
    back: Callable[[Library], Changes]
    forth: Callable[[Library], Changes]


def labels(taken: Sequence[Step]) -> Act:
    """Return labels of one or many cases as one act.

    Parameters
    ----------
    taken : sequence of Step
        One a case; what was said last is the same for all.
    """
    cases = tuple(step.case_id for step in taken)

    def write(side: str, library: Library) -> Changes:
        with library.transaction():
            for step in taken:
                library.label(step.case_id, label_set=step.label_set, **vars(getattr(step, side)))
        if len(cases) > 1:
            return _changed(cases)
        # The row of the whole cube counts its labelled windows.
        return Changes(cases=(*cases, *whole_cubes(library, cases[0])))

    former = {words(step.before) for step in taken}
    before = former.pop() if len(former) == 1 else "as before"
    after = words(taken[0].after)
    return Act(cases, before, after, partial(write, "before"), partial(write, "after"))


def class_for_all(
    library: Library, cases: Sequence[int], class_name: str, label_set: str, seen: str
) -> Act:
    """Return the label of one class for many cases.

    Parameters
    ----------
    library : Library
    cases : sequence of int
    class_name, label_set : str
    seen : str
        The model whose view of the cases the reader has before them.
    """
    unsure = next((entry.name for entry in library.classes(label_set) if entry.key == "U"), None)
    taken = []
    for number in cases:
        before = placed(library, number, label_set)
        suggested = without_suggestion(before.opinion_seen) != before.opinion_seen
        after = replace(
            before,
            class_name=class_name,
            sure=class_name != unsure,
            opinion_seen=with_suggestion(seen, suggested),
        )
        taken.append(Step(number, label_set, before, after))
    return labels(taken)


def mark_for_all(library: Library, cases: Sequence[int], what: marks.What, word: str) -> Act:
    """Return a mark for many cases; an empty word takes theirs back.

    Parameters
    ----------
    library : Library
    cases : sequence of int
    what : {"interest", "group"}
    word : str
    """
    before = marks.before(library, what, cases)

    def write(said: Mapping[int, str], library: Library) -> Changes:
        marks.say(library, what, said)
        return _changed(cases)

    former = ", ".join(sorted(filter(None, set(before.values())))) or "no mark"
    back, forth = partial(write, before), partial(write, dict.fromkeys(cases, word))
    return Act(tuple(cases), former, word or "no mark", back, forth)


def words(what: Placed) -> str:
    """Say what was said of a case, in words."""
    scores = readable(what.scores)
    sums = (("SSS", scores.sss), ("SRS", scores.srs))
    said = [f"{name} {total}" for name, total in sums if total is not None]
    return ", ".join(filter(None, (what.class_name, *said))) or "no label"


def _changed(cases: Sequence[int]) -> Changes:
    few = len(cases) <= _ONE_BY_ONE
    return Changes(cases=tuple(cases) if few else (), all=not few)
