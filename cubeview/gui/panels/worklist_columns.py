"""The columns of the worklist and its filters: a new one is one entry."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cubeview.cubes.case import OF_NOBODY, TWO_PATIENTS
from cubeview.kinds import KINDS
from cubeview.library.values import Row

NOTHING = "—"
HIDDEN = "hidden"
_CUBE = "sky cube"


def _hidden(row: Row) -> str:
    return HIDDEN if row.said else NOTHING


@dataclass(frozen=True)
class Column:
    """One column.

    Parameters
    ----------
    name : str
        Stands above it, and in the user's settings.
    width : int
        In pixels, to begin with.
    text : callable
        Of a row; empty for nothing to say.
    number : callable, optional
        Of a row, NaN for none: sorted by and shown instead of `text`.
    tip : callable, optional
        What is said under the mouse.
    blind : callable, optional
        The text while the opinions on a row are hidden; by default as ever.
    dim : bool
        Less bright than the others.
    warns : str
        A text of it that is shown as a warning.
    """

    name: str
    width: int
    text: Callable[[Row], str] = lambda row: ""
    number: Callable[[Row], float] | None = None
    tip: Callable[[Row], str] = lambda row: ""
    blind: Callable[[Row], str] | None = None
    dim: bool = False
    warns: str = ""

    def shown(self, row: Row, hidden: bool) -> str:
        """Return the text of a cell; `hidden` where no opinion on the row may be seen."""
        if hidden and self.blind is not None:
            return self.blind(row)
        if self.number is None:
            return self.text(row) or NOTHING
        value = self.number(row)
        return NOTHING if math.isnan(value) else f"{value:.2f}"

    def key(self, row: Row, hidden: bool) -> tuple[bool, float | str]:
        """Return what the rows are sorted by, and first whether there is nothing to sort by."""
        text = self.shown(row, hidden)
        nothing = text in (NOTHING, HIDDEN)
        if self.number is None:
            return nothing, text.casefold()
        return nothing, 0.0 if nothing else self.number(row)


def _label(row: Row) -> str:
    if row.windows:
        return f"{row.windows} window{'s' if row.windows > 1 else ''}"
    return (row.label or NOTHING) + ("" if row.sure else " ?") + (" ▼" if row.quality else "")


def _label_and_others(row: Row) -> str:
    others = {f"{reader}: {what}" for reader, what in row.others if what != row.label}
    told = f" ({', '.join(sorted(others))})" if others and not row.windows else ""
    return _label(row) + told


def _label_tip(row: Row) -> str:
    if row.label:
        seen = "blind" if row.labelled_blind else "with a model's opinion in sight"
        return "\n".join(filter(None, (f"Labelled {seen}", row.quality, row.note)))
    return "\n".join(filter(None, (f"Quality: {row.quality}", row.note))) if row.quality else ""


def _prediction_tip(row: Row) -> str:
    odds = row.said.get("probabilities", {})
    return _whose(row) + "".join(f"\n{name} {value:.2f}" for name, value in odds.items())


def _agreement(row: Row) -> str:
    if row.label is None or not (row.probabilities or row.others):
        return ""
    return "differs" if row.differs else "agrees"


def _whose(row: Row) -> str:
    return row.model if row.weights or not row.model else f"{row.model}, of an unknown state"


def _of_nobody(row: Row) -> str:
    return OF_NOBODY if TWO_PATIENTS in row.name else ""


COLUMNS = (
    Column("case", 140, lambda row: row.name,
           tip=lambda row: _of_nobody(row) or (f"Voxels {row.window}" if row.window else "")),
    Column("label", 84, _label_and_others,
           tip=lambda row: "\n".join(filter(None, (_of_nobody(row), _label_tip(row)))),
           blind=_label),
    Column("doubt", 52, number=lambda row: row.doubt),
    Column("prediction", 96, lambda row: row.answer or (row.former and f"old: {row.former}"),
           tip=_prediction_tip, blind=_hidden),
    Column("probability", 74, number=lambda row: row.probabilities.get(row.answer, math.nan),
           blind=_hidden),
    Column("agreement", 72, _agreement, blind=_hidden, warns="differs"),
    Column("state", 96, lambda row: KINDS[row.kind].called(row.state), dim=True),
    Column("kind", 80, lambda row: _CUBE if row.is_whole_cube else KINDS[row.kind].subject,
           dim=True),
    Column("date", 84, lambda row: (row.labelled_at or row.added_at)[:10], dim=True),
    Column("model", 84, _whose, dim=True),
)  # fmt: skip

FILTERS: Mapping[str, Callable[[Row, bool], bool]] = {
    "all": lambda row, hidden: True,
    "unlabelled": lambda row, hidden: row.is_open,
    "labelled": lambda row, hidden: row.label is not None,
    "unsure": lambda row, hidden: row.label is not None and not row.sure,
    "poor quality": lambda row, hidden: bool(row.quality),
    "disagreement": lambda row, hidden: row.differs and not hidden,
    "asked": lambda row, hidden: bool(row.said),
}
