"""Copies of large cubes turned spectrum by spectrum, kept in the cache folder within a budget.

In a FITS cube the values of one spectrum lie as far from each other as planes; in the copy they
lie together, so that a spectrum is one read and a spectral plane a few.
"""

import contextlib
import hashlib
import logging
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cubeview.cubes.cube import Box, Cube, Pixels
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.io.voxels.byterange import Stamp
from cubeview.io.voxels.spectra import (
    SpectraFile,
    Summary,
    open_spectra,
    size_of,
    unreadable,
    write_spectra,
)
from cubeview.io.voxels.store import FitsPixels, FlagPixels, SigmaPixels, physical_memory
from cubeview.paths import cache_dir
from cubeview.plain import sized

log = logging.getLogger(__name__)

CACHED_FROM = 64 << 20
"""Bytes of float32 from which on a cube gets a copy; a smaller one is read fast enough as it is."""
BUDGET = 20 << 30
"""Bytes the copies may take together unless the user says otherwise."""

_KEEP_FREE = 1 << 30
_STALE_S = 20.0
_ABANDONED_S = 3600.0
_WAIT_S = 0.1


class CachedPixels(Pixels):
    """Pixels that answer from their file, and from its copy once there is one.

    Planes across axis 0 and short boxes always come from the original, where they lie together.
    May be asked from several threads while the copy is being made. A copy that has gone is
    forgotten, and a file that has changed answers for itself, with its own complaint.
    """

    def __init__(self, original: FitsPixels | SigmaPixels | FlagPixels) -> None:
        self.original = original
        self._file = _file_of(original)
        self._path = _place(original)
        # Assigned as a whole, so that no reader ever sees half of it.
        self._spectra: SpectraFile | None = None
        self.look()

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return type(self), (self.original,)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        return self.original.shape

    @property
    def ready(self) -> bool:
        """True when spectra come from the copy."""
        return self._spectra is not None

    @property
    def stored_as(self) -> np.dtype:
        """What a voxel of the copy is stored as."""
        return np.dtype("u1" if isinstance(self.original, FlagPixels) else "f4")

    def look(self) -> bool:
        """Use the copy if there is one, and note that it was of use."""
        if self._spectra is None:
            found = open_spectra(self._path, self.shape)
            if found is not None:
                with contextlib.suppress(OSError):
                    # The time of access decides what is forgotten first; the other one is ours
                    # to recognise the file by.
                    os.utime(self._path, ns=(time.time_ns(), found.stamp.changed_ns))
                self._spectra = found
        return self.ready

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube; not always contiguous in memory."""
        spectra = self._spectra
        if spectra is not None and _is_deep(box, self.shape):
            try:
                if Stamp.of(self._file.path) == self._file.stamp:
                    return spectra.box(box)
            except (OSError, CubeviewError):
                log.info("a copy of spectra has gone")
            self._spectra = None
        return self.original.box(box)

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube, shape (z, y, x)."""
        return self.original.read(report)

    def forbidding(self, what: str) -> "CachedPixels":
        """Return a mask with other flags forbidding a voxel; anything else as it is."""
        if not isinstance(self.original, FlagPixels):
            return self
        return CachedPixels(self.original.forbidding(what))

    def summary(self) -> Summary | None:
        """Return what was found while the copy was made; None without a copy."""
        spectra = self._spectra
        try:
            return None if spectra is None else spectra.summary()
        except CubeviewError:
            self._spectra = None
            return None

    def build(self, budget: int = BUDGET, report: Report = nothing) -> None:
        """Make the copy, or wait for another window that is making it.

        All copies may take `budget` bytes; the ones longest out of use go to make room. `report`
        may raise Cancelled; nothing is left behind then. Raises CubeviewError if the budget or the
        disk has no room for it, or the cube cannot be read.
        """
        if self.look():
            return
        need = size_of(self.shape, self.stored_as)
        folder = self._path.parent
        try:
            folder.mkdir(exist_ok=True)
            with _alone(self._path.with_suffix(".lock"), report):
                if self.look():
                    return
                _make_room(folder, need, budget, self._file.named)
                part = self._path.with_suffix(f".{uuid.uuid4().hex[:12]}.part")
                try:
                    write_spectra(
                        self.original, part, self.stored_as, physical_memory(), _both(report, self)
                    )
                    if Stamp.of(self._file.path) == self._file.stamp:
                        part.replace(self._path)
                finally:
                    part.unlink(missing_ok=True)
        except OSError as error:
            raise unreadable(folder) from error
        self.look()

    @property
    def lock(self) -> Path:
        """The file that says that the copy is being made."""
        return self._path.with_suffix(".lock")


