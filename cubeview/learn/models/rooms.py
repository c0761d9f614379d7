"""What a kind of case brings to learning; each in the room that carries its name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from cubeview.cubes.case import Case
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import Report
from cubeview.learn.models.prepared import Prepared


class Prepare(Protocol):
    """Turns a case into network input: as `cubeview.learn.heart.prepare.prepare_heart`."""

    def __call__(
        self,
        case: Case,
        config: Any,
        roles: tuple[str, ...],
        *,
        ventricles: Mapping[str, Ventricle] | None,
        report: Report,
    ) -> Prepared:
        """Return the prepared case."""
        ...


@dataclass(frozen=True)
class Room:
    """How cases of one kind become network input.

    Parameters
    ----------
    config : callable
        From the preprocess entries of a card to what `prepare` takes.
    prepare : Prepare
    """

    config: Callable[[Mapping[str, Any]], Any]
    prepare: Prepare


def room_of(kind: str) -> Room:
    """Return the room of a kind: `ROOM` in ``cubeview.learn.<kind>.room``, loaded when asked."""
    room: Room = import_module(f"cubeview.learn.{kind}.room").ROOM
    return room
