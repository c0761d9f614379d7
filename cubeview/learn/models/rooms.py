"""What a kind of case brings to learning; each in the room that carries its name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any, NamedTuple, TypeVar

import numpy as np
from scipy.ndimage import distance_transform_edt

from cubeview.errors import CubeviewError
from cubeview.learn.models.prepared import Prepared

Config = TypeVar("Config")
Trial = Callable[[np.ndarray, np.random.Generator], np.ndarray]


class Asked(NamedTuple):
    """One figure that a report holds against a bar.

    Parameters
    ----------
    words : str
    keys : tuple of str
        The way to it in a model's entry; where a table lies there, its lowest figure.
    bar : float
    more : bool
        Whether more is better.
    """

    words: str
    keys: tuple[str, ...]
    bar: float
    more: bool = True


@dataclass(frozen=True, eq=False)
class Known:
    """A simulated case as network input, and where what makes its class lies.

    Parameters
    ----------
    label : str
    prepared : Prepared
    region : ndarray of bool, shape (d, h, w)
        Where a map may point: the wall of a heart, all of a window.
    site : ndarray of bool, shape (d, h, w)
        The place; empty where the class has none.
    reach_px : float
        How far from the place still counts as finding it.
    """

    label: str
    prepared: Prepared
    region: np.ndarray
    site: np.ndarray
    reach_px: float

    @cached_property
    def near(self) -> np.ndarray:
        """Voxels of the region close enough to the place."""
        if not self.site.any():
            return self.site
        close: np.ndarray = self.region & (distance_transform_edt(~self.site) <= self.reach_px)
        return close


@dataclass(frozen=True)
class Simulator:
    """Where cases with a known place come from.

    Parameters
    ----------
    known : callable
        From a card's preprocess entries and channels, a class, a generator and the case's name.
    classes : tuple of str
    version : str
    within : str
        How near to the place counts, in words.
    """

    known: Callable[[Mapping[str, Any], tuple[str, ...], str, np.random.Generator, str], Known]
    classes: tuple[str, ...]
    version: str
    within: str


@dataclass(frozen=True)
class Room:
    """All that learning must know of one kind of case.

    Parameters
    ----------
    config : callable
        From the preprocess entries of a card to what `prepare` takes.
    prepare : callable
        From a case to network input: as `cubeview.learn.heart.prepare.prepare_heart`.
    augment : callable
        From a case's input, shape (channel, z, y, x), names of the kind's `variations` and a
        generator to a varied copy.
    asked : tuple of Asked
        What a report holds a model against.
    simulator : Simulator, optional
        What its maps are checked with.
    trials : mapping of str to callable
        What may change in a scan and leave the answer as it is, by its words for the user: from an
        input, shape (channel, z, y, x), and a generator to a changed copy. The first is the noise.
    """

    config: Callable[[Mapping[str, Any]], Any]
    prepare: Callable[..., Prepared]
    augment: Callable[[np.ndarray, Sequence[str], np.random.Generator], np.ndarray]
    asked: tuple[Asked, ...] = ()
    simulator: Simulator | None = None
    trials: Mapping[str, Trial] = field(default_factory=dict)


def room_of(kind: str) -> Room:
    """Return the room of a kind: `ROOM` in ``cubeview.learn.<kind>.room``, loaded when asked."""
    room: Room = import_module(f"cubeview.learn.{kind}.room").ROOM
    return room


def rebuilt(usual: Config, values: Mapping[str, Any]) -> Config:
    """Return how a card's values say its cases are prepared.

    `usual` is a dataclass with a ``kind``, a preparation as this version makes it, and with
    ``limits``, from and to which its values make sense; each value is brought to the type it has
    there. Raises CubeviewError if the card asks for a preparation this version does not know, or
    one beyond the limits, whose answers would be nothing's.
    """
    known = asdict(usual)  # type: ignore[call-overload]
    unknown, kind = sorted(set(values) - set(known)), known["kind"]
    if unknown or values.get("kind", kind) != kind:
        raise CubeviewError(
            f"The model card asks for a {kind} preparation this version does not know "
            f"({', '.join(unknown) or values.get('kind')}); use a newer CubeView."
        )
    try:
        given = {name: type(known[name])(value) for name, value in values.items()}
        for name, value in given.items():
            low, high = usual.limits.get(name, (value, value))  # type: ignore[attr-defined]
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}, not from {low} to {high}")
        return type(usual)(**given)
    except (TypeError, ValueError, OverflowError) as error:
        raise CubeviewError(f"The model card's preparation is broken: {error}.") from error
