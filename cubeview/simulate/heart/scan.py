"""From activity to a reconstructed short-axis scan: surroundings, camera, noise, field of view."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from cubeview.cubes.normal import SIGMA_TO_FWHM


@dataclass(frozen=True)
class ScanRange:
    """From what to what scans vary; (low, high) unless said otherwise.

    Resolution: a low-energy high-resolution collimator at the distance of the heart gives 11 to
    17 mm. Butterworth cut-off and order are those in clinical use for filtered back projection of
    Tc-99m perfusion scans (0.35 to 0.6 cycles/cm). The noise level is set against the texture of
    real 6.6 mm scans. The rest is this simulator's own choice.
    """

    voxel_mm: tuple[float, float] = (6.0, 6.9)
    fine_voxel_mm: tuple[float, float] = (4.0, 6.0)
    fine_share: float = 0.3
    fwhm_mm: tuple[float, float] = (12.0, 19.5)
    cutoff_per_cm: tuple[float, float] = (0.30, 0.55)
    order: tuple[float, float] = (3.0, 9.0)
    noise: tuple[float, float] = (0.007, 0.040)
    """Standard deviation at the heart as a share of the peak, at stress."""
    rest_noise: tuple[float, float] = (0.8, 1.8)
    iterative_share: float = 0.25
    background: tuple[float, float] = (0.04, 0.20)
    cavity: tuple[float, float] = (0.02, 0.16)
    right_ventricle: tuple[float, float] = (0.08, 0.50)
    liver: tuple[float, float] = (0.15, 1.30)
    gut: tuple[float, float] = (0.0, 1.20)
    masked_share: float = 0.65
    mask_mm: tuple[float, float] = (52.0, 84.0)
    counts: tuple[float, float] = (200.0, 620.0)
    again_share: float = 0.0
    """Share of cameras whose scans are smoothed once more, by a Gaussian or a second Butterworth
    filter, as workstations offer."""
    again_mm: tuple[float, float] = (0.0, 5.0)
    """Standard deviation of that Gaussian."""
    again_cutoff_per_cm: tuple[float, float] = (0.22, 0.40)


@dataclass(frozen=True, eq=False)
class Camera:
    """How a scan is taken and reconstructed.

    Parameters
    ----------
    fwhm_mm : float
        Of the collimator, a Gaussian.
    cutoff_per_mm, order : float
        Of the Butterworth filter.
    iterative : bool
        Noise as iterative reconstruction leaves it instead of filtered back projection.
    body : ndarray, shape (3,)
        Direction of the body's axis in the grid (z, y, x): slices are reconstructed across it.
    again_mm : float
        Standard deviation of a further Gaussian filter.
    again : (float, float), optional
        Cut-off per mm and order of a further Butterworth filter.
    """

    fwhm_mm: float
    cutoff_per_mm: float
    order: float
    iterative: bool
    body: np.ndarray
    again_mm: float = 0.0
    again: tuple[float, float] | None = None

    def filter(self, square: np.ndarray) -> np.ndarray:
        """Return what all filters leave of each frequency, given its square in cycles²/mm²."""
        kept = butterworth(square, self.cutoff_per_mm, self.order)
        if self.again is not None:
            kept = kept * butterworth(square, *self.again)
        if self.again_mm:
            kept = kept * np.exp(-2.0 * np.pi**2 * np.float32(self.again_mm) ** 2 * square)
        return kept


def butterworth(square: np.ndarray, cutoff_per_mm: float, order: float) -> np.ndarray:
    """Return what a Butterworth filter leaves of each frequency, given its square.

    Parameters
    ----------
    square : ndarray, per mm²
    cutoff_per_mm : float
    order : float
    """
    kept: np.ndarray = 1.0 / np.sqrt(1.0 + (square / cutoff_per_mm**2) ** np.float32(order))
    return kept


@dataclass(frozen=True, eq=False)
class Blob:
    """An organ as a soft ellipsoid.

    Parameters
    ----------
    centre, radii : ndarray, shape (3,), mm
        In the heart's axes (u, v, w), from its centre.
    level : float
        Activity against the wall.
    """

    centre: np.ndarray
    radii: np.ndarray
    level: float


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What lies around the ventricle, the same organs in both states.

    Parameters
    ----------
    background, cavity, right : float
        Activity of the body, of the blood in the ventricle and of the right ventricle's wall.
    gradient : ndarray, shape (3,)
        Relative change of the background per 100 mm along (u, v, w).
    right_radii, right_centre : ndarray, shape (3,), mm
    right_mm : float
        Thickness of the right ventricle's wall.
    organs : tuple of Blob
        Liver first, then gut.
    """

    background: float
    cavity: float
    right: float
    gradient: np.ndarray
    right_centre: np.ndarray
    right_radii: np.ndarray
    right_mm: float
    organs: tuple[Blob, ...]


