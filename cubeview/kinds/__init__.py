"""The kinds of case there are; a new one is a file here and an entry in `KINDS`."""

from typing import Protocol

from cubeview.kinds.heart import HEART as HEART
from cubeview.kinds.kind import Code as Code
from cubeview.kinds.kind import Kind as Kind
from cubeview.kinds.picture import PICTURE as PICTURE
from cubeview.kinds.sky import SKY as SKY
from cubeview.kinds.spectrum import SPECTRUM as SPECTRUM
from cubeview.kinds.volume import VOLUME as VOLUME

KINDS: dict[str, Kind] = {kind.key: kind for kind in (HEART, SKY, VOLUME, SPECTRUM, PICTURE)}


class _OfAKind(Protocol):
    @property
    def kind(self) -> str: ...


def kind_of(thing: _OfAKind) -> Kind:
    """Return the kind of a case, a cube or a card, whatever names its own."""
    return KINDS[thing.kind]
