"""What a cube is: frozen values and plain functions, free of files, networks and windows."""

import copyreg
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


def read_only(entries: Mapping[Any, Any]) -> MappingProxyType[Any, Any]:
    """Return a copy of a mapping that nobody can change."""
    return MappingProxyType(dict(entries))


# Frozen values hold such mappings, and what crosses a thread may have to cross a process: pickle
# refuses them unless told how they are made again.
copyreg.pickle(MappingProxyType, lambda entries: (read_only, (dict(entries),)))
