"""How a frozen value crosses to another process."""

from collections.abc import Callable
from dataclasses import fields
from types import MappingProxyType
from typing import Any


def rebuilt(value: Any) -> tuple[Callable[..., Any], tuple[type, dict[str, Any]]]:
    """Say how a dataclass is built again; what `__reduce__` of one with read-only parts is.

    Its constructor makes arrays and mappings read-only again, which pickle would not.
    """
    parts = {field.name: getattr(value, field.name) for field in fields(value)}
    return _made, (
        type(value),
        {n: dict(p) if isinstance(p, MappingProxyType) else p for n, p in parts.items()},
    )


def _made(kind: type, parts: dict[str, Any]) -> Any:
    return kind(**parts)
