"""One unit of an archive judged: a function of the question and of the files, and of nothing else.

It may run anywhere, twice or by two at once: the rows are the same.
"""

import math
import threading
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cubeview.cubes.case import Case
from cubeview.errors import CubeviewError
from cubeview.io import READERS, open_paths, reader_of
from cubeview.io.archive import lasting
from cubeview.io.identity import file_hashes, identity, window_text
from cubeview.io.listing import Item, at_hand, is_url
from cubeview.io.opened import Refusal, one_refused
from cubeview.kinds import kind_of
from cubeview.learn.score.ask import Ask, digest
from cubeview.learn.score.plan import Unit
from cubeview.learn.score.store import Row, Rows
from cubeview.learn.score.tasks import SCORERS
from cubeview.library.cases import files_of, public_name

if TYPE_CHECKING:
    from cubeview.learn.models.model import Model

_DATA = (
    *(".fits", ".fit", ".fts", ".fz", ".gz", ".bz2", ".xz", ".zip", ".dcm", ".ima", ".nii"),
    *(".hdr", ".img"),
)
"""Endings of files that are meant to be read: what else is found in a folder is passed over."""
_DIGITS = {"lon": 10, "lat": 10, "spectral": 10, "z": 10, "z_low": 10, "z_high": 10}
"""Significant digits by column, else 6: beyond them float32 differs by the order of a sum."""


def judge(ask: Ask, unit: Unit, spool: Path) -> Rows:
    """Judge the cases of some files that belong together.

    Parameters
    ----------
    ask : Ask
    unit : tuple of Item
    spool : Path
        Folder for what has to be fetched.

    Returns
    -------
    list of dict
        A row for each answer, and one for each case or file without, which has a ``reason``. Only
        plain values, in the columns of `cubeview.learn.score.tasks.columns_of`.

    Raises
    ------
    CubeviewError
        If the model is not the one that was asked at first.
    """
    model = _model(ask)
    try:
        with at_hand(unit, spool) as here:
            return list(_judged(ask, model, unit, here))
    except CubeviewError as error:
        # Only fetching raises here: another day it may be there.
        failed = next((item for item in unit if is_url(item.path)), unit[0])
        return [{**_failed(ask, failed, str(error)), "again": True}]


def failed_row(ask: Ask, unit: Unit, reason: str) -> Row:
    """Return the row of a unit that could not be judged at all."""
    return {**_failed(ask, unit[0], reason), "again": True}


def _judged(ask: Ask, model: "Model | None", unit: Unit, here: Mapping[Path, str]) -> Iterator[Row]:
    stands_for = {item.path: item for item in unit}
    wanted = [path for path, place in here.items() if _is_meant(path, stands_for[place])]
    opened = open_paths(wanted) if wanted else None
    if opened is None:
        return
    for refusal in opened.refusals:
        yield _failed(ask, _item(refusal.path, here, stands_for), _told(refusal.reason, here))
    for case in opened.cases:
        item = _item(case.main.source.path if case.main.source else wanted[0], here, stands_for)
        refusals: list[Refusal] = []
        with one_refused(Path(item.path), refusals):
            yield from _of_case(ask, model, case, item, here)
        for refusal in refusals:
            yield _failed(ask, item, _told(refusal.reason, here), case)


def _of_case(
    ask: Ask, model: "Model | None", whole: Case, item: Item, here: Mapping[Path, str]
) -> Iterator[Row]:
    """Yield the rows of a case, or of the windows that tile it; each costs itself alone."""
    from cubeview.learn.models.card import why_not

    if whole.question:
        raise CubeviewError(f"{whole.name}: {whole.question} Open it in the window and say so.")
    if model is not None and (reason := why_not(model.card, whole)):
        raise CubeviewError(f"{whole.name}: {reason}")
    hashes = file_hashes(whole)
    name = public_name(whole.kind, whole.name, files_of(whole, hashes))
    content = " ".join(sorted(set(hashes.values())))
    scorer = SCORERS[ask.task]
    for case in _parts(whole, scorer.whole):
        known = identity(case, hashes)
        about: Row = {
            "file": item.path,
            "case": name,
            "window": window_text(case),
            "at": [part.start for part in case.window or ()],
            "content": content,
            **_position(case),
        }
        refusals: list[Refusal] = []
        rows: Rows = []
        with one_refused(Path(item.path), refusals):
            rows += ({**about, **_plain(values)} for values in scorer.rows(model, case))
            rows = rows or [{**about, "reason": "nothing was found"}]
        if refusals:
            reason = refusals[0].reason.removeprefix(f"{case.name}: ")
            rows = [{**about, "reason": _told(reason, here)}]
        for number, row in enumerate(rows):
            yield {**row, "key": digest(known, ask.key, str(number)), "nth": number}


def _parts(case: Case, whole: bool) -> Iterator[Case]:
    if whole or not kind_of(case).window_px:
        return iter((case,))
    from cubeview.learn.explore.seen import windows

    return windows(case)


def _position(case: Case) -> Row:
    """Return where the middle of a case lies on the sky and along the spectrum."""
    cube = case.main
    if kind_of(case).patient:
        return {}
    box = case.window or tuple(slice(0, length) for length in cube.shape)
    spectral, lat, lon = cube.world(*((part.start + part.stop - 1) / 2 for part in box))
    first = cube.axes[0]
    found: Row = {"spectral": spectral, "spectral_unit": first.unit}
    if cube.wcs is not None:
        found |= {"lon": lon, "lat": lat, "frame": cube.axes[2].frame}
    return _plain(found)


def _is_meant(path: Path, item: Item) -> bool:
    """Tell whether a file is to be opened, or is one of those that lie about in folders."""
    if item.named or path.name.lower().endswith(_DATA):
        return True
    try:
        return reader_of(path) in READERS
    except CubeviewError:
        return False


def _item(path: Path, here: Mapping[Path, str], items: Mapping[str, Item]) -> Item:
    """Return which file of the unit a file is, or is inside of."""
    place = here.get(path) or lasting(path).rpartition("!/")[0]
    place = here.get(Path(place), place)
    return items.get(place) or next(iter(items.values()))


def _failed(ask: Ask, item: Item, reason: str, case: Case | None = None) -> Row:
    name = case.name if case else ""
    row: Row = {"file": item.path, "at": [], "nth": 0, "reason": reason}
    if case is not None and not kind_of(case).patient:  # whose name may be a person's
        row["case"] = name
    return {**row, "key": digest("failed", item.path, item.stamp, str(item.size), name, ask.key)}


def _told(reason: str, here: Mapping[Path, str]) -> str:
    """Return a reason on one line, with the places the user knows."""
    for path, place in here.items():
        reason = reason.replace(str(path), place)
    return "; ".join(line.strip() for line in reason.splitlines() if line.strip())


def _plain(values: Mapping[str, Any]) -> Row:
    """Return values as JSON writes them, floats to the digits that mean something."""
    return {name: _rounded(value, _DIGITS.get(name, 6)) for name, value in values.items()}


def _rounded(value: Any, digits: int) -> Any:
    if not isinstance(value, float):
        return value
    value = float(value)
    if not math.isfinite(value):
        return None
    return value if value == 0 else float(f"{value:.{digits}g}")


def _model(ask: Ask) -> "Model | None":
    """Return the model that is asked, loaded once a process."""
    return _loaded(ask, threading.get_ident())


@lru_cache(maxsize=2)
def _loaded(ask: Ask, thread: int) -> "Model | None":
    if ask.card() is None:
        return None
    from cubeview.learn.models.model import load_model

    return load_model(ask.model)
