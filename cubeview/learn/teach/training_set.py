"""Labelled cases as the fine-tuner takes them: prepared inputs, classes, groups and folds."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cubeview.errors import CubeviewError, Report, nothing
from cubeview.kinds import kind_of
from cubeview.learn.ask.predict import prepare_case
from cubeview.learn.models.card import Card
from cubeview.learn.teach.labelled import Entry, too_few
from cubeview.library import ventricles as placed

FEW = 5
"""Fewer cases of a class than this are called too few in the pre-flight."""


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Labelled network inputs.

    Parameters
    ----------
    inputs : ndarray, shape (n, channel, d, h, w), float32
    truth : ndarray of int, shape (n,)
        Index into `classes`.
    classes : tuple of str
    names : tuple of str
        What each case is called.
    groups : tuple of str
        Patient or field; cases of one group never part between training and test.
    problems : tuple of str
        Cases left out, each with the reason.
    cautions : tuple of str
        Cases kept although their preparation is doubtful.
    """

    inputs: np.ndarray
    truth: np.ndarray
    classes: tuple[str, ...]
    names: tuple[str, ...]
    groups: tuple[str, ...]
    problems: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def digest(self) -> str:
        """SHA-256 of what is learnt from: every input with its class."""
        digest = hashlib.sha256()
        for values, label in zip(self.inputs, self.truth, strict=True):
            digest.update(values.tobytes() + self.classes[label].encode())
        return digest.hexdigest()


def gather(
    labelled: Sequence[Entry], card: Card, *, order: Sequence[str] = (), report: Report = nothing
) -> TrainingSet:
    """Open and prepare labelled cases as for a question, one at a time in memory.

    Ventricles the user placed by hand are used here as they are there. Cases that could not be
    opened or prepared are left out and named in ``problems``.

    Parameters
    ----------
    labelled : sequence of Entry
    card : Card
        Of the base model: decides the preparation.
    order : sequence of str
        Preferred order of classes; others follow as met.
    report : callable

    Raises
    ------
    CubeviewError
        If fewer than two classes remain.
    """
    inputs, kept, problems, cautions = [], [], [], []
    for done, entry in enumerate(labelled):
        at, text = done / len(labelled), f"preparing {entry.name}"
        report(at, text)
        try:
            case = entry.open()
            ventricles = placed.recall(case) if kind_of(case).ventricle else {}
            prepared = prepare_case(
                card, case, ventricles=ventricles, report=lambda *_, at=at, t=text: report(at, t)
            )
        except CubeviewError as error:
            problems.append(f"{entry.name}: {error}")
            continue
        inputs.append(prepared.input)
        kept.append(entry)
        cautions += [f"{entry.name}: {text}" for text in prepared.cautions]
    met = tuple(dict.fromkeys(entry.class_name for entry in kept))
    classes = tuple(name for name in order if name in met)
    classes += tuple(name for name in met if name not in classes)
    if len(classes) < 2:
        said = f" Left out: {problems[0]}" if problems else ""
        raise CubeviewError(
            f"fine-tuning needs cases of at least two classes; there are {len(kept)} usable cases "
            f"of {len(classes)}.{said}"
        )
    return TrainingSet(
        inputs=np.stack(inputs).astype(np.float32),
        truth=np.array([classes.index(entry.class_name) for entry in kept]),
        classes=classes,
        names=tuple(entry.name for entry in kept),
        groups=_with_twins(inputs, [entry.group or entry.name for entry in kept]),
        problems=tuple(problems),
        cautions=tuple(cautions),
    )


def preflight(examples: TrainingSet, folds: int) -> list[str]:
    """Say what a fine-tune would do and what is doubtful about it, a sentence each.

    Raises CubeviewError if the cases cannot be divided into the folds at all.
    """
    counts = Counter(examples.classes[index] for index in examples.truth)
    listed = ", ".join(f"{counts[name]} {name}" for name in examples.classes)
    lines = [f"{len(examples)} cases: {listed}"]
    for number, name in enumerate(examples.classes):
        groups = {examples.groups[case] for case in np.flatnonzero(examples.truth == number)}
        if len(groups) < folds:
            raise too_few(name, len(groups), folds)
        if counts[name] < FEW:
            lines.append(f"Only {counts[name]} cases of {name}: its figures are very uncertain.")
    most, least = max(counts.values()), min(counts.values())
    if most > 3 * least:
        lines.append(f"Unbalanced ({most} to {least}): classes are weighted equally in training.")
    shared = sum(number > 1 for number in Counter(examples.groups).values())
    if shared:
        lines.append(f"{shared} patients or fields have several cases; each is kept in one fold.")
    twins = _duplicates(examples)
    if twins:
        names = ", ".join(examples.names[index] for index in list(twins)[:3])
        lines.append(
            f"{len(twins)} cases have the same image as another and stay in its fold: {names}."
        )
    truth = examples.truth
    torn = [examples.names[i] for i, first in twins.items() if truth[i] != truth[first]]
    if torn:
        lines.append(f"The same image under two classes: {', '.join(torn[:3])}. Decide for one.")
    lines += [f"Left out: {text}" for text in examples.problems]
    lines += [f"Doubtful: {text}" for text in examples.cautions]
    return lines


def grouped_folds(examples: TrainingSet, folds: int, seed: int) -> np.ndarray:
    """Return the fold in which each case is tested, int, shape (n,).

    Groups are kept whole and classes spread evenly.

    Parameters
    ----------
    examples : TrainingSet
    folds, seed : int
    """
    members: dict[str, list[int]] = {}
    for index, group in enumerate(examples.groups):
        members.setdefault(group, []).append(index)
    groups = list(members)
    np.random.default_rng(seed).shuffle(groups)
    # Largest groups first, each to the fold that has fewest of its classes.
    groups.sort(key=lambda group: -len(members[group]))
    filled = np.zeros((folds, len(examples.classes)))
    share = np.bincount(examples.truth, minlength=len(examples.classes))
    where = np.zeros(len(examples), dtype=int)
    for group in groups:
        need = np.bincount(examples.truth[members[group]], minlength=len(examples.classes))
        crowding = ((filled + need) / share) @ (need > 0) + 1e-3 * filled.sum(axis=1)
        fold = int(np.argmin(crowding))
        filled[fold] += need
        where[members[group]] = fold
    return where


def _duplicates(examples: TrainingSet) -> dict[int, int]:
    """Return for each case whose image was met before the first case that has it."""
    seen: dict[bytes, int] = {}
    firsts = [seen.setdefault(values.tobytes(), i) for i, values in enumerate(examples.inputs)]
    return {index: first for index, first in enumerate(firsts) if first != index}


def _with_twins(inputs: Sequence[np.ndarray], groups: Sequence[str]) -> tuple[str, ...]:
    """Return the groups, those that share an image made one."""
    seen: dict[bytes, str] = {}
    joined = {group: group for group in groups}

    def root(group: str) -> str:
        while joined[group] != group:
            group = joined[group]
        return group

    for values, group in zip(inputs, groups, strict=True):
        joined[root(group)] = root(seen.setdefault(values.tobytes(), group))
    return tuple(root(group) for group in groups)
