"""Where the program finds its own resources and keeps the user's data.

Nothing here creates a folder on import; the functions that return a writable folder make it.
"""

import atexit
import ctypes
import errno
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from cubeview.errors import CubeviewError, refusing


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
    """Return the folder of the user's own data (models, library), made if absent and possible.

    ``CUBEVIEW_HOME`` overrides the system's convention (XDG on Linux, Application Support on
    macOS, AppData on Windows).
    """
    return _made("data")


def cache_dir() -> Path:
    """Return the folder of things that can be made again, made if absent.

    Where it cannot be written to it is one of this process, which goes with it.
    """
    folder = _made("cache")
    return folder if os.access(folder, os.W_OK) else _passing(folder)


def sweep(folder: Path) -> None:
    """Delete what writers that were killed left half written in a folder of ours."""
    for part in folder.glob("*.part"):
        number = part.name.split(".")[-2]
        with suppress(OSError):
            # Another machine's writer stirs, if its process is none of here.
            resting = abs(time.time() - part.stat().st_mtime) > _RESTING_S
            if resting and number.isdecimal() and not is_running(int(number)):
                part.unlink()


def is_running(process: int) -> bool:
    """Tell whether a process of this number runs on this machine."""
    if sys.platform == "win32":  # where signal 0 would end it
        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(0x1000, False, process)  # may be asked about
        code = ctypes.c_ulong()
        known = handle and kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        kernel.CloseHandle(handle)
        return bool(known) and code.value == 259  # still active
    try:
        os.kill(process, 0)
    except PermissionError:
        return True  # another user's
    except (OSError, OverflowError):
        return False
    return True


def read_within(path: Path, most: int, advice: str) -> bytes:
    """Return what a file holds; CubeviewError if it cannot be read, holds more, or has no end.

    Parameters
    ----------
    path : Path
    most : int
        Bytes.
    advice : str
        What to do about it; a sentence.
    """
    with refusing(path, "cannot be read", advice):
        # A pipe waits for a writer, a device never ends: neither is opened.
        if not stat.S_ISREG(path.stat().st_mode):
            raise CubeviewError(f"{path}: no ordinary file. {advice}")
        with path.open("rb") as stream:
            data = stream.read(most + 1)
    if len(data) > most:
        raise CubeviewError(f"{path}: too large, larger than {most:,} bytes. {advice}")
    return data


def refuse_full(error: Exception, path: Path) -> None:
    """Raise CubeviewError if the disk, and not a file, is why it could not be unpacked."""
    if isinstance(error, OSError) and error.errno in _DISK:
        raise CubeviewError(
            f"{path}: could not be unpacked into {cache_dir()} ({error.strerror}). Free some space "
            "there, or unpack it yourself and open the result."
        ) from error


_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)
_RESTING_S = 60.0
_read: set[object] = set()


def keep_whole(path: Path) -> None:
    """Note that a file is an input: as long as the program runs nothing is written over it."""
    with suppress(OSError):
        _read.update((os.path.realpath(path), _identity(path)))


def refuse_input(path: Path) -> None:
    """Raise CubeviewError if an output would replace an input, by whatever name it goes."""
    try:
        known = _identity(path)
    except OSError:
        return
    if os.path.realpath(path) in _read or known in _read:
        raise CubeviewError(
            f"{path}: this is a file that was opened, and writing here would destroy it. "
            "Choose another name."
        )


def _identity(path: Path) -> tuple[int, ...]:
    """Return what tells a file by any of its names; a number used again has another time."""
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside another; what is written there takes its place once all went well.

    Raises CubeviewError where that would replace a file that was opened.
    """
    refuse_input(path)
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
    with suppress(OSError):  # said where something is to be written
        path.mkdir(0o700, parents=True, exist_ok=True)
    _keep_private(path)
    return path


@cache
def _passing(instead_of: Path) -> Path:
    folder = tempfile.mkdtemp(prefix="cubeview-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@cache
def _keep_private(folder: Path) -> None:
    """Let nobody else look into a folder of ours: labels, backups and paths are in it."""
    with suppress(OSError):  # somebody else's, then; Windows keeps the user's folders private
        if stat.S_IMODE(folder.stat().st_mode) & 0o077:
            folder.chmod(0o700)
