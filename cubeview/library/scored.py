"""Segment scores of hearts in the library: whose they are, and what their reader had seen."""

from cubeview.cubes.scores import Scores, from_text
from cubeview.library.library import Library

SUGGESTED = "suggested scores"
"""Stands beside a label whose reader had seen the scores the program suggests."""
SUGGESTION_SEEN = "suggested scores seen"
"""In the audit log: the reader saw them."""
_AND = ", "


def scored(library: Library, case_id: int) -> dict[str, Scores]:
    """Return the scores in force of each reader who gave any, the newest in whichever label set.

    Parameters
    ----------
    library : Library
    case_id : int
    """
    found: dict[str, Scores] = {}
    for reader, text in library.read(
        "SELECT reader, scores FROM in_force WHERE case_id = ? AND scores <> '' ORDER BY at, id",
        (case_id,),
    ):
        found[reader] = readable(text)
    return found


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
