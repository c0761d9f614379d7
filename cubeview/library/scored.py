"""Segment scores of hearts in the library: whose they are, and what their reader had seen."""

from cubeview.cubes.scores import Reading, Scores, from_text
from cubeview.library.library import Library

SUGGESTED = "suggested scores"
"""Stands beside a label whose reader had seen the scores the program suggests."""
SUGGESTION_SEEN = "suggested scores seen"
"""In the audit log: the reader saw them."""
_AND = ", "
_SINCE = """
SELECT at, opinion_seen FROM labels AS l
WHERE set_id = ? AND case_id = ? AND reader = ? AND scores = ? AND NOT EXISTS (
    SELECT 1 FROM labels AS n WHERE n.set_id = l.set_id AND n.case_id = l.case_id
    AND n.reader = l.reader AND n.scores <> l.scores AND (n.at, n.id) > (l.at, l.id)
) ORDER BY at, id LIMIT 1
"""


def scored(library: Library, case_id: int) -> dict[str, Scores]:
    """Return the scores in force of each reader who gave any, the newest in whichever label set.

    Parameters
    ----------
    library : Library
    case_id : int
    """
    return {one.reader: one.scores for one in readings(library, case_id)}


def readings(library: Library, case_id: int) -> tuple[Reading, ...]:
    """Return the scores in force of each reader: since when, and what they had seen then.

    Parameters
    ----------
    library : Library
    case_id : int
    """
    found: dict[str, Reading] = {}
    for number, reader, text in library.read(
        "SELECT set_id, reader, scores FROM in_force WHERE case_id = ? AND scores <> ''"
        " ORDER BY at, id",
        (case_id,),
    ):
        ((at, seen),) = library.read(_SINCE, (number, case_id, reader, text))
        found[reader] = Reading(reader, at, readable(text), seen)
    return tuple(found.values())


def suggestion_seen(library: Library, known: str) -> bool:
    """Tell whether the library's reader has seen the suggested scores of a case.

    Parameters
    ----------
    library : Library
    known : str
        Identity of the case.
    """
    query = "SELECT 1 FROM audit WHERE identity = ? AND action = ? AND reader = ? LIMIT 1"
    return bool(library.read(query, (known, SUGGESTION_SEEN, library.reader)))


def with_suggestion(opinion: str, seen: bool) -> str:
    """Return whose opinion was seen: a model's, or none, and the suggested scores where seen."""
    return _AND.join(filter(None, (without_suggestion(opinion), SUGGESTED if seen else "")))


def without_suggestion(opinion: str) -> str:
    """Return the model among what was seen; empty for none."""
    return opinion.removesuffix(SUGGESTED).removesuffix(_AND)


def readable(text: str) -> Scores:
    """Return scores as they were kept; none where that cannot be read any more."""
    try:
        return from_text(text)
    except ValueError:  # a byte that rotted
        return Scores()
