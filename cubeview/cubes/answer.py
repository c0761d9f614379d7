"""What a network said about a case, and where it looked."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, fields
from functools import cached_property
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Box
from cubeview.cubes.frozen import rebuilt
from cubeview.cubes.ventricle import Ventricle


@dataclass(frozen=True, eq=False)
class Answer:
    """What a model said of one case, whatever it was asked for.

    Parameters
    ----------
    case : Case
        The case it belongs to; a late answer for another case is dropped.
    model : str
        Name of the model, for the user.
    weights : str
        SHA-256 of the model's weights: which model it was. Empty where nobody knows.
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
        Why the case is unlike anything the model was trained on, so that its answer means
        nothing; empty when it is not.
    """

    task: ClassVar[str]

    case: Case
    model: str
    _: KW_ONLY
    weights: str = ""
    device: str = ""
    seconds: float = 0.0
    cautions: tuple[str, ...] = ()
    ventricles: Mapping[str, Ventricle] = field(default_factory=dict)
    distance: float | None = None
    unlike: str = ""

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, Mapping):
                object.__setattr__(self, entry.name, MappingProxyType(dict(value)))

    __reduce__ = rebuilt

    @property
    def answer(self) -> str:
        """The most probable class; empty where the answer is none of classes."""
        return ""

    @property
    def overlay(self) -> "Overlay | None":
        """The answer as the window draws it over the slices; None for one without a map."""
        return None


@dataclass(frozen=True, eq=False)
class Prediction(Answer):
    """Class probabilities of one case; see `Answer`.

    For hearts `abnormal`, 0 to 1, is the evidence for ischaemic, infarcted or mixed against
    healthy; artefact is a flag beside it, not a rival. None for models without that question.
    """

    task = "classify"

    probabilities: Mapping[str, float]  # by class, calibrated, sum 1, in the model's order
    abnormal: float | None = None

    @property
    def answer(self) -> str:
        """The most probable class."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])


@dataclass(frozen=True, eq=False)
class Segmentation(Answer):
    """A class for each voxel of one case, on the grid of each of its cubes; see `Answer`."""

    task = "segment"

    masks: Mapping[str, np.ndarray]  # by role, uint8 places in `classes`; 0 where nothing was shown
    boxes: Mapping[str, Box]  # which voxels of the cube each mask covers
    classes: tuple[str, ...]  # the first is the background

    @property
    def voxels(self) -> dict[str, int]:
        """How many voxels of the main cube each class but the background has, where it has any."""
        counts = np.bincount(self.masks[self.case.roles[0]].ravel(), minlength=len(self.classes))
        return {
            name: int(count)
            for name, count in zip(self.classes[1:], counts[1:], strict=True)
            if count
        }

    @property
    def overlay(self) -> "Overlay":
        """The mask, empty where it marks nothing."""
        values = {
            role: np.where(mask > 0, mask, np.nan).astype(np.float32)
            for role, mask in self.masks.items()
        }
        target = ", ".join(self.voxels)
        return Overlay(self.case, values, self.boxes, MASK, target, self.model, "class")


@dataclass(frozen=True, eq=False)
class Embedding(Answer):
    """One case as a vector: near each other are cases that look alike; see `Answer`."""

    task = "embed"

    vector: np.ndarray  # shape (n,), float32
    missed: float  # share of the input's variance not to be rebuilt from it, 0 to about 1


@dataclass(frozen=True, eq=False)
class Estimate(Answer):
    """A number with its 95 % interval, in `unit`, empty for a pure number; see `Answer`."""

    task = "estimate"

    quantity: str  # what it is of: "redshift"
    value: float
    low: float
    high: float
    unit: str = ""


ANSWERS: dict[str, type[Answer]] = {
    answer.task: answer for answer in (Prediction, Segmentation, Embedding, Estimate)
}
"""What a model of each task answers with; a new task is one entry."""


MASK = "mask"


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
        What made it: `MASK` for one that says what is where; else as
        `cubeview.learn.explain.methods` calls it: ``"CAM"``.
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

    @property
    def name(self) -> str:
        """What the map is, for whoever looks at it: ``"CAM · ischaemic · heart-net"``."""
        return " · ".join(filter(None, (self.method, self.target, self.model)))

    @cached_property
    def peak(self) -> float:
        """Largest absolute value over all roles; 0 for an empty map."""
        peaks = [np.nanmax(np.abs(v)) for v in self.values.values() if np.isfinite(v).any()]
        return float(max(peaks, default=0.0))
