"""What a simulated field is observed with, and where its voxels lie on the sky."""

from dataclasses import dataclass

import numpy as np
from astropy.wcs import WCS

from cubeview.cubes.axes import Axis
from cubeview.simulate.sky.sources import Optics, Shape


@dataclass(frozen=True)
class Setting:
    """What is observed, and with what.

    Parameters
    ----------
    flavour : {"ifu", "radio"}
    first, step : float
        Spectral value of the first channel and the step, in `spectral_unit`.
    voxel_arcsec : float
    sigma : float
        Noise of an ordinary voxel, in `unit`.
    unit : str
        As written into FITS files.
    optics : Optics
    """

    flavour: str
    first: float
    step: float
    spectral_unit: str
    voxel_arcsec: float
    sigma: float
    unit: str
    optics: Optics


SETTINGS: dict[str, Setting] = {
    "ifu": Setting(  # as MUSE
        flavour="ifu",
        first=6260.0,  # two bright sky lines, 6300.3 and 6363.8, lie in 120 channels
        step=1.25,
        spectral_unit="Angstrom",
        voxel_arcsec=0.2,
        sigma=8.0,
        unit="10**(-20) erg s**(-1) cm**(-2) Angstrom**(-1)",
        optics=Optics(fwhm_px=3.5, beta=2.8, lsf_px=2.1),
    ),
    "radio": Setting(  # as ALMA
        flavour="radio",
        first=97.0,
        step=0.0078125,
        spectral_unit="GHz",
        voxel_arcsec=0.25,
        sigma=3e-4,
        unit="Jy/beam",
        optics=Optics(fwhm_px=4.0, ratio=1.3, angle=0.6, lsf_px=1.2),
    ),
}


def field_world(
    rng: np.random.Generator, shape: Shape, setting: Setting
) -> tuple[tuple[Axis, Axis, Axis], WCS]:
    """Return the axes and the celestial WCS of a field somewhere away from the poles.

    Parameters
    ----------
    rng : Generator
    shape : tuple of int
    setting : Setting
    """
    angle = np.radians(rng.uniform(-40, 40))
    scale = setting.voxel_arcsec / 3600.0
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crval = [round(rng.uniform(0, 360), 5), round(rng.uniform(-60, 20), 5)]
    wcs.wcs.crpix = [(shape[2] + 1) / 2, (shape[1] + 1) / 2]
    wcs.wcs.cd = scale * np.array([[-np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    wcs.wcs.radesys = "ICRS"
    wcs.wcs.set()
    x, y = np.arange(shape[2]), np.arange(shape[1])
    ra = wcs.wcs_pix2world(x, np.full(shape[2], (shape[1] - 1) / 2), 0)[0]
    dec = wcs.wcs_pix2world(np.full(shape[1], (shape[2] - 1) / 2), y, 0)[1]
    values = setting.first + setting.step * np.arange(shape[0])
    unit = setting.spectral_unit
    if setting.flavour == "ifu":
        spectral = Axis("Wavelength", "spectral", unit, values, type="AWAV", medium="air")
    else:
        spectral = Axis("Frequency", "spectral", unit, values, type="FREQ", frame="LSRK")
    north = Axis("Dec", "celestial", "deg", dec, type="DEC--TAN", frame="ICRS")
    east = Axis("RA", "celestial", "deg", ra, type="RA---TAN", frame="ICRS")
    return (spectral, north, east), wcs
