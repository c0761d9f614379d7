"""What a network said about a case, and where it looked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Box
from cubeview.cubes.frozen import rebuilt
from cubeview.cubes.ventricle import Ventricle


@dataclass(frozen=True, eq=False)
class Prediction:
    """Class probabilities of one case.

    Parameters
    ----------
    case : Case
        The case it belongs to; a late answer for another case is dropped.
    model : str
        Name of the model, for the user.
    probabilities : mapping of class name to float
        Calibrated, sum 1, in the model's class order.
    abnormal : float or None
        Hearts: evidence for ischaemic, infarcted or mixed against healthy, 0 to 1; artefact is a
        flag beside it, not a rival. None for models without that question.
    device : str
        Where it was computed, with the reason when not on an accelerator: ``"CPU"``.
    seconds : float
    cautions : tuple of str
        Reasons to distrust the answer, in words (ventricle doubtful, unlike the training data).
    ventricles : mapping of role to Ventricle
        The geometry that was used; empty for sky cubes.
    distance : float or None
        How far the case lies from the training data, 1 being as far as 99 in 100 of their kind.
        None for models that do not know.
    unlike : str
        Why the case is unlike anything the model was trained on, so that its most probable class
        means nothing; empty when it is not.
    weights : str
        SHA-256 of the model's weights: which model it was. Empty where nobody knows.
    """

    task: ClassVar[str] = "classify"

    case: Case
    model: str
    probabilities: Mapping[str, float]
    abnormal: float | None
    device: str
    seconds: float
    cautions: tuple[str, ...] = ()
    ventricles: Mapping[str, Ventricle] = field(default_factory=dict)
    distance: float | None = None
    unlike: str = ""
    weights: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "probabilities", MappingProxyType(dict(self.probabilities)))
        object.__setattr__(self, "ventricles", MappingProxyType(dict(self.ventricles)))

    __reduce__ = rebuilt

    @property
    def answer(self) -> str:
        """The most probable class."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])


Answer = Prediction

ANSWERS: dict[str, type[Answer]] = {answer.task: answer for answer in (Prediction,)}
"""What a model of each task answers with; a new task is one entry."""


@dataclass(frozen=True, eq=False)
class Overlay:
    """A map of where the network looked, on the voxel grid of each cube of a case.

    Parameters
    ----------
    case : Case
    values : mapping of role to ndarray, shape of that role's box, float32
        NaN where the map says nothing (outside what the network was shown).
    boxes : mapping of role to Box
        Which voxels of the cube `values` covers.
    method : str
        What made it, as `cubeview.learn.explain.methods` calls it: ``"CAM"``.
    target : str
        Class the map speaks for.
    model : str
        Name of the model.
    unit : str
        Meaning of the values, for the colour bar: ``"logit"``, ``"drop in logit"``.
    settings : mapping of str to str
        Choices that made it (patch, stride, fill, channel), for the caption and the export.
    complete : bool
        False for a coarse map that is still being refined.
    """

    case: Case
    values: Mapping[str, np.ndarray] = field(repr=False)
    boxes: Mapping[str, Box]
    method: str
    target: str
    model: str
    unit: str
    settings: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True

    def __post_init__(self) -> None:
        for name in ("values", "boxes", "settings"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    __reduce__ = rebuilt

    @cached_property
    def peak(self) -> float:
        """Largest absolute value over all roles; 0 for an empty map."""
        peaks = [np.nanmax(np.abs(v)) for v in self.values.values() if np.isfinite(v).any()]
        return float(max(peaks, default=0.0))
