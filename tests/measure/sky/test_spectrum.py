"""Spectra of apertures on planted skies: values, errors, shapes and files."""

import json
from dataclasses import replace

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from astropy.io.votable import parse_single_table
from astropy.table import Table
from astropy.wcs import WCS

from cubeview.cli import main
from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.region import Circle
from cubeview.errors import CubeviewError
from cubeview.io.export.fits import write_cube
from cubeview.io.region_files import read_apertures
from cubeview.measure.sky.spectrum import spectrum_of

CHANNELS = np.arange(115.0, 115.2, 0.01)
STEP = 0.5  # arcsec
BEAM = (2.0, 1.0, 30.0)


def cube(side=40, values=None, sigma=1.0, unit="Jy / beam", beam=BEAM, height=1.0):
    """A level of 3 in every voxel, of one noise."""
    level = np.full((len(CHANNELS), side, side), 3.0) if values is None else values
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [150.0, 2.0]
    wcs.wcs.crpix = [side / 2, side / 2]
    wcs.wcs.cdelt, wcs.wcs.radesys = [-STEP / 3600, STEP * height / 3600], "ICRS"
    places = (np.arange(side) - side / 2 + 1) * STEP / 3600
    return Cube(
        axes=(
            Axis("Frequency", "spectral", "GHz", CHANNELS, type="FREQ", frame="LSRK"),
            Axis("Dec", "celestial", "deg", 2.0 + places * height, frame="ICRS"),
            Axis("RA", "celestial", "deg", 150.0 - places, frame="ICRS"),
        ),
        pixels=ArrayPixels(level),
        kind="sky",
        unit=unit,
        quantity_unit=units.Unit(unit),
        uncertainty=ArrayPixels(np.full(level.shape, sigma)) if sigma else None,
        wcs=wcs,
        beam=beam,
    )


def written(tmp_path, text, name="r.reg"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_a_sum_of_beams_is_in_jy_and_its_background_is_gone():
    sky = cube()
    found = spectrum_of(sky, Circle(20, 20, 4.0))
    beams = np.pi * (4.0 * STEP) ** 2 / (np.pi / (4 * np.log(2)) * BEAM[0] * BEAM[1])
    assert found.unit == "Jy"
    assert found.values == pytest.approx(3.0 * beams, rel=1e-6)
    less = spectrum_of(sky, Circle(20, 20, 4.0), background=Circle(8, 8, 4.0))
    assert less.values == pytest.approx(0.0, abs=1e-5)
    assert np.all(less.sigma > found.sigma)


def test_noise_that_is_correlated_by_the_beam_scatters_as_the_error_says():
    from scipy.signal import fftconvolve

    # White noise smeared by a beam narrower by the root of two is correlated as the beam itself.
    rng, sky = np.random.default_rng(4), cube(unit="Jy")
    y, x = np.mgrid[-12:13, -12:13] * STEP
    turn = np.radians(BEAM[2])
    along, across = -x * np.sin(turn) + y * np.cos(turn), -x * np.cos(turn) - y * np.sin(turn)
    kernel = 2 ** (-8 * ((along / BEAM[0]) ** 2 + (across / BEAM[1]) ** 2))
    noise = rng.normal(size=(600, 40, 40))
    noise = fftconvolve(noise, (kernel / np.sqrt((kernel**2).sum()))[None], "same", axes=(1, 2))
    for aperture in (Circle(20, 20, 5.0), Circle(20, 20, 0.0)):
        rows, columns, share = aperture.cover(sky.shape)
        scatter = (noise[:, rows, columns] * share).sum(axis=(1, 2)).std()
        assert spectrum_of(sky, aperture).sigma == pytest.approx(scatter, rel=0.1)
    alone = spectrum_of(sky, Circle(20, 20, 5.0), covariance=1.0)
    assert alone.sigma[0] < 0.6 * spectrum_of(sky, Circle(20, 20, 5.0)).sigma[0]


def test_without_a_noise_cube_the_error_is_measured_and_said():
    rng = np.random.default_rng(2)
    noisy = rng.normal(3.0, 0.2, size=(len(CHANNELS), 8, 8))
    found = spectrum_of(cube(8, noisy, sigma=None, unit="Jy", beam=None), Circle(4, 4, 0.0))
    assert found.sigma == pytest.approx(0.2, rel=0.5)
    assert any("measured" in text for text in found.words)


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        ('fk5; circle(150,2,2.3")', np.pi * 2.3**2),
        ("image; circle(20,20,4.6)", np.pi * 2.3**2),
        ('icrs; ellipse(150,2,3",1.5",20)', np.pi * 4.5),
        ('icrs; box(150,2,3.3",2.1",25)', 3.3 * 2.1),
        ('icrs; annulus(150,2,2",4")', np.pi * 12),
        ('icrs; ellipse(150,2,2",1",4",2",20)', np.pi * 6),
        ("image; polygon(10,10,20.4,10,20.4,20.2)", 0.5 * 10.4 * 10.2 * STEP**2),
    ],
)
def test_shapes_have_the_area_they_are_drawn_with(tmp_path, shape, area):
    sky = cube()
    ((_, aperture),) = read_apertures(written(tmp_path, shape + "\n"), sky)
    assert aperture.cover(sky.shape)[2].sum() * STEP**2 == pytest.approx(area, rel=2e-3)


