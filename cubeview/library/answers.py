"""What models said of cases, kept by the hash of their weights, whatever their task.

Answers of other weights are other answers, whatever their models are called. One that was kept
before the weights were (schema 3) is of an unknown state of its model: it can be read in the
worklist, and is no model's of today.
"""

import io
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from zipfile import BadZipFile

import numpy as np

from cubeview.cubes.answer import ANSWERS, Answer
from cubeview.cubes.case import Case
from cubeview.cubes.ventricle import Ventricle
from cubeview.library.cases import now
from cubeview.library.library import Library
from cubeview.plain import from_json

log = logging.getLogger(__name__)

_ELSEWHERE = ("case", "model", "weights")
_FLOAT = np.dtype("<f4")


@dataclass(frozen=True)
class Packed:
    """An answer in plain values, to travel between processes and to lie in the library."""

    task: str
    weights: str
    model: str
    said: str = "{}"  # JSON of its fields; where an array was stands its place among `arrays`
    arrays: bytes | None = None  # in numpy's ``.npz``, without pickles
    features: bytes | None = None  # pooled, of the case, little-endian float32


def packed(answer: Answer, features: np.ndarray | None = None) -> Packed:
    """Return an answer to any task, and the features it came from, as plain values."""
    arrays: list[np.ndarray] = []
    said = {
        entry.name: _plain(getattr(answer, entry.name), arrays)
        for entry in fields(answer)
        if entry.name not in _ELSEWHERE
    }
    stream = io.BytesIO()
    if arrays:
        np.savez_compressed(stream, *arrays)
    return Packed(
        answer.task,
        answer.weights,
        answer.model,
        json.dumps(said),
        stream.getvalue() or None,
        None if features is None else np.asarray(features, _FLOAT).tobytes(),
    )


def unpacked(held: Packed, case: Case) -> Answer:
    """Return an answer as it was when it was packed, for the case it is of."""
    arrays = []
    if held.arrays:
        with np.load(io.BytesIO(held.arrays), allow_pickle=False) as stored:
            arrays = [stored[f"arr_{place}"] for place in range(len(stored.files))]
    kind = ANSWERS[held.task]
    known = {entry.name for entry in fields(kind)}
    said = {name: _full(value, arrays) for name, value in from_json(held.said).items()}
    values = {name: value for name, value in said.items() if name in known}
    return kind(case=case, model=held.model, weights=held.weights, **values)


def keep(library: Library, case_id: int, held: Packed) -> None:
    """Keep what a model said; a newer answer of the same weights replaces the older.

    Features kept earlier stay where none are given, and an answer that is there already is not
    written again. Raises CubeviewError if it could not be written: nothing was changed.

    Parameters
    ----------
    library : Library
    case_id : int
    held : Packed
        From `packed`.
    """
    key = (case_id, held.task, held.weights, held.model)
    here = library.read(
        "SELECT said, arrays FROM answers"
        " WHERE case_id = ? AND task = ? AND weights = ? AND model = ?",
        key,
    )
    if held.features is None and here == [(held.said, held.arrays)]:
        return
    with library.transaction() as run:
        run.execute(
            "INSERT INTO answers (case_id, task, weights, model, at, said, arrays, features)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at,"
            " said = excluded.said, arrays = excluded.arrays,"
            " features = COALESCE(excluded.features, features)",
            (*key, now(), held.said, held.arrays, held.features),
        )
        library.append_log(run, "predicted", case_id, held.model)


def answer_of(library: Library, case_id: int, case: Case, weights: str) -> Answer | None:
    """Return what the model of some weights said of a case last.

    Parameters
    ----------
    library : Library
    case_id, case : int, Case
        Its number, and the same case, open.
    weights : str
        SHA-256; without one nothing is known.
    """
    found = library.read(
        "SELECT task, weights, model, said, arrays FROM answers"
        " WHERE case_id = ? AND weights = ? ORDER BY at DESC LIMIT 1",
        (case_id, weights),
    )
    if not found or not weights:
        return None
    try:
        return unpacked(Packed(*found[0]), case)
    except (ValueError, TypeError, LookupError, AttributeError, EOFError, OSError, BadZipFile) as e:
        log.warning("a kept answer cannot be read (%s): the model is asked again", type(e).__name__)
        return None


def asked_before(library: Library) -> set[tuple[int, str]]:
    """Return (case, weights) of every answer that is there with its features."""
    return set(library.read("SELECT case_id, weights FROM answers WHERE features IS NOT NULL", ()))


def features(library: Library, weights: str) -> dict[int, np.ndarray]:
    """Return the pooled features of each case under the model of some weights."""
    rows = library.read(
        "SELECT case_id, features FROM answers WHERE weights = ? AND features IS NOT NULL"
        f" AND length(features) % {_FLOAT.itemsize} = 0 ORDER BY at",
        (weights,),
    )
    return {number: np.frombuffer(blob, _FLOAT) for number, blob in rows}


def most_asked(library: Library) -> str:
    """Return the weights whose features most cases have; empty where none has any."""
    found = library.read(
        "SELECT weights FROM answers WHERE features IS NOT NULL AND weights <> ''"
        " GROUP BY weights ORDER BY COUNT(*) DESC LIMIT 1",
        (),
    )
    return str(found[0][0]) if found else ""


def _plain(value: Any, arrays: list[np.ndarray]) -> Any:
    """Return a value as JSON writes it; its arrays are put aside."""
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {"=array": len(arrays) - 1}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, slice):
        return {"=slice": [value.start, value.stop]}
    if isinstance(value, Ventricle):
        return {"=ventricle": _plain(vars(value), arrays)}
    if isinstance(value, Mapping):
        return {name: _plain(item, arrays) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, arrays) for item in value]
    return value


def _full(value: Any, arrays: list[np.ndarray]) -> Any:
    """Return what `_plain` was given; a list comes back as a tuple."""
    if isinstance(value, list):
        return tuple(_full(item, arrays) for item in value)
    if not isinstance(value, dict):
        return value
    if "=array" in value:
        return arrays[value["=array"]]
    if "=slice" in value:
        return slice(*value["=slice"])
    if "=ventricle" in value:
        return Ventricle(**_full(value["=ventricle"], arrays))
    return {name: _full(item, arrays) for name, item in value.items()}
