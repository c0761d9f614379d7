"""Beating left ventricles whose volumes are known, made by another formula than the program's fit.

Half the width of the cavity goes with the height as (1 - xᵃ)ᵇ and narrows towards the valves, where
the fit has a super-ellipsoid; its wall thickens so that it keeps its mass, thinner at the apex; a
sector may not move, and lacks uptake; the base comes down and is oblique while the whole heart
moves along; and each gate is the mean of moments of a beat that empties fast, fills in two parts
and rests between. Right ventricle, liver and noise that is correlated lie about.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import ArrayPixels, Cube, Gate
from cubeview.cubes.ventricle import Ventricle

DENSITY = 1.05  # g/ml, of myocardium
MOMENTS = 4  # of each gate
TURNS = np.linspace(0, 2 * np.pi, 48, endpoint=False)
DEPTHS = np.linspace(0, 1, 257)


@dataclass(frozen=True, eq=False)
class Beat:
    """A heart and what becomes of it: volumes in ml, mass in g, lengths in mm."""

    edv: float
    esv: float
    mass_g: float
    fwhm_mm: float
    long: float = 2.4  # length of the cavity over its half width
    blunt: tuple[float, float] = (2.5, 0.55)  # a and b of the outline
    narrow: float = 0.1  # what the width loses towards the valves
    apical: float = 0.75  # thickness of the apex, of the wall's
    shortened: float = 0.6  # of the shrinking that is along the axis, against across it
    lift: float = 0.0  # of the whole heart along its axis at the end of systole, mm
    still: float = 0.0  # how far a sector does not move
    sector: float = 0.0  # radians, its middle
    defect: float = 0.0  # what the same sector lacks of its uptake
    oblique: float = 0.1  # slope of the base
    voxel_mm: float = 5.0
    counts: float = 80.0  # of the wall in 8 gates, unblurred
    rv: float = 0.25
    liver: float = 0.4
    cavity: float = 0.08


def draw(rng, *, small=False):
    """Draw a heart: EDV 50 to 250, EF 20 to 75, mass 90 to 180 g, FWHM 8 to 15 mm, all alike.

    A small one has an EDV of 45 to 90 ml, an EF of 60 to 78 and 70 to 130 g.
    """
    edv, ef = rng.uniform(50, 250), rng.uniform(0.20, 0.75)
    ill = rng.random() < 0.3
    mass = rng.uniform(90, 180)
    if small:
        edv, ef, mass = rng.uniform(45, 90), rng.uniform(0.60, 0.78), rng.uniform(70, 130)
    return Beat(
        edv,
        edv * (1 - ef),
        mass,
        rng.uniform(8, 15),
        long=rng.uniform(2.0, 2.9),
        blunt=(rng.uniform(2.0, 3.5), rng.uniform(0.45, 0.65)),
        narrow=rng.uniform(0.0, 0.2),
        apical=rng.uniform(0.6, 1.0),
        shortened=rng.uniform(0.3, 0.9),
        lift=rng.uniform(-5, 5),
        still=rng.uniform(0.3, 1.0) * ill,
        sector=rng.uniform(0, 2 * np.pi),
        defect=rng.uniform(0.2, 0.7) * ill,
        oblique=rng.uniform(0, 0.2),
        voxel_mm=rng.uniform(4.0, 6.6),
        counts=rng.uniform(50, 110),
        rv=rng.uniform(0.1, 0.4),
        liver=rng.uniform(0.0, 0.8),
        cavity=rng.uniform(0.03, 0.15),
    )


def emptied(phase):
    """Return how far the ventricle has emptied at a share of the beat, 0 to 1."""
    times = [0.0, 0.05, 0.2, 0.34, 0.40, 0.5, 0.6, 0.8, 0.9, 1.0]
    parts = [0.0, 0.08, 0.62, 0.98, 1.0, 0.62, 0.30, 0.22, 0.14, 0.0]
    fine = np.linspace(0, 1, 400, endpoint=False)
    course = np.interp(fine, times, parts)
    spectrum = np.fft.rfft(course) * np.exp(-0.5 * (np.arange(201) / 5.0) ** 2)
    smooth = np.fft.irfft(spectrum, 400)
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    return np.interp(phase % 1.0, np.append(fine, 1.0), np.append(smooth, smooth[0]))


class _Shape:
    """Cavity and wall at one moment, by length and half width a sector."""

    def __init__(self, beat, share):
        still = 1 - beat.still * np.exp(-0.5 * (_apart(TURNS, beat.sector) / 0.7) ** 2)
        volume = beat.edv + (beat.esv - beat.edv) * share
        a, b = beat.blunt
        self.outline = (1 - DEPTHS**a) ** b * (1 - beat.narrow * (1 - DEPTHS) ** 2)
        self.full = np.trapezoid(self.outline**2, DEPTHS)
        self.lift = beat.lift * share
        low, high = -0.2, 0.95
        for _ in range(40):
            middle = 0.5 * (low + high)
            self._close(beat, middle, still)
            low, high = (middle, high) if self.volume > volume else (low, middle)
        low, high = 1.0, 20000.0
        for _ in range(50):
            middle = 0.5 * (low + high)
            self.thick = np.sqrt(self.across**2 + middle / self.length * 60) - self.across
            self.deep = self.length + beat.apical * self.thick.mean()
            wide = self.across + self.thick
            outer = np.pi * (wide**2).mean() * self.deep * self.full / 1000
            light = DENSITY * (outer - self.volume) < beat.mass_g
            low, high = (middle, high) if light else (low, middle)

    def _close(self, beat, shrunk, still):
        unit = (beat.edv * 1000 / (np.pi * beat.long * self.full)) ** (1 / 3)
        self.length = beat.long * unit * (1 - beat.shortened * shrunk)
        self.across = unit * (1 - shrunk * still)
        self.volume = np.pi * (self.across**2).mean() * self.length * self.full / 1000

    def filled(self, depth, radius, turns, length, across):
        """Whether places lie within a sack: half its width goes as the outline does."""
        low, part = turns
        wide = across[low] * (1 - part) + across[(low + 1) % len(TURNS)] * part
        wide *= np.interp(depth / length, DEPTHS, self.outline)
        return (radius < wide) & (depth < length)


def _apart(a, b):
    return np.abs((a - b + np.pi) % (2 * np.pi) - np.pi)


def render(beat, gates=8, seed=0):
    """Return a gated cube, its true ventricle, and true EDV and ESV, ml."""
    rng = np.random.default_rng((seed, 5))
    times = (np.arange(gates * MOMENTS) + 0.5) / (gates * MOMENTS)
    shapes = [_Shape(beat, float(emptied(moment))) for moment in times]
    widest, least = _Shape(beat, 0.0), _Shape(beat, 1.0)
    turn = Rotation.from_euler("xyz", rng.normal(0, 12, 3), degrees=True).as_matrix()
    axes = np.eye(3) @ turn
    reach = widest.deep + 50
    side = int(np.ceil(reach / beat.voxel_mm)) + 4
    side += side % 2
    centre = (side - 1) / 2 * beat.voxel_mm + rng.normal(0, 3, 3)
    fine = beat.voxel_mm / 2
    places = np.stack(np.indices((2 * side,) * 3), axis=-1) * fine - 0.25 * beat.voxel_mm
    own = ((places - centre) @ axes.T).astype(np.float32)
    up, down, right = np.moveaxis(own, -1, 0)
    around, radius = np.arctan2(right, down), np.hypot(down, right)
    index = (around % (2 * np.pi)) * (len(TURNS) / (2 * np.pi))
    turns = index.astype(int) % len(TURNS), index % 1.0
    base = widest.deep * 0.5
    uptake = 1 - beat.defect * np.exp(-0.5 * (_apart(around, beat.sector) / 0.6) ** 2)
    uptake *= 1 + 0.1 * np.cos(around - 1.0) - 0.08 * np.clip((up + 10) / 40, 0, 1)
    blood = np.hypot(down + 5, right + widest.across.mean() + 35)
    rv = (np.abs(blood - 28) < 2.5) & (up < base - 8) & (up > -base * 0.6)
    liver = (down > widest.across.mean() + 28) & (right < 25)
    apex = base - widest.deep
    states = []
    for gate in range(gates):
        total = np.zeros((side,) * 3)
        for shape in shapes[gate * MOMENTS : (gate + 1) * MOMENTS]:
            # The apex stays but for the lift, the base moves.
            depth = apex + shape.lift + shape.deep + beat.oblique * right - up
            within = depth > 0
            inner = shape.filled(depth, radius, turns, shape.length, shape.across)
            outer = shape.filled(depth, radius, turns, shape.deep, shape.across + shape.thick)
            values = np.full(up.shape, 0.05, np.float32)
            values[within & inner] = beat.cavity
            wall = within & outer & ~inner
            values[wall] = uptake[wall]
            free = ~(within & outer)
            values[free & rv], values[free & liver] = beat.rv, beat.liver
            total += values.reshape(side, 2, side, 2, side, 2).mean(axis=(1, 3, 5)) / MOMENTS
        counts = beat.counts * 8 / gates * total
        sigma = beat.fwhm_mm / 2.355
        grain = min(0.6 * sigma, 3.0) / beat.voxel_mm
        blurred = gaussian_filter(counts, sigma / beat.voxel_mm)
        noise = gaussian_filter(rng.poisson(blurred) - blurred, grain)
        impulse = np.zeros((15,) * 3)
        impulse[7, 7, 7] = 1
        gain = np.sqrt((gaussian_filter(impulse, grain) ** 2).sum())
        states.append(np.clip(blurred + noise / gain, 0, None).astype(np.float32))
    axis = tuple(
        Axis(n, "space", "mm", beat.voxel_mm * np.arange(side)) for n in ("Slice", "Row", "Column")
    )
    gated = tuple(Gate(f"time slot {n}", ArrayPixels(v)) for n, v in enumerate(states, 1))
    cube = Cube(axis, ArrayPixels(np.sum(states, axis=0)), "heart", "counts", gates=gated)
    wide = float((widest.across + widest.thick).mean())
    # As the finder places it: the widest place of an ellipsoid cut at 0.7 of its length.
    truth = Ventricle(
        centre + (base - 0.7 * widest.deep / 1.7) * axes[0],
        axes,
        np.array([widest.deep / 1.7, wide * 1.05, wide * 1.05]),
    )
    return cube, truth, widest.volume, least.volume
