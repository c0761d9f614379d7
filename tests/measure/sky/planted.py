"""Cubes of planted lines: what a fit of them must find."""

import numpy as np
from astropy import constants, units
from astropy.wcs import WCS

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.measure.sky.lines import lines_of

KMS = constants.c.to_value("km/s")
REDSHIFT = 0.02
RESOLUTION = 2500.0
STEP = 1.25  # Angstrom
LEVEL, SLOPE = 40.0, 0.02  # of the continuum, in standard deviations of the noise


def planted(name, sn, count, *, seed=1, sign=1, components=1, gap=1800.0):
    """Return a cube of `count` spaxels in one row, and the truth by the names of the maps.

    Lines of ``name`` lie in vacuum at `REDSHIFT`, velocities spread over ±150 km/s, dispersions
    from 60 to 150 km/s (a second component: 300 to 400); the S/N is that of the area of the
    first line.
    """
    rng = np.random.default_rng(seed)
    lines = lines_of(name)
    rest = [
        [(hz * units.Hz).to_value(units.AA, units.spectral()) for hz, _ in line.members]
        for line in lines
    ]
    waves = np.array([w for line in rest for w in line]) * (1 + REDSHIFT)
    axis = np.arange(waves.min() * (1 - gap / KMS), waves.max() * (1 + gap / KMS), STEP)
    base = LEVEL + SLOPE * (axis - axis.mean())
    values = np.repeat(base[:, None], count, axis=1)
    truth = {}
    for number in range(components):
        end = f"_{number + 1}" if components > 1 else ""
        velocity = rng.uniform(-150, 150, count)
        own = rng.uniform(*((60, 150) if number == 0 else (300, 400)), count)
        dispersion = np.hypot(own, KMS / RESOLUTION / np.sqrt(8 * np.log(2)))
        truth[f"VELOCITY{end}"] = velocity
        truth[f"FWHM{end}"] = own * np.sqrt(8 * np.log(2))
        for line, places in zip(lines, rest, strict=True):
            label = f"_{line.name.upper()}" if len(lines) > 1 else ""
            middle = places[0] * (1 + REDSHIFT)
            width = middle * dispersion / KMS
            flux = sign * sn * 1.22 * np.sqrt(2 * np.sqrt(np.pi) * width * STEP)
            if line is not lines[0]:
                flux = flux * rng.uniform(0.4, 1.5, count)
            truth[f"FLUX{label}{end}"] = flux
            at = middle * (1 + velocity / KMS)
            level = LEVEL + SLOPE * (at - axis.mean())
            truth[f"EW{label}{end}"] = flux / level
            for place, (_, ratio) in zip(places, line.members, strict=True):
                centre = place * (1 + REDSHIFT) * (1 + velocity / KMS)
                wide = place * (1 + REDSHIFT) * dispersion / KMS
                off = (axis[:, None] - centre) / wide
                # The area in velocity is what keeps its ratio on an axis of velocities; so does
                # that in wavelength, for both are of one step.
                values += ratio * flux / wide / np.sqrt(2 * np.pi) * np.exp(-0.5 * off**2)
    values += rng.normal(size=values.shape)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = ["RA---TAN", "DEC--TAN"], [150.0, 2.0], [1, 1]
    wcs.wcs.cdelt, wcs.wcs.radesys = [-5e-5, 5e-5], "ICRS"
    cube = Cube(
        axes=(
            Axis("Wavelength", "spectral", "Angstrom", axis, type="WAVE", medium="vacuum"),
            Axis("Dec", "celestial", "deg", np.array([2.0])),
            Axis("RA", "celestial", "deg", 150.0 - np.arange(count) * 5e-5),
        ),
        pixels=ArrayPixels(values[:, None, :]),
        kind="sky",
        unit="10**-20 erg s-1 cm-2 Angstrom-1",
        quantity_unit=units.Unit(1e-20 * units.erg / units.s / units.cm**2 / units.AA),
        uncertainty=ArrayPixels(np.ones((len(axis), 1, count))),
        wcs=wcs,
    )
    return cube, truth
