"""Blind search of a whole sky cube: where sources are, what they are, how many are false.

A bank of matched filters proposes peaks, weaker where a continuum may have left a remainder; the
network, applied to the whole cube at once, says which are faults. The same search on the cube with
its sign flipped and its continuum taken off, where no line can be, counts the false ones (after
ORIGIN, Mary et al. 2020, A&A 635, A194, section 3.5).
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.catalogue import Catalogue
from cubeview.cubes.cube import Cube
from cubeview.errors import CubeviewError, Report, nothing, part_of
from cubeview.kinds import kind_of
from cubeview.learn.models.device import on_best_device
from cubeview.learn.models.model import Model
from cubeview.learn.search.catalogue import FLOOR, PURITY, WHITE_FLOOR, Found, Peak, catalogue_of
from cubeview.learn.search.class_map import at_voxels, class_map, map_start
from cubeview.learn.search.continuum import find_continuum, white_image, without_lines
from cubeview.learn.search.filters import Best, bank_for, best_of, level, peaks
from cubeview.learn.search.measure import Shape, measure
from cubeview.learn.search.score import are_sharp, strengths
from cubeview.learn.search.tiles import Tile, tile_boxes, tiles
from cubeview.learn.sky.prepare import SkyConfig, overlap, prepare_window

POOL = 3
"""Features a place is judged by along each axis: 26 voxels of the cube."""

VETO = 0.9
"""Probability of a fault from which a peak is set aside. What only looks empty to the network is
kept: over a few voxels a faint line is noise like any other, and the filters know it better."""

SURE_SN = 8.0
"""S/N from which the network is believed about faults."""

DOUBT = 1.0
"""What a fainter peak that is a fault to the network is weakened by: more of them are lines."""

LINE_REACH_PX = 4.0
"""Within so much of a line's centre the light of all channels may be the line's."""

CLASSES = ("continuum", "emission line", "absorption", "artefact")
"""What a model has to tell apart to search."""


def search(
    model: Model,
    case: Case,
    *,
    threshold: float | None = None,
    purity: float = PURITY,
    report: Report = nothing,
) -> Catalogue:
    """Search a sky cube for emission lines, absorption lines and sources of continuum.

    Parameters
    ----------
    model : Model
        One that judges windows of sky cubes.
    case : Case
        Its whole cube is searched, whatever its window.
    threshold : float, optional
        Least strength of a line: its S/N, the error of the continuum under it counted as noise
        and large filters a little more. By default the lowest one at which `purity` is reached on
        the data.
    purity : float
    report : Report

    Returns
    -------
    Catalogue
        Brightest first. Positions are those of the data, not of the network's coarser map.

    Raises
    ------
    CubeviewError
        If the model is not for sky cubes, the case is none, or it holds no data.
    """
    _check(model, case)
    work = _Search(model, case.main, report)
    found, _ = on_best_device(work.network, lambda device: work.run())
    report(1.0, "searched")
    return catalogue_of(case, model.card.name, found, threshold, purity)


class _Peaks(NamedTuple):
    """The peaks of a tile, the filters' best, and light and continuum over sigma."""

    tile: Tile
    best: Best
    places: np.ndarray
    ratio: np.ndarray
    under: np.ndarray


