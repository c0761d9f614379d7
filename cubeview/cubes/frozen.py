"""How a frozen value crosses to another process."""

from dataclasses import fields
from types import MappingProxyType
from typing import Any


def rebuilt(value: Any) -> tuple[type, tuple[Any, ...]]:
    """Say how a dataclass is built again; what `__reduce__` of one with read-only parts is.

    Its constructor makes arrays and mappings read-only again, which pickle would not.
    """
    parts = [getattr(value, field.name) for field in fields(value)]
    return type(value), tuple(dict(p) if isinstance(p, MappingProxyType) else p for p in parts)
