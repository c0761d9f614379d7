"""Lines of simulated sky sources: emitters of several shapes, and absorbers before a source."""

import numpy as np

from cubeview.simulate.sky.sources import (
    Optics,
    Place,
    Shape,
    blur,
    draw_continuum,
    elliptical_radius,
    galaxy,
    glow,
    line,
    peak_one,
    psf,
    turned,
)

EMITTERS = ("point", "double peaked", "broad", "galaxy", "rotating disc", "nebula")


def _rotating_disc(
    rng: np.random.Generator, optics: Optics, shape: Shape, place: Place
) -> np.ndarray:
    """Return a rotating exponential disc.

    Scale length 1.2 to 5 voxels, arctangent rotation curve (Courteau 1997, AJ 114, 2402) whose
    flat part lies 1.5 to 7 channels from the systemic one, inclination 30 to 80 degrees, seen
    through the point- and line-spread functions.
    """
    z0, y0, x0 = place
    scale_px = np.exp(rng.uniform(np.log(1.2), np.log(5.0)))
    inclination = np.radians(rng.uniform(30, 80))
    angle = rng.uniform(0, 2 * np.pi)
    along, _ = turned(shape[1:], y0, x0, angle)
    radius = elliptical_radius(shape[1:], y0, x0, 1.0 / np.cos(inclination), angle)
    radius = radius / np.cos(inclination) + 1e-6  # back to voxels along the major axis
    speed = rng.uniform(1.5, 7.0) * (2 / np.pi) * np.arctan(radius / (0.5 * scale_px))
    shift = speed * along / radius
    width = np.hypot(optics.lsf_px, rng.uniform(0.5, 2.0))
    offset = np.arange(shape[0])[:, None, None] - z0 - shift
    cube = np.exp(-radius / scale_px) * np.exp(-4.0 * np.log(2.0) * (offset / width) ** 2)
    return blur(cube, optics)


def _nebula(rng: np.random.Generator, optics: Optics, shape: Shape, place: Place) -> np.ndarray:
    """Return gas that fills the view, its line shifting smoothly across it."""
    image = glow(rng, shape[1:], rng.uniform(6, 16)) ** rng.uniform(1, 3)
    shift = (glow(rng, shape[1:], rng.uniform(10, 24)) - 0.5) * rng.uniform(0, 8)
    width = np.hypot(optics.lsf_px, np.exp(rng.uniform(0, np.log(10.0))))
    offset = np.arange(shape[0])[:, None, None] - place[0] - shift
    cube: np.ndarray = image * np.exp(-4.0 * np.log(2.0) * (offset / width) ** 2)
    return cube


def draw_emission(
    rng: np.random.Generator, optics: Optics, shape: Shape, place: Place, kind: str = ""
) -> tuple[np.ndarray, str]:
    """Draw a line emitter.

    Parameters
    ----------
    kind : str
        One of `EMITTERS`; empty for one drawn at random.

    Returns
    -------
    cube : ndarray, shape (z, y, x)
        The line alone, peak 1.
    kind : str
        One of `EMITTERS`.
    """
    kind = kind or str(rng.choice(EMITTERS, p=[0.3, 0.15, 0.1, 0.15, 0.2, 0.1]))
    if kind == "rotating disc":
        return peak_one(_rotating_disc(rng, optics, shape, place)), kind
    if kind == "nebula":
        return peak_one(_nebula(rng, optics, shape, place)), kind
    z, channels = place[0], shape[0]
    narrow = np.hypot(optics.lsf_px, rng.uniform(0, 3.0))
    if kind == "double peaked":
        # [O II] and C III] doublets, two-horned discs that are not resolved, Lyman alpha.
        half = rng.uniform(1.3, 5.0)
        spectrum = line(channels, z - half, narrow)
        spectrum = spectrum + rng.uniform(0.4, 1.0) * line(channels, z + half, narrow)
    elif kind == "broad":
        spectrum = line(channels, z, rng.uniform(6, 14))
    else:
        spectrum = line(channels, z, narrow)
    if kind == "galaxy":
        image = galaxy(rng, optics, shape[1:], place, 6.0)
    else:
        image = psf(optics, shape[1:], *place[1:])
    return peak_one(spectrum[:, None, None] * image), kind


def draw_absorption(
    rng: np.random.Generator, optics: Optics, shape: Shape, place: Place, behind: str = ""
) -> tuple[np.ndarray, np.ndarray, str]:
    """Draw a line absorbed from a source of continuum.

    Parameters
    ----------
    behind : {"star", "galaxy", "halo", ""}
        The source; empty for one drawn at random.

    Returns
    -------
    host : ndarray, shape (z, y, x)
        The continuum without the line, peak 1.
    dip : ndarray, shape (z, y, x)
        What the line takes away, negative; depth 0.3 to 1 of the host.
    kind : str
        ``"absorber before a star"`` and so on.
    """
    host, behind = draw_continuum(rng, optics, shape, place, behind)
    width = np.hypot(optics.lsf_px, np.exp(rng.uniform(0, np.log(8.0))))
    profile = line(shape[0], place[0], width)
    if rng.random() < 0.3:  # doublets: Mg II, Na I, Ca II
        second = place[0] + rng.choice([-1, 1]) * rng.uniform(1.5, 3.0) * width
        profile = np.maximum(profile, rng.uniform(0.5, 1.0) * line(shape[0], second, width))
    dip = -rng.uniform(0.3, 1.0) * profile[:, None, None] * host
    return host, dip, f"absorber before a {behind}"
