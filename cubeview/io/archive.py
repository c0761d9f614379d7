"""Zip archives: unpacked once into the cache, under names of our own, within bounds."""

import hashlib
import os
import re
import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from cubeview.errors import CubeviewError, Report
from cubeview.paths import cache_dir

MAX_BYTES = 8 << 30
"""Most bytes an archive may unpack to."""

MAX_FILES = 20_000
_KEEP_FREE = 512 << 20
_KEPT = 8
_BLOCK = 1 << 20
_ODD = re.compile(r"[^A-Za-z0-9._-]")
_BAD = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, ValueError)


def is_zip(head: bytes) -> bool:
    """Tell from its first bytes whether a file is a zip archive."""
    return head.startswith(b"PK\x03\x04")


def unpack(path: Path, *, report: Report) -> dict[Path, str]:
    """Unpack an archive into the cache; return each file, and its name in the archive for messages.

    Files of one folder of the archive lie in one folder; no name of the archive becomes a path.
    `report` is called per block and may raise Cancelled. Raises CubeviewError if the archive is
    damaged, encrypted or too large.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and m.file_size]
            _check(members, path)
            return _unpacked(archive, members, path, report)
    except _BAD as error:
        raise CubeviewError(
            f"{path}: the archive is damaged or of a kind CubeView does not unpack "
            f"({type(error).__name__}). Unpack it yourself and open the folder."
        ) from error


def _check(members: list[zipfile.ZipInfo], path: Path) -> None:
    total = sum(member.file_size for member in members)
    free = shutil.disk_usage(cache_dir()).free - _KEEP_FREE
    if len(members) > MAX_FILES or total > MAX_BYTES or total > free:
        raise CubeviewError(
            f"{path}: an archive of {len(members):,} files and {total / 1e9:.1f} GB; at most "
            f"{MAX_FILES:,} files and {min(MAX_BYTES, max(free, 0)) / 1e9:.1f} GB are unpacked. "
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
    home = cache_dir() / "archives"
    home.mkdir(exist_ok=True)
    target = home / hashlib.sha256(key.encode()).hexdigest()[:32]
    names = _places(members)
    if not target.is_dir():
        part = home / f"{target.name}.{os.getpid()}.part"
        try:
            for done, (member, name) in enumerate(zip(members, names, strict=True)):
                report(done / len(members), f"unpacking {path.name}")
                (part / name).parent.mkdir(parents=True, exist_ok=True)
                _copy(archive, member, part / name)
            part.mkdir(exist_ok=True)
            part.replace(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        _forget_oldest(home, target)
    return {target / name: m.filename for m, name in zip(members, names, strict=True)}


def _places(members: list[zipfile.ZipInfo]) -> list[str]:
    """Return where each member goes: a folder by number, then a harmless form of its own name."""
    folders: dict[PurePosixPath, int] = {}
    places: list[str] = []
    for number, member in enumerate(members):
        inside = PurePosixPath(member.filename)
        folder = folders.setdefault(inside.parent, len(folders))
        name = _ODD.sub("_", inside.name)[-100:].lstrip(".") or "file"
        place = f"{folder}/{name}"
        places.append(f"{folder}/{number}_{name}" if place in places else place)
    return places


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """Write one member, and never more than it declared, whatever it unpacks to."""
    left = member.file_size
    with archive.open(member) as stream, target.open("wb") as out:
        while left > 0 and (block := stream.read(min(_BLOCK, left))):
            out.write(block)
            left -= len(block)


def _forget_oldest(home: Path, newest: Path) -> None:
    folders = sorted(home.iterdir(), key=lambda f: f.stat().st_mtime, reverse=True)
    for folder in [f for f in folders if f != newest][_KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)
