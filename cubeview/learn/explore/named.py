"""Names that a reader gave to some cases, carried to those that lie among them.

The boundary between two names is that of a support-vector machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cubeview.errors import CubeviewError
from cubeview.learn.explore.plane import places_of

_AXES = 10
_FOLDS = 5
_SEED = 0

FEWEST_NAMED = 3
"""Cases of a name below which it is not carried to others."""


@dataclass(frozen=True, eq=False)
class Named:
    """What all cases would be called.

    Parameters
    ----------
    of : tuple of str, shape (n,)
        Empty for none.
    right : float
        Mean share of each name's cases that folds which never saw them called rightly.
    """

    of: tuple[str, ...]
    right: float


def carried(values: np.ndarray, names: Mapping[int, str]) -> Named:
    """Return what all cases would be called after those that a reader named.

    Parameters
    ----------
    values : ndarray, shape (n, features)
    names : mapping of case to str
        Cases by their place in `values`.

    Raises
    ------
    CubeviewError
        Without two names of three cases each.
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.svm import SVC

    counts = {name: list(names.values()).count(name) for name in set(names.values())}
    known = [case for case, name in names.items() if counts[name] >= FEWEST_NAMED]
    kept = sorted({names[case] for case in known})
    if len(kept) < 2:
        raise CubeviewError(
            f"names are carried to other cases from two names of {FEWEST_NAMED} cases each on: "
            "name more."
        )
    places = places_of(values, _AXES)
    truth = np.array([kept.index(names[case]) for case in known])
    machine = SVC(class_weight="balanced", random_state=_SEED)
    folds = StratifiedKFold(min(_FOLDS, min(counts[name] for name in kept)), shuffle=True,
                            random_state=_SEED)  # fmt: skip
    said = cross_val_predict(machine, places[known], truth, cv=folds)
    right = float(np.mean([(said[truth == n] == n).mean() for n in range(len(kept))]))
    found = machine.fit(places[known], truth).predict(places)
    found[known] = truth
    return Named(tuple(kept[number] for number in found), right)
