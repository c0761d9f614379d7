"""Where the program finds its own resources and keeps the user's data.

Nothing here creates a folder on import; the functions that return a writable folder make it.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def resource(*parts: str) -> Path:
    """Return the path of a file below ``resources/``, shipped with the program.

    In the first that has such a folder: the frozen bundle, the installed package, a checkout beside
    the package. The file itself may be absent: the caller knows what to say then.
    """
    package = Path(__file__).resolve().parent
    roots = [package / "resources", package.parent / "resources"]
    bundle = getattr(sys, "_MEIPASS", None)
    if bundle:
        roots.insert(0, Path(bundle) / "resources")
    root = next((root for root in roots if root.is_dir()), roots[-1])
    return root.joinpath(*parts)


def data_dir() -> Path:
    """Return the folder of the user's own data (models, library), made if absent.

    ``CUBEVIEW_HOME`` overrides the system's convention (XDG on Linux, Application Support on
    macOS, AppData on Windows).
    """
    return _made("data")


def cache_dir() -> Path:
    """Return the folder of things that can be made again, made if absent."""
    return _made("cache")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside another; what is written there takes its place once all went well."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _made(kind: str) -> Path:
    home = os.environ.get("CUBEVIEW_HOME")
    if home:
        path = Path(home) / kind
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
        path = base / "CubeView" / kind
    elif sys.platform == "darwin":
        base = Path.home() / "Library"
        path = base / ("Caches" if kind == "cache" else "Application Support") / "CubeView"
    else:
        default = ".cache" if kind == "cache" else ".local/share"
        variable = "XDG_CACHE_HOME" if kind == "cache" else "XDG_DATA_HOME"
        path = Path(os.environ.get(variable) or Path.home() / default) / "cubeview"
    path.mkdir(parents=True, exist_ok=True)
    return path