class _Search:
    """One run over the tiles of a cube."""

    def __init__(self, model: Model, cube: Cube, report: Report) -> None:
        self._cube, self._report = cube, report
        self._config = SkyConfig.from_dict(model.card.preprocess)
        self.network = model.network.folded()
        self._continuum = find_continuum(cube, report=part_of(report, 0.0, 0.1))
        self._bank = bank_for(cube)
        self._temperature = model.card.temperature
        self._start, self._stride = map_start(self.network, POOL)
        self._class = {name: model.card.classes.index(name) for name in CLASSES}
        self._done, self._tiles = 0, len(tile_boxes(cube.shape))

    def run(self) -> Found:
        """Search all tiles, then the image of all channels."""
        self._found = Found([], [], [], [], 0)
        # What the network says of every star along the channels, at the feature stride.
        self._steady: dict[tuple[int, int], list[np.ndarray]] = {}
        self._faults: list[Shape] = []  # what was taken for a line's peak and set aside
        flat = replace(self._bank, spectral=(1.0,))
        white = best_of(white_image(self._continuum)[None], flat)
        stars = [peaks(best, WHITE_FLOOR) for best in white]
        for number, tile in enumerate(tiles(self._cube)):
            self._done = number
            self._one_tile(tile, stars[0])
        self._found.false_white = white[1].sn(stars[1]).tolist()
        for place in stars[0]:
            self._star(white[0], place)
        return self._found

    def _one_tile(self, tile: Tile, stars: np.ndarray) -> None:
        known = np.isfinite(tile.flux)
        if not known.any():
            return
        self._found.known += int(known[tile.core].sum())
        over = self._over(tile)
        residual = level(tile.flux - over)
        ratio, under = residual / tile.sigma, over / tile.sigma
        light, dark = best_of(ratio, self._bank, report=self._tell(0.0, 0.55))
        up = _Peaks(tile, light, _own(tile, peaks(light, FLOOR)), ratio, under)
        down = _Peaks(tile, dark, _own(tile, peaks(dark, FLOOR)), -ratio, under)
        self._tell(0.55, 0.7)(0.0, "asking the network")
        as_is = self._map(tile.flux, tile.sigma)
        self._remember_steady(tile, as_is, stars)
        if len(up.places):
            self._lines(up, self._map(residual, tile.sigma))
        self._tell(0.7, 0.85)(0.0, "asking the network")
        if len(down.places):
            self._dark(down, as_is, self._map(-residual, tile.sigma))

    def _lines(self, found: _Peaks, said: np.ndarray) -> None:
        line = self._class["emission line"]
        for place, share, strength, bad in self._judged(found, said):
            if bad:
                self._found.artefacts.append(float(strength))
                self._faults.append(_shape(found, place))
            else:
                self._keep("emission line", strength, share[line], found, place)

    def _dark(self, found: _Peaks, as_is: np.ndarray, flipped: np.ndarray) -> None:
        shares = at_voxels(as_is, self._start, self._stride, found.places)
        absorbed = shares[:, self._class["absorption"]]
        judged = self._judged(found, flipped)
        for absorption, (place, _, strength, bad) in zip(absorbed, judged, strict=True):
            # A true absorption line, flipped, is no false alarm of the search for emission.
            if absorption >= 0.5:
                score = found.best.score[tuple(place)]
                self._keep("absorption", score, absorption, found, place)
            elif not bad:
                self._found.false_lines.append(float(strength))

    def _judged(
        self, found: _Peaks, said: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray, float, bool]]:
        """Yield each peak's place, probabilities, strength, and if it is a fault.

        By its shape, or to the network.
        """
        _, best, places, ratio, under = found
        shares = at_voxels(said, self._start, self._stride, places)
        unlike = shares[:, self._class["artefact"]] >= VETO
        faults = are_sharp(best, places, ratio) | (unlike & (best.sn(places) >= SURE_SN))
        strong = strengths(best, places, under) - DOUBT * unlike
        return zip(places, shares, strong, faults, strict=True)

    def _keep(
        self, label: str, strength: float, share: float, found: _Peaks, place: np.ndarray
    ) -> None:
        sn = float(found.best.sn(place[None])[0])
        shape = _shape(found, place)
        self._found.peaks.append(Peak(label, sn, float(strength), float(share), shape))

    def _star(self, best: Best, place: np.ndarray) -> None:
        shares = np.mean(self._steady[int(place[1]), int(place[2])], axis=0)
        if shares[self._class["artefact"]] >= VETO:
            return
        share = float(shares[self._class["continuum"]])
        sky = best.bank.sizes[best.template[tuple(place)]][1]
        sn = float(best.sn(place[None])[0])
        lines = [peak.shape for peak in self._found.peaks if peak.label == "emission line"]
        near = [
            shape
            for shape in (*lines, *self._faults)
            if np.hypot(*np.subtract(shape.centre[1:], place[1:])) <= max(sky, LINE_REACH_PX)
        ]
        if near and sn * without_lines(self._cube, place, near) < WHITE_FLOOR:
            return
        shape = measure(best.score, place, (0.0, sky))
        middle = (self._cube.shape[0] - 1) / 2
        shape = Shape((middle, *shape.centre[1:]), shape.sky_px, math.nan)
        self._found.peaks.append(Peak("continuum", sn, sn, share, shape))

    def _remember_steady(self, tile: Tile, as_is: np.ndarray, stars: np.ndarray) -> None:
        """Keep what the network says along the tile's channels at every star."""
        core = tile.core
        channels = np.arange(core[0].start, core[0].stop, self._stride)
        for _, y, x in stars:
            here = y - tile.start[1], x - tile.start[2]
            if core[1].start <= here[0] < core[1].stop and core[2].start <= here[1] < core[2].stop:
                line = np.array([(z, *here) for z in channels])
                shares = at_voxels(as_is, self._start, self._stride, line)
                self._steady.setdefault((int(y), int(x)), []).extend(shares)

    def _over(self, tile: Tile) -> np.ndarray:
        """Return the continuum under a tile, 0 beyond the cube's sky."""
        shape, first = tile.flux.shape, tile.start[0]
        (_, *sky), (_, *place) = overlap(tile.start, shape, self._cube.shape)
        under = np.zeros(shape, np.float32)
        channels = slice(first, first + shape[0])
        under[:, place[0], place[1]] = self._continuum.over((channels, sky[0], sky[1]))
        return under

    def _map(self, flux: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        channels, _ = prepare_window(flux, sigma, self._config)
        return class_map(self.network, channels, pool=POOL, temperature=self._temperature)

    def _tell(self, low: float, high: float) -> Report:
        """Return a report over a part of the current tile's share of the work."""
        share = 0.9 / self._tiles
        return part_of(self._report, 0.1 + share * (self._done + low), share * (high - low))


def _shape(found: _Peaks, place: np.ndarray) -> Shape:
    """Measure a peak of a tile, in voxels of the cube."""
    best = found.best
    shape = measure(found.ratio, place, best.bank.sizes[best.template[tuple(place)]])
    z, y, x = (c + s for c, s in zip(shape.centre, found.tile.start, strict=True))
    return shape._replace(centre=(z, y, x))


def _own(tile: Tile, places: np.ndarray) -> np.ndarray:
    """Return the peaks a tile answers for."""
    low, high = ([getattr(part, end) for part in tile.core] for end in ("start", "stop"))
    own: np.ndarray = places[((places >= low) & (places < high)).all(axis=1)]
    return own


def _check(model: Model, case: Case) -> None:
    """Raise CubeviewError if this model cannot search this case."""
    card = model.card
    if not kind_of(card).window_px or not set(CLASSES) <= set(card.classes):
        raise CubeviewError(
            f"{card.title} does not tell {', '.join(CLASSES)} apart; choose a model for sky cubes."
        )
    if not kind_of(case).window_px or case.main.axes[0].kind not in ("spectral", "index"):
        raise CubeviewError(
            f"{case.name}: not a sky cube with a spectral axis, so there are no lines to search "
            "for. Open a spectral cube."
        )
