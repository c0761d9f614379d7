"""Scans to cases: rest with stress of the same heart, like with like.

Scans pair within one study; what is left pairs across studies of one patient, or by file name
where a file has lost its identities. Identities are compared here and never shown: cases are
named by a hash. Whatever is not certain becomes the case's question.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from datetime import date

from cubeview.cubes.case import TWO_PATIENTS, Case
from cubeview.cubes.cube import Note
from cubeview.io.corrections import Choice
from cubeview.io.dicom.nm import Scan
from cubeview.io.dicom.state import Finding, State, state_of_path, state_of_text, words
from cubeview.kinds import kind_of

TWO_DAY_LIMIT_DAYS = 60
"""Rest and stress further apart are two examinations, not one protocol."""

_LIKE = ("kind", "view", "attenuation correction", "part of the file")
_ALIKE = ("pose", "gating", "matrix", "voxel size", "reconstruction", "description")

Key = Callable[[Scan], Hashable]


def pair(scans: Iterable[Scan], chosen: Mapping[str, Choice] | None = None) -> tuple[Case, ...]:
    """Group scans, of any number of patients and in any order, into cases; each is in exactly one.

    What the user said earlier, `chosen` by the hash of the pixels, goes before what the files say.
    """
    scans = sorted(scans, key=lambda scan: (scan.order, scan.path))
    studies = Counter(scan.study for scan in scans)
    left = [_with_state(scan, alone=studies[scan.study] == 1) for scan in scans]
    volumes = [scan for scan in left if not kind_of(scan.cube).states]
    cases = [Case(_titled(scan), "volume", {"flux": scan.cube}) for scan in volumes]
    left = [_as_chosen(scan, chosen or {}) for scan in left if kind_of(scan.cube).states]
    cases += _chosen_pairs(left, chosen or {})
    alone = [s for s in left if (kept := (chosen or {}).get(s.digest)) and kept.is_alone(s.digest)]
    cases += [_single(scan) for scan in alone]
    _take(left, *alone)
    ways: tuple[tuple[Key, str, str], ...] = (
        (lambda scan: scan.study, "both series are of one study", ""),
        (
            lambda scan: scan.patient,
            "the series are of two studies of one patient",
            "Rest and stress come from two studies filed under one patient. Do they belong "
            "together?",
        ),
        (_nameless, "the file names differ in the state only", ""),
    )
    for key, reason, question in ways:
        groups: dict[Hashable, list[Scan]] = {}
        for scan in left:
            if key(scan):
                groups.setdefault(key(scan), []).append(scan)
        for group in groups.values():
            cases += _known_pairs(group, left, reason, question)
            if not question:
                cases += _unknown_pairs(group, left, reason)
    cases += [_single(scan) for scan in left]
    return tuple(cases)


def _with_state(scan: Scan, *, alone: bool) -> Scan:
    """Add what the file name says where the header is silent, and note what is weak.

    A study called "stress test" says nothing about one scan of several.
    """
    finding, named = scan.finding, state_of_path(scan.path)
    if finding.whole_study and (named.state or not alone):
        finding = Finding("")
    notes: tuple[Note, ...] = ()
    if not finding.state and not finding.contradictory and named.state:
        finding = named
    if finding.state and finding.weak:
        said = finding.evidence[0].partition(": ")[2]
        text = f"taken as {finding.state} because {said}"
        notes = (Note("guess", text, "rest or stress"),)
    elif finding.state and named.state not in ("", finding.state):
        other = named.evidence[0].partition(": ")[2]
        notes = (Note("info", f"{other}, but the header says {finding.state}: header followed"),)
    cube = replace(scan.cube, notes=(*scan.cube.notes, *notes))
    return replace(scan, finding=finding, cube=cube)


def _as_chosen(scan: Scan, chosen: Mapping[str, Choice]) -> Scan:
    """Let the user's word stand for what the header says."""
    choice = chosen.get(scan.digest)
    if choice is None:
        return scan
    state: State = "rest" if choice.role == "rest" else "stress"
    notes = tuple(note for note in scan.cube.notes if note.about != "rest or stress")
    finding = Finding(state, (f"{state}: the user called this scan so",))
    return replace(scan, finding=finding, cube=replace(scan.cube, notes=notes))


def _chosen_pairs(left: list[Scan], chosen: Mapping[str, Choice]) -> list[Case]:
    """Pair what the user has paired or confirmed; takes the scans out of `left`."""
    cases = []
    for stress in list(left):
        choice = chosen.get(stress.digest)
        if choice is None or choice.role != "stress":
            continue
        rest = next((s for s in left if s.digest == choice.partner), None)
        if rest is not None and rest.finding.state == "rest":
            _take(left, stress, rest)
            cases.append(_case(stress, rest, "the user said they belong together", ""))
    return cases


def _nameless(scan: Scan) -> Hashable:
    """Return folder and file name without the state, for a scan that has lost its identities."""
    if scan.study or scan.patient:
        return ""
    rest_of_name = [word for word in words(scan.path.stem) if not state_of_text(word)[0]]
    digits = "".join(c if c.isdigit() else " " for c in scan.path.stem).split()
    return str(scan.path.parent), *rest_of_name, *digits


