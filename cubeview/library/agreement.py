"""How far readers agree: confusion of two readers and Cohen's kappa."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Agreement:
    """Two readers over the cases both labelled."""

    classes: tuple[str, ...]
    confusion: np.ndarray  # shape (n, n), int; rows the first reader's class, columns the second's
    kappa: float  # Cohen's; NaN when chance alone explains everything (one class only)
    disputed: tuple[int, ...]  # cases the two name differently, for adjudication


def agreement(
    first: Mapping[int, str], second: Mapping[int, str], classes: Sequence[str]
) -> Agreement:
    """Compare two readers' labels by case.

    Source: J. Cohen, Educational and Psychological Measurement 20 (1960) 37, unweighted.

    Parameters
    ----------
    first, second : mapping of case number to class
        Only cases in both count.
    classes : sequence of str
        Order of the confusion matrix; classes met beyond it are appended.
    """
    both = sorted(first.keys() & second.keys())
    met = [label for case in both for label in (first[case], second[case])]
    names = tuple(dict.fromkeys([*classes, *met]))
    place = {name: index for index, name in enumerate(names)}
    confusion = np.zeros((len(names), len(names)), dtype=int)
    for case in both:
        confusion[place[first[case]], place[second[case]]] += 1
    total = confusion.sum()
    kappa = float("nan")
    if total:
        observed = np.trace(confusion) / total
        chance = float(confusion.sum(axis=0) @ confusion.sum(axis=1)) / total**2
        if chance < 1:
            kappa = float((observed - chance) / (1 - chance))
    disputed = tuple(case for case in both if first[case] != second[case])
    return Agreement(names, confusion, kappa, disputed)
