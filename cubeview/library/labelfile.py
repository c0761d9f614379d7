"""Files of labels: CSV, ECSV and JSON, keyed by file hashes.

One record an entry of the history, withdrawals included, with the classes of the label set, so
that a round trip through an empty library loses nothing. Paths are left out: they may hold a
patient's name.
"""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cubeview.cubes.case import OF_NOBODY, TWO_PATIENTS
from cubeview.cubes.scores import as_text, from_text
from cubeview.errors import CubeviewError, refusing
from cubeview.kinds import KINDS
from cubeview.library.text import csv_lines, formula_again, no_formula, read_text
from cubeview.library.values import LabelClass
from cubeview.paths import replacing
from cubeview.plain import from_json


@dataclass(frozen=True)
class Entry:
    """One label of one case, with all that is needed to find the case again by content.

    ``files`` holds for each role the SHA-256 of its file, with a space and the part of the file
    that holds the cube where it has parts. ``scores`` are of a heart's segments, as
    `cubeview.cubes.scores.as_text` writes them.
    """

    identity: str
    kind: str
    name: str
    window: str
    files: Mapping[str, str]
    label_set: str
    reader: str
    at: str
    class_name: str | None
    sure: bool
    quality: str
    note: str
    opinion_seen: str
    scores: str = ""


_UNESCAPED = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}
_LINE_ESCAPE = re.compile(r"\\[\\nr]")
_COLUMNS = tuple(column.name for column in fields(Entry))
_NEEDED = tuple(name for name in _COLUMNS if name != "scores")
_SUMS = ("sss", "srs", "sds")
_CAUTION = "caution"
_FOR_READERS = (*_SUMS, _CAUTION)
"""Columns that are written for readers, and not read again."""
_SURE = {"true": True, "1": True, "false": False, "0": False}
_WINDOW = re.compile(r"\d{1,9}:\d{1,9}(,\d{1,9}:\d{1,9}){2}")
_MOST_SAID = 200
_LONGEST_HEAD = 1 << 20

_Records = tuple[Sequence[Mapping[str, Any]], Mapping[str, Any]]
_Sets = Mapping[str, tuple[LabelClass, ...]]


def write_labels(path: Path, entries: list[Entry], sets: _Sets) -> None:
    """Write entries and the classes of their label sets, beside and renamed.

    Raises CubeviewError if the suffix is none of the three or the file cannot be written.

    Parameters
    ----------
    path : Path
        ``.csv``, ``.ecsv`` or ``.json``.
    entries : list of Entry
    sets : mapping of label set to its classes
    """
    writers = {".csv": _csv, ".ecsv": _ecsv, ".json": _json}
    if path.suffix.lower() not in writers:
        raise CubeviewError(f"{path}: labels are written as .csv, .ecsv or .json; choose one.")
    text = writers[path.suffix.lower()](entries, sets)
    with refusing(path, "cannot be written"), replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="")


def read_labels(path: Path) -> tuple[list[Entry], dict[str, tuple[LabelClass, ...]]]:
    """Return entries and label sets of a file `export_labels` wrote, of any of the three formats.

    Raises CubeviewError saying what is missing; a file may have no label sets.
    """
    text = read_text(path)
    try:
        records, sets = _READERS.get(path.suffix.lower(), _from_csv)(path, text)
        found = {str(name): _classes(classes) for name, classes in sets.items()}
        return [_entry(record) for record in records], found
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise CubeviewError(
            f"{path}: not a file of labels CubeView wrote ({_brief(error)}). It needs the columns "
            f"{', '.join(_NEEDED)}."
        ) from error


def _from_json(path: Path, text: str) -> _Records:
    document = from_json(text)
    return document["labels"], document.get("label_sets", {})


def _from_ecsv(path: Path, text: str) -> _Records:
    import yaml

    lines = text.splitlines(keepends=True)
    count = next((place for place, line in enumerate(lines) if not line.startswith("#")), 0)
    try:
        # Not by astropy, which would work out whatever units the head gives its columns.
        head = yaml.safe_load("".join(line[2:] for line in lines[1:count])[:_LONGEST_HEAD])
    except yaml.YAMLError as error:
        raise ValueError("the head of the table is no YAML") from error
    _, rows, _ = csv_lines(path, "".join(lines[count:]))
    records = [record for _, record in rows]
    for record in records:
        record["note"] = _LINE_ESCAPE.sub(lambda m: _UNESCAPED[m[0]], record["note"])
    meta = dict(head).get("meta") or {}
    return records, from_json(dict(meta).get("label_sets", "{}"))


def _from_csv(path: Path, text: str) -> _Records:
    _, lines, _ = csv_lines(path, text)
    records, sets = [], {}
    for _, record in lines:
        # The first entry of a label set brings its classes along.
        if record.get("classes"):
            sets[record["label_set"]] = from_json(record["classes"])
        records.append(record)
    return records, sets


_READERS = {".json": _from_json, ".ecsv": _from_ecsv}