def draw_camera(rng: np.random.Generator, ranges: ScanRange) -> Camera:
    """Draw one camera and reconstruction."""
    body = np.array([rng.normal(0.15, 0.15), -1.0, rng.normal(0.0, 0.1)])
    camera = Camera(
        fwhm_mm=rng.uniform(*ranges.fwhm_mm),
        cutoff_per_mm=0.1 * rng.uniform(*ranges.cutoff_per_cm),
        order=rng.uniform(*ranges.order),
        iterative=bool(rng.random() < ranges.iterative_share),
        body=body / np.linalg.norm(body),
    )
    if not ranges.again_share or rng.random() >= ranges.again_share:
        return camera
    if rng.random() < 0.5:
        return replace(camera, again_mm=rng.uniform(*ranges.again_mm))
    cutoff = 0.1 * rng.uniform(*ranges.again_cutoff_per_cm)
    return replace(camera, again=(cutoff, rng.uniform(*ranges.order)))


def vary_camera(rng: np.random.Generator, camera: Camera) -> Camera:
    """Return the camera of the other state: another orbit, and often a smoother filter.

    The scan with fewer counts, usually at rest, is commonly filtered at a lower cut-off.
    """
    return replace(
        camera,
        fwhm_mm=camera.fwhm_mm * rng.normal(1.0, 0.05),
        cutoff_per_mm=camera.cutoff_per_mm * (rng.uniform(0.8, 1.0) if rng.random() < 0.5 else 1),
    )


def vary_surroundings(rng: np.random.Generator, around: Surroundings) -> Surroundings:
    """Return the surroundings in the other state: other levels of the same organs and blood."""
    return replace(
        around,
        background=around.background * rng.uniform(0.75, 1.35),
        cavity=around.cavity * rng.uniform(0.7, 1.4),
        right=around.right * rng.uniform(0.8, 1.25),
        gradient=around.gradient + rng.normal(0.0, 0.2, 3),
    )


def draw_surroundings(
    rng: np.random.Generator, ranges: ScanRange, radius_mm: float, length_mm: float
) -> Surroundings:
    """Draw what lies around a ventricle of a given outer radius and length.

    Parameters
    ----------
    rng : Generator
    ranges : ScanRange
    radius_mm, length_mm : float
    """
    organs = [
        Blob(
            centre=np.array(
                [
                    rng.uniform(-95.0, -35.0),
                    radius_mm + rng.uniform(30.0, 70.0),
                    rng.uniform(-55.0, 30.0),
                ]
            ),
            radii=np.array(
                [rng.uniform(45.0, 75.0), rng.uniform(26.0, 45.0), rng.uniform(40.0, 70.0)]
            ),
            level=rng.uniform(*ranges.liver),
        )
    ]
    for _ in range(rng.integers(0, 4)):
        size = rng.uniform(9.0, 24.0)
        organs.append(
            Blob(
                centre=np.array(
                    [
                        rng.uniform(-40.0, 60.0),
                        radius_mm + size + rng.uniform(10.0, 48.0),
                        rng.uniform(-60.0, 35.0),
                    ]
                ),
                radii=size * rng.uniform(0.7, 1.6, 3),
                level=rng.uniform(*ranges.gut),
            )
        )
    right = np.array([rng.uniform(0.75, 1.15), rng.uniform(0.85, 1.2), rng.uniform(0.40, 0.60)]) * [
        radius_mm,
        radius_mm,
        length_mm,
    ]
    return Surroundings(
        background=rng.uniform(*ranges.background),
        cavity=rng.uniform(*ranges.cavity),
        right=rng.uniform(*ranges.right_ventricle),
        gradient=rng.normal([0.0, 0.9, 0.0], [0.4, 0.6, 0.4]),
        right_centre=np.array(
            [
                -radius_mm * rng.uniform(0.85, 1.15),
                radius_mm * rng.uniform(-0.35, 0.25),
                length_mm * rng.uniform(-0.02, 0.22),
            ]
        ),
        right_radii=right,
        right_mm=rng.uniform(3.0, 6.0),
        organs=tuple(organs),
    )


