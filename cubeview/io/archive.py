"""Zip archives: unpacked for as long as the program runs, under names of our own, within bounds.

What is in them may bear patients' names: it lies where nobody else may look, and goes with the
program that unpacked it. What lasts is a name made of the archive's path and the place in it.
"""

import atexit
import hashlib
import lzma
import os
import platform
import re
import shutil
import struct
import zipfile
import zlib
from functools import cache
from pathlib import Path, PurePosixPath

from cubeview.errors import CubeviewError, Report, nothing
from cubeview.paths import cache_dir, is_running, refuse_full
from cubeview.plain import sized

MAX_BYTES = 8 << 30
"""Most bytes an archive may unpack to."""

MAX_FILES = 20_000
_KEEP_FREE = 512 << 20
_BLOCK = 1 << 20
_INSIDE = "!/"  # no name given to a file in an archive holds an exclamation mark
_archives: dict[Path, Path] = {}
"""Each folder this process unpacked into, and the archive."""

_ODD = re.compile(r"[^A-Za-z0-9._-]")
_BAD = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, NotImplementedError,
    ValueError, MemoryError, RuntimeError, struct.error,
)  # fmt: skip


def is_zip(head: bytes) -> bool:
    """Tell from its first bytes whether a file is a zip archive."""
    return head.startswith(b"PK\x03\x04")


def unpack(path: Path, *, report: Report) -> dict[Path, str]:
    """Unpack an archive; return each file, and its name in the archive for messages.

    They are there until `forget` or the end of the program. Files of one folder of the archive lie
    in one folder; no name of the archive becomes a path.
    `report` is called per block and may raise Cancelled. Raises CubeviewError if the archive is
    damaged, encrypted or too large.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and m.file_size]
            _check(members, path)
            return _unpacked(archive, members, path, report)
    except _BAD as error:
        refuse_full(error, path)
        raise CubeviewError(
            f"{path}: the archive is damaged or of a kind CubeView does not unpack "
            f"({type(error).__name__}). Unpack it yourself and open the folder."
        ) from error


def lasting(path: Path) -> str:
    """Return the name of a file that holds after the program has ended, with its archive's."""
    for target, archive in _archives.items():
        if path.is_relative_to(target):
            return f"{archive}{_INSIDE}{path.relative_to(target).as_posix()}"
    return str(path.absolute())


def is_there(name: str) -> bool:
    """Tell whether a file, or the archive it is in, is where its lasting name says."""
    return Path(name).is_file() or (_INSIDE in name and Path(name.rpartition(_INSIDE)[0]).is_file())


def found(name: str, *, report: Report = nothing) -> Path:
    """Return the file of a lasting name, unpacked again where it is in an archive.

    Raises CubeviewError if the archive cannot be unpacked any more.
    """
    archive, _, place = name.rpartition(_INSIDE)
    if not archive or Path(name).is_file() or not Path(archive).is_file():
        return Path(name)
    files = unpack(Path(archive), report=report)
    return next((f for f in files if f.as_posix().endswith(f"/{place}")), Path(name))


@atexit.register
def forget() -> None:
    """Delete whatever this process has unpacked."""
    for home in {target.parent for target in _archives}:
        if home.name == _own_name():  # and not that of the process this one was forked from
            shutil.rmtree(home, ignore_errors=True)
    _archives.clear()
    _home.cache_clear()


@cache
def _home(folder: Path) -> Path:
    """Return where this process unpacks; what others left behind that were killed is deleted."""
    place = folder / "archives"
    place.mkdir(mode=0o700, exist_ok=True)
    node, own = _own_name().split("-")[0], place / _own_name()
    for other in place.iterdir():
        there, _, number = other.name.partition("-")
        mine = there == node or not number  # formerly they were kept, under names without a number
        if mine and other != own and not (number.isdecimal() and is_running(int(number))):
            shutil.rmtree(other, ignore_errors=True)
    own.mkdir(mode=0o700, exist_ok=True)
    return own


def _own_name() -> str:
    return f"{hashlib.sha256(platform.node().encode()).hexdigest()[:8]}-{os.getpid()}"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _check(members: list[zipfile.ZipInfo], path: Path) -> None:
    total = sum(member.file_size for member in members)
    free = shutil.disk_usage(cache_dir()).free - _KEEP_FREE
    if len(members) > MAX_FILES or total > MAX_BYTES or total > free:
        raise CubeviewError(
            f"{path}: an archive of {len(members):,} files and {sized(total)}; at most "
            f"{MAX_FILES:,} files and {sized(min(MAX_BYTES, max(free, 0)))} are unpacked. "
            "Unpack it yourself and open the folder."
        )
    if any(member.flag_bits & 1 for member in members):
        raise CubeviewError(
            f"{path}: the archive is encrypted. Unpack it with its password and open the folder."
        )


def _unpacked(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], path: Path, report: Report
) -> dict[Path, str]:
    stat = path.stat()
    key = f"{path.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}"
    home = _home(cache_dir())
    target = home / hashlib.sha256(key.encode()).hexdigest()[:32]
    names = _places(members)
    if not target.is_dir():
        part = target.with_suffix(".part")
        try:
            for done, (member, name) in enumerate(zip(members, names, strict=True)):
                report(done / len(members), f"unpacking {path.name}")
                (part / name).parent.mkdir(parents=True, exist_ok=True)
                _copy(archive, member, part / name)
            part.mkdir(exist_ok=True)
            part.replace(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    _archives[target] = path.absolute()
    return {target / name: m.filename for m, name in zip(members, names, strict=True)}


def _places(members: list[zipfile.ZipInfo]) -> list[str]:
    """Return where each member goes: a folder by number, then a harmless form of its own name."""
    folders: dict[PurePosixPath, int] = {}
    places: dict[str, None] = {}  # in order, and quickly looked up
    for number, member in enumerate(members):
        inside = PurePosixPath(member.filename)
        folder = folders.setdefault(inside.parent, len(folders))
        name = _ODD.sub("_", inside.name)[-100:].lstrip(".") or "file"
        place = f"{folder}/{name}"
        while place in places:
            name = f"{number}_{name}"
            place = f"{folder}/{name}"
        places[place] = None
    return list(places)


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """Write one member, and never more than it declared, whatever it unpacks to."""
    left = member.file_size
    with archive.open(member) as stream, open(target, "wb", opener=_private) as out:
        while left > 0 and (block := stream.read(min(_BLOCK, left))):
            out.write(block)
            left -= len(block)