def _brief(error: Exception) -> str:
    text = str(error).replace("\n", " ")
    return text if len(text) <= _MOST_SAID else f"{text[:_MOST_SAID]}…"


def _entry(record: Mapping[str, Any]) -> Entry:
    """Return a record as an entry; ValueError, KeyError or TypeError where it cannot be one."""
    values = {"scores": record.get("scores", ""), **{name: record[name] for name in _NEEDED}}
    if isinstance(values["files"], str):  # of a table, not of JSON
        values = {name: formula_again(text) for name, text in values.items()}
        values["files"] = from_json(values["files"])
    if isinstance(values["scores"], Mapping):  # of JSON
        values["scores"] = json.dumps(values["scores"])
    values["scores"] = as_text(from_text(values["scores"]))
    values["files"] = dict(values["files"])
    values["class_name"] = values["class_name"] or None
    values["sure"] = _SURE[str(values["sure"]).casefold()]
    texts = {name: values[name] for name in _COLUMNS if name not in ("files", "sure")}
    for name, text in (*texts.items(), *values["files"].items()):
        if name == "class_name" and text is None:
            continue
        if not isinstance(text, str):
            raise ValueError(f"{name} is no text")
        text.encode()  # half a character is no text either
    for name in ("identity", "name", "label_set", "reader"):
        if not values[name].strip():
            raise ValueError(f"an entry without {name}")
    if values["kind"] not in KINDS:
        raise ValueError(f"kind {values['kind']!r} is none of {', '.join(KINDS)}")
    if values["window"] and not _is_box(values["window"]):
        raise ValueError(f"window {values['window']!r} is no box of voxels")
    at = datetime.fromisoformat(values["at"])
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    values["at"] = at.astimezone(UTC).isoformat(timespec="milliseconds")
    return Entry(**values)


def _is_box(text: str) -> bool:
    if not _WINDOW.fullmatch(text):
        return False
    ranges = [[int(end) for end in part.split(":")] for part in text.split(",")]
    return all(start < stop for start, stop in ranges)


def _classes(classes: Sequence[Mapping[str, Any]]) -> tuple[LabelClass, ...]:
    """Return the classes of a set; ValueError or TypeError where they make none."""
    found = tuple(LabelClass(**entry) for entry in classes)
    for entry in found:
        if not all(isinstance(v, str) for v in (entry.name, entry.key, entry.colour, entry.code)):
            raise ValueError("a class of a label set is no text")
        if not isinstance(entry.retired, bool):
            raise ValueError("retired is neither true nor false")
    if len({entry.name for entry in found}) < len(found):
        raise ValueError("two classes of a label set share a name")
    return found


def _plain_sets(sets: _Sets) -> dict[str, list[dict[str, Any]]]:
    return {name: [asdict(entry) for entry in classes] for name, classes in sets.items()}


def _for_readers(entry: Entry) -> dict[str, Any]:
    """Return the sums of the scores, None where segments are open, and a caution or none."""
    scores = from_text(entry.scores)
    sums = {name: None if scores.open else getattr(scores, name) for name in _SUMS}
    return {**sums, _CAUTION: OF_NOBODY if TWO_PATIENTS in entry.name else ""}


def _flat(entry: Entry) -> dict[str, str]:
    record = asdict(entry)
    record["files"] = json.dumps(dict(entry.files), sort_keys=True)
    record["class_name"] = entry.class_name or ""
    record |= _for_readers(entry)
    return {name: "" if value is None else no_formula(str(value)) for name, value in record.items()}


def _csv(entries: list[Entry], sets: _Sets) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, (*_COLUMNS, *_FOR_READERS, "classes"))
    writer.writeheader()
    classes = {name: json.dumps(found) for name, found in _plain_sets(sets).items()}
    for entry in entries:
        writer.writerow({**_flat(entry), "classes": classes.pop(entry.label_set, "")})
    return stream.getvalue()


def _ecsv(entries: list[Entry], sets: _Sets) -> str:
    from astropy.table import Table

    rows = [_flat(entry) for entry in entries]
    for row in rows:
        # An ECSV row is one line of text.
        row["note"] = row["note"].replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n")
    columns = (*_COLUMNS, *_FOR_READERS)
    table = Table(
        {name: [row[name] for row in rows] for name in columns},
        names=columns,
        dtype=[str] * len(columns),
        meta={"label_sets": json.dumps(_plain_sets(sets))},
    )
    stream = io.StringIO()
    table.write(stream, format="ascii.ecsv", delimiter=",")
    return stream.getvalue()


def _json(entries: list[Entry], sets: _Sets) -> str:
    records = [
        {
            **asdict(entry),
            "files": dict(entry.files),
            "scores": from_json(entry.scores or "{}"),
            **_for_readers(entry),
        }
        for entry in entries
    ]
    document = {"format": "cubeview-labels-1", "label_sets": _plain_sets(sets), "labels": records}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