def right_ventricle(
    around: Surroundings, u: np.ndarray, v: np.ndarray, w: np.ndarray, edge_mm: float
) -> np.ndarray:
    """Return how much of each voxel is right ventricular wall, 0 to 1, the left one uncut.

    Parameters
    ----------
    around : Surroundings
    u, v, w : ndarray, mm
    edge_mm : float
    """
    scaled = np.stack([u, v, w]) - around.right_centre[:, None, None, None].astype(np.float32)
    scaled /= around.right_radii[:, None, None, None].astype(np.float32)
    depth = (np.sqrt((scaled**2).sum(axis=0)) - 1.0) * np.float32(around.right_radii.min())
    inside = np.clip(0.5 + (0.5 * around.right_mm - np.abs(depth)) / edge_mm, 0, 1)
    inside *= min(1.0, around.right_mm / edge_mm)
    base = np.clip(0.5 - (scaled[2] - 0.6) * 2.0, 0, 1)
    return np.asarray(inside * base, dtype=np.float32)


def body_activity(
    around: Surroundings, u: np.ndarray, v: np.ndarray, w: np.ndarray, organ_gain: float
) -> np.ndarray:
    """Return the activity of everything but the heart.

    Parameters
    ----------
    around : Surroundings
    u, v, w : ndarray, mm
    organ_gain : float
    """
    slope = around.gradient / 100.0
    activity = around.background * np.clip(1.0 + slope[0] * u + slope[1] * v + slope[2] * w, 0.3, 2)
    activity = activity.astype(np.float32)
    for organ in around.organs:
        scaled = [
            (line - np.float32(c)) / np.float32(r)
            for line, c, r in zip((u, v, w), organ.centre, organ.radii, strict=True)
        ]
        reach = scaled[0] ** 2 + scaled[1] ** 2 + scaled[2] ** 2
        activity += np.float32(organ.level * organ_gain) * np.clip(1.6 - 1.2 * reach, 0, 1)
    return np.asarray(activity, dtype=np.float32)


