"""Which of many DICOM files lying loose may be of one case, by their first tags alone."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydicom import dcmread

_FEW = 64
_TAGS = ("StudyInstanceUID", "PatientID")


def loose_groups(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Yield files in groups: those of one study or of one patient number, in order of appearance.

    Rest and stress of one person are looked for within a group. What says neither, or is no
    DICOM, may belong together by its name: it makes the last group. So does, among a few, what
    names no patient: such scans pair because they lie together.

    Parameters
    ----------
    paths : sequence of Path
    """
    few = len(paths) <= _FEW
    leader: dict[str, str] = {}

    def first(key: str) -> str:
        while leader.setdefault(key, key) != key:
            key = leader[key]
        return key

    whose: dict[Path, str] = {}
    for path in paths:
        keys = _keys(path)
        for key in keys[1:]:
            leader[first(key)] = first(keys[0])
        whose[path] = keys[0] if keys else ""
    persons = {first(key) for key in list(leader) if key.startswith(_TAGS[1])}
    groups: dict[str, list[Path]] = {}
    for path, key in whose.items():
        known = first(key) if key else ""
        groups.setdefault(known if known in persons or not few else "", []).append(path)
    unknown = groups.pop("", [])
    yield from groups.values()
    if unknown:
        yield unknown


def _keys(path: Path) -> list[str]:
    try:
        found = dcmread(path, stop_before_pixels=True, specific_tags=list(_TAGS))
    except Exception:  # what is wrong with it is said when it is opened
        return []
    return [f"{tag} {value}" for tag in _TAGS if (value := str(found.get(tag) or "").strip())]