def with_cache(cube: Cube) -> Cube:
    """Return a cube whose large arrays can be given copies; the same where none is large."""
    changes: dict[str, Pixels] = {}
    for name in ("pixels", "uncertainty", "mask"):
        pixels = getattr(cube, name)
        if isinstance(pixels, FitsPixels | SigmaPixels | FlagPixels) and _is_worth_it(pixels):
            changes[name] = CachedPixels(pixels)
    return replace(cube, **changes) if changes else cube  # type: ignore[arg-type]


def caches_of(cube: Cube) -> list[CachedPixels]:
    """Return the arrays of a cube that can have copies, values first."""
    arrays = (cube.pixels, cube.uncertainty, cube.mask)
    return [pixels for pixels in arrays if isinstance(pixels, CachedPixels)]


def _is_worth_it(pixels: FitsPixels | SigmaPixels | FlagPixels) -> bool:
    z, y, x = pixels.shape
    file = _file_of(pixels)
    slowest = file.layout.order[0] < min(file.layout.order[1:])
    return 4 * z * y * x >= CACHED_FROM and slowest and z > 1 and file.shape == pixels.shape


def _is_deep(box: Box, shape: tuple[int, int, int]) -> bool:
    """Tell whether a box has fewer spectra than planes: each costs a read in the one or other."""
    z, y, x = (len(range(*part.indices(n))) for part, n in zip(box, shape, strict=True))
    return z > y * x or (z == shape[0] and z > y)


def _file_of(pixels: FitsPixels | SigmaPixels | FlagPixels) -> FitsPixels:
    return pixels if isinstance(pixels, FitsPixels) else pixels.pixels


def _place(pixels: FitsPixels | SigmaPixels | FlagPixels) -> Path:
    """Return where the copy of an array lies; another place when the file changes."""
    file = _file_of(pixels)
    what = "values"
    if isinstance(pixels, SigmaPixels):
        what = f"sigma {pixels.power}"
    elif isinstance(pixels, FlagPixels):
        what = f"flags {pixels.forbids}"
    stamp = f"{file.stamp.size}\0{file.stamp.changed_ns}"
    key = f"{file.path.resolve()}\0{stamp}\0{file.layout}\0{what}"
    return cache_dir() / "spectra" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.spectra"


@contextmanager
def _alone(lock: Path, report: Report) -> Iterator[None]:
    """Wait until nobody else makes the same copy; one who has not stirred for long is gone."""
    while True:
        try:
            lock.open("xb").close()
            break
        except FileExistsError:
            report(0.0, "another window is copying the cube")
            with contextlib.suppress(OSError):
                # Either way: the clock may have been set back since it was made.
                if abs(time.time() - lock.stat().st_mtime) > _STALE_S:
                    lock.unlink(missing_ok=True)
                    continue
            time.sleep(_WAIT_S)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _both(report: Report, cache: CachedPixels) -> Report:
    """Report, and show other windows a sign of life."""

    def told(fraction: float, text: str) -> None:
        report(fraction, text)
        with contextlib.suppress(OSError):
            os.utime(cache.lock)

    return told


def _make_room(folder: Path, need: int, budget: int, named: Path) -> None:
    """Forget the copies longest out of use until another fits; CubeviewError if none would do."""
    for part in folder.glob("*.part"):
        with contextlib.suppress(OSError):
            if abs(time.time() - part.stat().st_mtime) > _ABANDONED_S:
                part.unlink()
    found = []
    for file in folder.glob("*.spectra"):
        with contextlib.suppress(OSError):
            status = file.stat()
            found.append((status.st_atime_ns, status.st_size, file))
    total = sum(size for _, size, _ in found)
    free = shutil.disk_usage(folder).free
    if need > budget or need > free + total - _KEEP_FREE:
        raise CubeviewError(
            f"{named}: fast spectra need {sized(need)} in the cache; {sized(budget)} are allowed "
            f"and {sized(free)} are free, of which {sized(_KEEP_FREE)} are left to others. Spectra "
            "are read from the file itself, which is slower. Allow more in the settings or free "
            "some space."
        )
    for _, size, file in sorted(found):
        if total + need <= budget and need <= free - _KEEP_FREE:
            break
        with contextlib.suppress(OSError):  # Windows keeps a file that is being read
            file.unlink()
            total -= size
            free += size
