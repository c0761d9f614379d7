"""Frozen values as plain JSON, and back with every part checked against its type."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np


def written(value: Any) -> Any:
    """Return a value of dataclasses, arrays, mappings and sequences as JSON can hold it.

    A number that is none becomes None: JSON has no NaN.
    """
    if is_dataclass(value):
        return {field.name: written(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): written(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return written(value.tolist())
    if isinstance(value, list | tuple):
        return [written(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def typed(value: Any, kind: Any, where: str = "") -> Any:
    """Return what JSON says as a value of a type; the other way of `written`.

    Parameters
    ----------
    value : object
        As `json.loads` gives it.
    kind : type
        Of dataclasses, tuples, mappings, literals, numbers and texts; a number that is None is NaN.
    where : str
        What the value is, for the message.

    Raises
    ------
    ValueError
        If it is of another type, saying where.
    """
    origin, parts = get_origin(kind), get_args(kind)
    if kind is Any or (kind in (bool, int, str, NoneType) and type(value) is kind):
        return value
    if kind is float and (value is None or type(value) in (int, float)):
        return float("nan") if value is None else float(value)
    if origin is Literal and any(value == one and type(value) is type(one) for one in parts):
        return value
    if origin in (Union, UnionType):
        if value is None and NoneType in parts:
            return None
        (other,) = (part for part in parts if part is not NoneType)
        return typed(value, other, where)
    if origin is tuple and isinstance(value, list):
        if parts[-1:] == (Ellipsis,):
            parts = (parts[0],) * len(value)
        if len(parts) == len(value):
            pairs = zip(value, parts, strict=True)
            return tuple(typed(one, part, f"{where}[{n}]") for n, (one, part) in enumerate(pairs))
    if isinstance(value, dict):
        if origin is not None and issubclass(origin, Mapping):
            return {key: typed(one, parts[1], f"{where}.{key}") for key, one in value.items()}
        if is_dataclass(kind):
            return _made(value, kind, where)
    raise ValueError(f"{where or 'the whole'} is not what is expected")


def _made(value: dict[str, Any], kind: Any, where: str) -> Any:
    hints = get_type_hints(kind)
    given = {}
    for field in fields(kind):
        if field.name in value:
            part = f"{where}.{field.name}".lstrip(".")
            given[field.name] = typed(value[field.name], hints[field.name], part)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{where or 'the whole'} lacks “{field.name}”")
    return kind(**given)
