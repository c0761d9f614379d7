"""CubeView: see a heart scan or a sky cube, ask a 3-D network about it, see why, teach it.

Scripts begin with ``import cubeview as cv``; what `cv` offers is listed in `__all__` and told in
docs/scripting.md. It is loaded when first used.
"""

from typing import TYPE_CHECKING, Any

from cubeview.errors import Cancelled, CubeviewError

if TYPE_CHECKING:
    from cubeview.api import (
        explain,
        load_model,
        measure_heart,
        models,
        open_path,
        open_paths,
        predict,
        search,
        simulate_heart,
        simulate_sky,
    )

__version__ = "0.1.0"

__all__ = [
    "Cancelled", "CubeviewError", "explain", "load_model", "measure_heart", "models",
    "open_path", "open_paths", "predict", "search", "simulate_heart", "simulate_sky",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'cubeview' has no attribute {name!r}")
    from cubeview import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return __all__