@lru_cache(maxsize=8)
def _frequencies(shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cycles per voxel along (z, y, x) on the grid of a real transform, float32."""
    z = np.fft.fftfreq(shape[0]).astype(np.float32)[:, None, None]
    y = np.fft.fftfreq(shape[1]).astype(np.float32)[None, :, None]
    x = np.fft.rfftfreq(shape[2]).astype(np.float32)[None, None, :]
    return z, y, x


@lru_cache(maxsize=8)
def _spread(length: int, sigma: float) -> np.ndarray:
    """Matrix that blurs a line of voxels by a Gaussian of `sigma` voxels, rows of sum 1."""
    steps = np.arange(length)
    matrix = np.exp(-0.5 * ((steps[:, None] - steps[None, :]) / sigma) ** 2)
    matrix /= matrix.sum(axis=1, keepdims=True)
    return np.asarray(matrix, dtype=np.float32)


def acquire(
    activity: np.ndarray,
    camera: Camera,
    voxel_mm: float,
    noise: float,
    rng: np.random.Generator,
    moved: tuple[np.ndarray, float] | None = None,
) -> np.ndarray:
    """Return the reconstruction of an activity distribution.

    Signal: Gaussian collimator blur times the Butterworth filter. Noise: filtered back projection
    is linear in Poisson projections, and each voxel sums tens of them, so the noise is normal to
    good approximation; its power spectrum is |f| times the squared filter across the body axis
    (Riederer, Pelc & Chesler, Phys Med Biol 1978, 23:446) and its variance follows the activity
    smeared along the rays, so it hardly varies over the heart. Iterative reconstruction leaves
    noise whose deviation follows the activity itself (Barrett, Wilson & Tsui, Phys Med Biol 1994,
    39:833), lowpass filtered.

    Parameters
    ----------
    activity : ndarray, shape (z, y, x), float32
        About 1 in the wall.
    camera : Camera
    voxel_mm : float
    noise : float
        Standard deviation where the heart is, in units of `activity`.
    rng : Generator
    moved : (ndarray of shape (3,), float), optional
        Displacement in mm along (z, y, x) and the share of the time spent there.

    Returns
    -------
    ndarray, shape (z, y, x), float32
        Not negative: reconstructions are cut at zero when written as unsigned integers.
    """
    z, y, x = _frequencies(activity.shape)
    per_mm = np.float32(1.0 / voxel_mm)
    square = (z * z + y * y + x * x) * per_mm**2
    filtered = camera.filter(square)
    sigma = np.float32(camera.fwhm_mm / SIGMA_TO_FWHM)
    transfer = filtered * np.exp(-2.0 * np.pi**2 * sigma**2 * square)
    if moved is not None:
        shift, share = moved
        cycles = z * (shift[0] / voxel_mm) + y * (shift[1] / voxel_mm) + x * (shift[2] / voxel_mm)
        transfer = transfer * (1.0 - share + share * np.exp(-2j * np.pi * cycles))
    spectrum = np.fft.rfftn(activity) * transfer.astype(
        np.complex64 if moved is not None else np.float32
    )
    white = rng.standard_normal(activity.shape, dtype=np.float32)
    smear = (8.0 if camera.iterative else 38.0) / voxel_mm
    spread = activity
    for axis in range(3):
        spread = np.moveaxis(
            np.tensordot(_spread(activity.shape[axis], round(smear, 1)), spread, (1, axis)), 0, axis
        )
    spread = np.maximum(spread, 0.0)
    if camera.iterative:
        strength = spread / spread.max()
        shape = np.exp(-2.0 * np.pi**2 * (sigma * np.float32(0.7)) ** 2 * square)
    else:
        strength = np.sqrt(spread / spread.max())
        along = z * np.float32(camera.body[0]) + y * np.float32(camera.body[1])
        along = along + x * np.float32(camera.body[2])
        ramp = np.sqrt(np.maximum(square - (along * per_mm) ** 2, 0.0))
        shape = np.sqrt(ramp) * filtered
    # White noise of unit variance keeps this share of it behind the filter (Parseval).
    kept = np.sqrt((shape[..., 1:-1] ** 2).sum() * 2 + (shape[..., [0, -1]] ** 2).sum())
    kept /= np.sqrt(activity.size)
    gain = np.float32(noise / max(float(kept), 1e-9))
    spectrum += np.fft.rfftn(white * strength) * (gain * shape).astype(np.float32)
    image = np.fft.irfftn(spectrum, s=activity.shape, axes=(0, 1, 2)).astype(np.float32)
    return np.maximum(image, 0.0, out=image)


def field_of_view(
    shape: tuple[int, int, int], voxel_mm: float, centre: np.ndarray, radii: np.ndarray
) -> np.ndarray:
    """Return the ellipsoid that the workstation keeps around the heart, True inside.

    Parameters
    ----------
    shape : tuple of int
    voxel_mm : float
    centre, radii : ndarray, shape (3,), mm
        Along (z, y, x).
    """
    lines = [
        ((np.arange(n) * voxel_mm - c) / r) ** 2
        for n, c, r in zip(shape, centre, radii, strict=True)
    ]
    total = lines[0][:, None, None] + lines[1][None, :, None] + lines[2][None, None, :]
    return np.asarray(total <= 1.0)