def _fits(one: Scan, other: Scan) -> bool:
    """Tell whether two scans are like enough to compare; what a file does not say fits all."""
    return all(a == b or not a or not b for a, b in zip(one.like, other.like, strict=True)) and (
        _days_apart(one, other) <= TWO_DAY_LIMIT_DAYS
    )


def _days_apart(one: Scan, other: Scan) -> int:
    try:
        days = [date(int(d[:4]), int(d[4:6]), int(d[6:8])) for d in (one.day, other.day)]
    except ValueError:
        return 0
    return abs((days[0] - days[1]).days)


def _likeness(one: Scan, other: Scan) -> int:
    pairs = [*zip(one.alike, other.alike, strict=True), *zip(one.like, other.like, strict=True)]
    return sum(a == b for a, b in pairs)


def _known_pairs(group: list[Scan], left: list[Scan], reason: str, question: str) -> list[Case]:
    """Pair scans of known state, the most alike first; takes them out of `left`."""
    candidates = [
        (_likeness(stress, rest), stress, rest)
        for stress in group
        for rest in group
        if stress.finding.state == "stress" and rest.finding.state == "rest" and _fits(stress, rest)
    ]
    candidates.sort(key=lambda candidate: -candidate[0])
    cases = []
    for likeness, stress, rest in candidates:
        if not (_has(left, stress) and _has(left, rest)):
            continue
        rivals = [
            (s, r)
            for score, s, r in candidates
            if score == likeness
            and (s is stress) != (r is rest)
            and _has(left, s)
            and _has(left, r)
        ]
        asked = question
        poses = stress.alike[0], rest.alike[0]
        if all(poses) and poses[0] != poses[1]:
            asked = (
                f"Stress was scanned {poses[0]}, rest {poses[1]}: the body shadows the heart "
                "differently. Do you mean to compare the two?"
            )
        if rivals:
            asked = (
                f"{len(rivals) + 1} combinations of rest and stress fit equally well; the first "
                "was taken. Is it the one you mean? If not, open just its two files."
            )
        _take(left, stress, rest)
        cases.append(_case(stress, rest, reason, asked))
    return cases


def _unknown_pairs(group: list[Scan], left: list[Scan], reason: str) -> list[Case]:
    """Pair the two like scans that are left when one or both states are open, and ask."""
    cases = []
    for scan in group:
        if not _has(left, scan) or scan.finding.state:
            continue
        others = [o for o in group if o is not scan and _has(left, o) and _fits(scan, o)]
        if len(others) != 1:
            continue
        other = others[0]
        _take(left, scan, other)
        known: State = other.finding.state
        stress, rest = (other, scan) if known == "stress" else (scan, other)
        why = "is contradictory about" if scan.finding.contradictory else "does not say"
        if known:
            asked = (
                f"One file says {known}; the other {why} whether it is rest or stress and was "
                "taken for the partner. Is that right? If not, swap them."
            )
        else:
            asked = (
                "The files do not say clearly which scan is rest and which is stress; the first "
                "series is shown as stress. Check, and swap them if needed."
            )
        cases.append(_case(stress, rest, reason, asked))
    return cases


def _has(scans: list[Scan], wanted: Scan) -> bool:
    return any(scan is wanted for scan in scans)


def _take(left: list[Scan], *taken: Scan) -> None:
    left[:] = [scan for scan in left if not any(scan is one for one in taken)]


def _case(stress: Scan, rest: Scan, reason: str, question: str) -> Case:
    shared = [n for n, a, b in zip(_LIKE, stress.like, rest.like, strict=True) if a == b and a]
    apart = [n for n, a, b in zip(_ALIKE, stress.alike, rest.alike, strict=True) if a != b]
    evidence = [*stress.finding.evidence, *rest.finding.evidence]
    evidence.append(f"paired: {reason}; same {', '.join(shared)}")
    if apart:
        evidence.append(f"they differ in {', '.join(apart)}")
    case = Case(
        name=_name(stress, rest),
        kind="heart",
        cubes={"stress": stress.cube, "rest": rest.cube},
        evidence=tuple(dict.fromkeys(evidence)),
        question=question,
    )
    return replace(case, name=f"{case.name}{TWO_PATIENTS}") if case.apart else case


def _single(scan: Scan) -> Case:
    finding: Finding = scan.finding
    question = ""
    if finding.contradictory:
        question = "The file contradicts itself about rest and stress. Which of the two is it?"
    elif not finding.state:
        question = "Nothing in the file says whether this is rest or stress. Which is it?"
    return Case(
        name=_titled(scan),
        kind="heart",
        cubes={finding.state or "heart": scan.cube},
        evidence=finding.evidence,
        question=question,
    )


def _titled(scan: Scan) -> str:
    """Return the name of a single scan, with the part of the file where that has several."""
    part = scan.cube.source.part if scan.cube.source else ""
    return f"{_name(scan)} [{part}]" if part else _name(scan)


def _name(*scans: Scan) -> str:
    """Return a name that tells cases apart and says nothing about the patient."""
    names = {scan.simulated for scan in scans}
    if len(names) == 1 and names != {""}:
        return names.pop()
    identity = "|".join(sorted(f"{scan.study}/{scan.instance}/{scan.digest}" for scan in scans))
    return f"Case {hashlib.sha256(identity.encode()).hexdigest()[:4].upper()}"
