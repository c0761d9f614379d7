"""What a kind of case brings to learning; each in the room that carries its name."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any, Protocol, TypeVar

from cubeview.cubes.case import Case
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError, Report
from cubeview.learn.models.prepared import Prepared

Config = TypeVar("Config")


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


def rebuilt(usual: Config, values: Mapping[str, Any]) -> Config:
    """Return how a card says its cases are prepared.

    Parameters
    ----------
    usual : dataclass with a ``kind``
        A preparation as this version makes it; each value is brought to the type it has there.
    values : mapping
        Of the card.

    Raises
    ------
    CubeviewError
        If the card asks for a preparation this version does not know.
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
        return type(usual)(**given)
    except (TypeError, ValueError) as error:
        raise CubeviewError(f"The model card's preparation is broken: {error}.") from error
