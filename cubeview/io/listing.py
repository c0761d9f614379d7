"""What lies in a place: a folder, a pattern, a list, or a URL of a store that fsspec knows.

Files are named one after the other, in the same order each time, and never all held at once. What
lies elsewhere is fetched when its turn comes and deleted after it.
"""

import glob
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from cubeview.errors import CubeviewError, refusing

LISTS = (".lst", ".list")
"""Endings of files that list others, a line each; any file is one after ``@``."""
_MAGIC = frozenset("*?[")
_HOW = {
    "s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs",
    "http": "aiohttp requests", "https": "aiohttp requests", "sftp": "paramiko",
}  # fmt: skip
"""What has to be installed for URLs of a kind."""


class Item(NamedTuple):
    """A file of a place.

    Parameters
    ----------
    path : str
        Where it lies on this machine, or its URL.
    size : int
        Bytes; 0 where the store does not say.
    stamp : str
        Another one once the file has changed.
    named : bool
        By the user, and not merely found: if it cannot be opened, that is said.
    """

    path: str
    size: int
    stamp: str
    named: bool = False


def is_url(place: str) -> bool:
    """Tell whether a place is named by a URL."""
    return "://" in place


def items(place: str, *, without: Sequence[Path] = ()) -> Iterator[Item]:
    """Yield the files of a place, those of a folder in the order of their names.

    Links to folders are not followed, nor is anything looked at that begins with a dot.

    Parameters
    ----------
    place : str
        A folder, with all below it; a file; a pattern with ``*``, ``?``, ``[`` or ``**``; a list
        of any of these, a line each, by ``@FILE`` or its ending; or a URL of a file, a folder or a
        pattern.
    without : sequence of Path
        Files and folders that are left out.

    Raises
    ------
    CubeviewError
        If there is no such place, it cannot be listed, or what its kind of URL takes is missing.
    """
    outside = set(map(os.path.abspath, without))
    if place.startswith("@") or Path(place).suffix.lower() in LISTS:
        yield from _of_list(place.removeprefix("@"), without)
    elif is_url(place):
        yield from _of_url(place)
    elif _MAGIC & set(place) and not Path(place).exists():
        found = sorted(glob.iglob(place, recursive=True))
        if not found:
            raise CubeviewError(f"{place}: nothing goes by this pattern. Check it.")
        for path in found:
            # What a pattern with ** finds holds the folders and what is in them.
            if not os.path.isdir(path) and os.path.abspath(path) not in outside:
                yield item_of(path, named=True)
    elif os.path.isdir(place):
        if os.path.abspath(place) not in outside:
            yield from _below(place, outside)
    else:
        yield item_of(place, named=True)


@contextmanager
def at_hand(found: Sequence[Item], spool: Path) -> Iterator[dict[Path, str]]:
    """Give files of this machine, each with the place it stands for; fetched ones go again after.

    Parameters
    ----------
    found : sequence of Item
    spool : Path
        Folder what is fetched lies in meanwhile.

    Raises
    ------
    CubeviewError
        If one cannot be fetched.
    """
    far = [item for item in found if is_url(item.path)]
    here = {Path(item.path): item.path for item in found if not is_url(item.path)}
    try:
        for number, item in enumerate(far):
            # Files of one folder lie in one folder: noise and mask may lie beside a cube.
            target = spool / item.path.rpartition("/")[2]
            if target.exists():
                target = spool / str(number) / target.name
            target.parent.mkdir(parents=True, exist_ok=True)
            system, path = _system(item.path)
            try:
                system.get_file(path, str(target))
            except Exception as error:
                raise CubeviewError(_unreachable(item.path, error)) from error
            here[target] = item.path
        yield here
    finally:
        if far:
            shutil.rmtree(spool, ignore_errors=True)


def _of_list(path: str, without: Sequence[Path]) -> Iterator[Item]:
    """Yield what the lines of a list name, from where the list lies."""
    advice = "Check its name."
    with refusing(Path(path), "this list cannot be read", advice), open(path, "rb") as stream:
        for line in stream:
            name = line.decode(errors="replace").strip()
            if name and not name.startswith("#"):
                place = name if is_url(name) else os.path.join(os.path.dirname(path), name)
                yield from items(place, without=without)


def _below(folder: str, without: set[str]) -> Iterator[Item]:
    try:
        with os.scandir(folder) as entries:
            inside = sorted((e.name, e.is_dir(follow_symlinks=False)) for e in entries)
    except OSError as error:
        raise CubeviewError(
            f"{folder}: cannot be listed ({error.strerror}). Check its permissions."
        ) from error
    for name, is_folder in inside:
        path = os.path.join(folder, name)
        if name.startswith(".") or os.path.abspath(path) in without:
            continue
        if is_folder:
            yield from _below(path, without)
        else:
            yield item_of(path)


def item_of(path: str, *, named: bool = False) -> Item:
    """Return a file of this machine; CubeviewError if it was named and is not there.

    Parameters
    ----------
    path : str
    named : bool
        See `Item`.
    """
    try:
        found = os.stat(path)
    except OSError as error:
        if named and not os.path.lexists(path):
            raise CubeviewError(f"{path}: there is no such file or folder.") from error
        return Item(path, 0, "", named)  # said of it alone, when its turn comes
    return Item(path, found.st_size, str(found.st_mtime_ns), named)


def _of_url(url: str) -> Iterator[Item]:
    system, root = _system(url)
    scheme = url.partition("://")[0]
    try:
        if _MAGIC & set(root):
            found = system.glob(root, detail=True)
            yield from (_far(scheme, found[name], named=True) for name in sorted(found))
        elif system.isfile(root) and not (scheme.startswith("http") and url.endswith("/")):
            yield _far(scheme, system.info(root), named=True)
        else:
            yield from _far_below(system, scheme, root)
    except (OSError, ValueError) as error:
        raise CubeviewError(_unreachable(url, error)) from error


def _far_below(system: Any, scheme: str, root: str) -> Iterator[Item]:
    listed = {entry["name"]: entry for entry in system.ls(root, detail=True)}
    for name in sorted(listed):
        entry = listed[name]
        inside = name.rstrip("/").removeprefix(root.rstrip("/"))
        # Itself, or the way up on a page of links.
        if not inside.startswith("/") or inside.startswith("/."):
            continue
        if entry["type"] == "directory":
            yield from _far_below(system, scheme, name)
        else:
            yield _far(scheme, entry)


def _far(scheme: str, entry: dict[str, Any], *, named: bool = False) -> Item:
    name = entry["name"]
    path = name if is_url(name) else f"{scheme}://{name}"
    stamp = next((entry[k] for k in ("ETag", "etag", "LastModified", "mtime", "created")
                  if entry.get(k)), "")  # fmt: skip
    return Item(path, int(entry.get("size") or 0), str(stamp), named)


def _system(url: str) -> tuple[Any, str]:
    """Return the file system of a URL and the path there."""
    scheme = url.partition("://")[0]
    wanted = _HOW.get(scheme, "")
    try:
        from fsspec.core import url_to_fs

        system, path = url_to_fs(url)
    except ImportError as error:
        needed = f"fsspec {wanted}".rstrip()
        raise CubeviewError(
            f"{url}: places of the kind {scheme}:// need what is not installed here. Install it "
            f"with: pip install {needed}"
        ) from error
    except (ValueError, OSError) as error:
        raise CubeviewError(_unreachable(url, error)) from error
    return system, path


def _unreachable(url: str, error: Exception) -> str:
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"{url}: cannot be reached ({said}). Check the address, the network and your access."
