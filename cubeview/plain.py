"""Values as JSON writes them."""

import math
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """Return plain JSON values; JSON has no NaN, so a number that is none becomes None."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