def test_a_circle_on_long_voxels_is_round_on_the_sky_and_an_ellipse_is_refused(tmp_path):
    sky = cube(height=4.0)
    ((name, aperture),) = read_apertures(
        written(tmp_path, '# Region file format: DS9\nicrs\ncircle(150,2,4") # text={core}\n'), sky
    )
    assert name == "core"
    assert aperture.cover(sky.shape)[2].sum() * STEP**2 * 4 == pytest.approx(np.pi * 16, rel=1e-6)
    with pytest.raises(CubeviewError, match="not square"):
        read_apertures(written(tmp_path, 'icrs; ellipse(150,2,3",1.5",20)\n'), sky)


def test_casa_regions_are_read_and_what_is_no_region_refused(tmp_path):
    crtf = "#CRTFv0\ncircle[[150deg, 2deg], 2arcsec], coord=ICRS\n"
    ((_, aperture),) = read_apertures(written(tmp_path, crtf, "r.crtf"), cube())
    assert aperture.cover((1, 40, 40))[2].sum() == pytest.approx(np.pi * 16, rel=1e-6)
    for text in ("", "circle(nothing)", "image; line(1,1,5,5)\n"):
        with pytest.raises(CubeviewError, match=r"r\.reg"):
            read_apertures(written(tmp_path, text), cube())


@pytest.mark.parametrize("ending", ["fits", "ecsv", "vot", "csv"])
def test_what_is_written_others_open(tmp_path, capsys, ending):
    source, out = tmp_path / "cube.fits", tmp_path / f"s.{ending}"
    write_cube(replace(cube(unit="Jy", beam=None)), source)
    reg = written(tmp_path, 'icrs\ncircle(150,2,2")\ncircle(150.001,2,1")\n')
    assert main(["spectrum", str(source), "--region", str(reg), "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["unit"] for one in told["spectra"]] == ["Jy", "Jy"]
    if ending == "vot":
        table = parse_single_table(out).to_table()
        assert "source SHA-256" in out.read_text()
    else:
        table = Table.read(out, format={"csv": "ascii.csv", "ecsv": "ascii.ecsv"}.get(ending))
    first, flux, error = table.colnames[:3]
    assert np.asarray(table[first]) == pytest.approx(CHANNELS)
    assert np.asarray(table[flux]) == pytest.approx(3 * np.pi * 16, rel=1e-6)
    assert np.asarray(table[error]) == pytest.approx(told["spectra"][0]["median_error"])
    assert np.asarray(table[table.colnames[4]]) == pytest.approx(3 * np.pi * 4, rel=1e-6)
    if ending == "csv":
        assert (first, flux) == ("frequency [GHz]", "flux [Jy]")
    else:
        assert (table[first].unit, table[flux].unit) == (units.GHz, units.Jy)
    if ending == "fits":
        header = fits.getheader(out, 1)
        assert told["source_sha256"] in "".join(header["HISTORY"])
        assert (header["SPECSYS"], header["SKYFRAME"]) == ("LSRK", "ICRS")


def test_a_place_outside_a_wrong_ending_and_the_source_itself_are_refused(tmp_path, capsys):
    source = tmp_path / "cube.fits"
    write_cube(cube(unit="Jy", beam=None), source)
    kept = source.read_bytes()
    at = ["--at", "115.1", "2", "150"]
    for words in (
        ["--at", "115.1", "3", "150", "--out", str(tmp_path / "s.fits")],
        [*at, "--out", str(tmp_path / "s.txt")],
        [*at, "--radius", "-1", "--out", str(tmp_path / "s.fits")],
        [*at, "--radius", "nan", "--out", str(tmp_path / "s.fits")],
        [*at, "--out", str(source)],
        [*at, "--out", str(source), "--overwrite"],
    ):
        assert main(["spectrum", str(source), *words]) == 2
        assert capsys.readouterr().err.startswith("cubeview: ")
    assert source.read_bytes() == kept
    assert main(["spectrum", str(source), *at, "--out", str(tmp_path / "s.fits")]) == 0
    assert main(["spectrum", str(source), *at, "--out", str(tmp_path / "s.fits")]) == 2
    assert "--overwrite" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "name", "sizes"),
    [
        ("circle(18.3,22.6,6.2)", "CircularAperture", (6.2,)),
        ("annulus(18.3,22.6,3.1,6.2)", "CircularAnnulus", (3.1, 6.2)),
        ("ellipse(18.3,22.6,8,3.5,25)", "EllipticalAperture", (8, 3.5, np.radians(25))),
        ("box(18.3,22.6,9.5,4.2,25)", "RectangularAperture", (9.5, 4.2, np.radians(25))),
        (
            "ellipse(18.3,22.6,4,1.75,8,3.5,25)",
            "EllipticalAnnulus",
            (4, 8, 3.5, 1.75, np.radians(25)),
        ),
    ],
)
def test_shapes_cover_voxels_as_photutils_has_them(tmp_path, text, name, sizes):
    """The same shares as the usual library, where it is installed."""
    photutils = pytest.importorskip("photutils.aperture")
    sky = cube()
    ((_, aperture),) = read_apertures(written(tmp_path, f"image; {text}\n"), sky)
    rows, columns, share = aperture.cover(sky.shape)
    mine = np.zeros(sky.shape[1:])
    mine[rows, columns] = share
    theirs = getattr(photutils, name)((17.3, 21.6), *sizes).to_mask("exact").to_image((40, 40))
    # Of a box they count 32 x 32 points a voxel.
    atol = 2e-3 if name == "RectangularAperture" else 1e-6
    np.testing.assert_allclose(mine, theirs, atol=atol)
