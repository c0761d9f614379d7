"""Headers that astropy reads wrongly without a word: generated, with known answers."""

import numpy as np
import pytest
from astropy import units
from astropy.io import fits

from cubeview.cubes.units import parse_unit
from cubeview.io import open_path, open_paths

N = 100


def sky(**cards):
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRVAL1"], header["CRVAL2"] = 150.0, 2.0
    header["CRPIX1"], header["CRPIX2"] = 3.0, 2.0
    header["CUNIT1"] = header["CUNIT2"] = "deg"
    header["CD1_1"], header["CD2_2"] = -5e-5, 5e-5
    for key, value in cards.items():
        header[key] = value
    return header


def radio(**cards):
    header = sky(**cards)
    del header["CD1_1"], header["CD2_2"]
    header["CDELT1"], header["CDELT2"] = -5e-5, 5e-5
    return header


def save(tmp_path, header, shape=(N, 4, 5), name="cube.fits"):
    path = tmp_path / name
    data = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    fits.PrimaryHDU(data, header).writeto(path)
    return path


def third(value, step, pixel=1.0, matrix=True, **cards):
    key = "CD3_3" if matrix else "CDELT3"
    return {"CRVAL3": value, "CRPIX3": pixel, key: step, **cards}


LINEAR = [4750.0, 4751.25, 4750 + 99 * 1.25]
LOG = 3621.6 * np.exp(np.array([0, 1, 99]) * 0.8338 / 3621.6)

TRAPS = {
    "air in Angstrom": (
        sky(**third(4750.0, 1.25, CTYPE3="AWAV", CUNIT3="Angstrom")),
        (LINEAR, "Angstrom", "air", False),
    ),
    "CDELT3 beside a CD matrix": (
        sky(**third(4750.0, 1.25, matrix=False, CTYPE3="AWAV", CUNIT3="Angstrom")),
        (LINEAR, "Angstrom", "air", False),
    ),
    "logarithmic": (
        sky(**third(3621.6, 0.8338, CTYPE3="WAVE-LOG", CUNIT3="Angstrom")),
        (LOG, "Angstrom", "vacuum", False),
    ),
    "LAMBDA": (
        sky(**third(4750.0, 1.25, CTYPE3="LAMBDA", CUNIT3="Angstrom")),
        (LINEAR, "Angstrom", "", False),
    ),
    "LINEAR": (
        sky(**third(4750.0, 1.25, CTYPE3="LINEAR", CUNIT3="Angstrom")),
        (LINEAR, "Angstrom", "", True),
    ),
    "WAVELENGTH without a unit": (
        sky(**third(4750.0, 1.25, CTYPE3="WAVELENGTH")),
        (LINEAR, "Angstrom", "", True),
    ),
    "no type, no unit": (sky(**third(4750.0, 1.25)), (LINEAR, "Angstrom", "", True)),
    "Angstroms": (
        sky(**third(4750.0, 1.25, CTYPE3="WAVE", CUNIT3="Angstroms")),
        (LINEAR, "Angstrom", "vacuum", False),
    ),
    "A is no ampere": (
        sky(**third(4750.0, 1.25, CTYPE3="AWAV", CUNIT3="A")),
        (LINEAR, "Angstrom", "air", False),
    ),
    "MICRON": (
        sky(**third(2.0, 0.01, CTYPE3="WAVE", CUNIT3="MICRON")),
        ([2.0, 2.01, 2.99], "um", "vacuum", False),
    ),
    "WAVE without a unit": (
        sky(**third(4750.0, 1.25, CTYPE3="WAVE")),
        (LINEAR, "Angstrom", "vacuum", True),
    ),
    "WAVE in metres": (
        sky(**third(4.75e-7, 1.25e-10, CTYPE3="WAVE")),
        (np.array(LINEAR) * 1e-10, "m", "vacuum", False),
    ),
    "nanometres": (
        sky(**third(475.0, 0.125, CTYPE3="wave", CUNIT3="nm")),
        (np.array(LINEAR) / 10, "nm", "vacuum", False),
    ),
    "numbers as text": (
        sky(**third("4750.0", "1.25", "1.0", CTYPE3="AWAV", CUNIT3="Angstrom")),
        (LINEAR, "Angstrom", "air", False),
    ),
    "GHz": (
        radio(**third(115.2, -0.001, matrix=False, CTYPE3="FREQ", CUNIT3="GHZ")),
        ([115.2, 115.199, 115.101], "GHz", "", False),
    ),
    "km/s": (
        radio(**third(-50.0, 0.5, matrix=False, CTYPE3="VRAD", CUNIT3="KM/S")),
        ([-50.0, -49.5, -0.5], "km/s", "", False),
    ),
    "VELOCITY": (
        radio(**third(-50000.0, 500.0, matrix=False, CTYPE3="VELOCITY", CUNIT3="m/s")),
        ([-50000.0, -49500.0, -500.0], "m/s", "", False),
    ),
}


@pytest.mark.parametrize("name", TRAPS)
def test_spectral_axis(name, tmp_path):
    header, (values, unit, medium, guessed) = TRAPS[name]
    cube = open_path(save(tmp_path, header))[0].main
    axis = cube.axes[0]
    assert axis.kind == "spectral"
    assert axis.unit == unit
    assert axis.values[[0, 1, -1]] == pytest.approx(values, rel=1e-11)
    assert axis.medium == medium
    assert axis.guessed == guessed
    assert guessed == any("guessed" in note.text for note in cube.notes if note.level == "guess")
    assert cube.wcs is not None
    longitude, latitude = cube.world(0, 1, 2)[::-1][:2]
    assert (longitude, latitude) == pytest.approx((150.0, 2.0))


@pytest.mark.parametrize(
    ("written", "velref", "convention", "frame"),
    [
        ("VELO-LSR", 257, "radio", "LSRK"),
        ("VELO-LSR", 1, "optical", "LSRK"),
        ("VELO-HEL", None, "optical", "BARYCENT"),
        ("VELO-OBS", 259, "radio", "TOPOCENT"),
        ("VRAD", None, "radio", ""),
        ("VOPT", None, "optical", ""),
        ("VELO", None, "relativistic", ""),
    ],
)
def test_linear_velocities(written, velref, convention, frame, tmp_path):
    header = radio(**third(1000.0, 10.0, matrix=False, CTYPE3=written, CUNIT3="km/s"))
    header["RESTFREQ"] = 1.420405752e9
    if velref:
        header["VELREF"] = velref
    axis = open_path(save(tmp_path, header))[0].main.axes[0]
    assert (axis.type, axis.convention, axis.frame) == (written, convention, frame)
    assert axis.values[[0, 1, -1]] == pytest.approx([1000.0, 1010.0, 1990.0])
    assert (axis.unit, axis.rest, axis.rest_unit) == ("km/s", 1.420405752e9, "Hz")


def test_felo_is_regular_in_frequency(tmp_path):
    header = radio(**third(1e6, -2e4, matrix=False, CTYPE3="FELO-HEL", CUNIT3="m/s"))
    header["RESTFREQ"] = 1.420405752e9
    axis = open_path(save(tmp_path, header))[0].main.axes[0]
    assert (axis.convention, axis.frame) == ("optical", "BARYCENT")
    frequency = 1 / (1 + axis.values / 299792458.0)
    assert np.allclose(np.diff(frequency), np.diff(frequency)[0], rtol=1e-6)
    assert not np.allclose(np.diff(axis.values), -2e4, rtol=1e-4)


@pytest.mark.parametrize("order", ["vad", "vda", "adv", "avd", "dav"])
def test_any_axis_order(order, tmp_path):
    """Axes by letter in FITS order: a RA, d Dec, v wavelength."""
    lengths = {"a": 5, "d": 4, "v": 7}
    header = fits.Header()
    cards = {
        "a": ("RA---TAN", 150.0, -5e-5, 3.0),
        "d": ("DEC--TAN", 2.0, 5e-5, 2.0),
        "v": ("WAVE", 500.0, 0.5, 1.0),
    }
    for number, letter in enumerate(order, start=1):
        kind, value, step, pixel = cards[letter]
        header[f"CTYPE{number}"], header[f"CRVAL{number}"] = kind, value
        header[f"CDELT{number}"], header[f"CRPIX{number}"] = step, pixel
        header[f"CUNIT{number}"] = "nm" if letter == "v" else "deg"
    stored = tuple(lengths[letter] for letter in reversed(order))
    path = save(tmp_path, header, stored)
    cube = open_path(path)[0].main
    assert cube.shape == (7, 4, 5)
    assert cube.world(2, 1, 2) == pytest.approx((501.0, 2.0, 150.0))
    data = fits.getdata(path)
    expected = data.transpose([list(reversed(order)).index(letter) for letter in "vda"])
    assert np.array_equal(cube.pixels.read(), expected)
    assert np.array_equal(cube.plane(1, 2), expected[:, 2])
    assert np.array_equal(cube.plane(2, 4), expected[:, :, 4])
    assert np.array_equal(cube.spectrum(3, 1), expected[:, 3, 1])
    box = (slice(1, 5), slice(1, 3), slice(2, 5))
    assert np.array_equal(cube.box(box), expected[box])


def test_stokes_before_frequency(tmp_path):
    header = radio(CTYPE3="STOKES", CRVAL3=1, CRPIX3=1, CDELT3=1)
    header.update(CTYPE4="FREQ", CRVAL4=1e11, CRPIX4=1, CDELT4=-1e6, CUNIT4="Hz")
    path = save(tmp_path, header, (6, 2, 4, 5))
    cases = open_path(path)
    assert [case.name for case in cases] == ["cube [Stokes I]", "cube [Stokes Q]"]
    assert [case.main.source.part for case in cases] == ["", "Stokes Q"]
    for number, case in enumerate(cases):
        assert np.array_equal(case.main.pixels.read(), fits.getdata(path)[:, number])
    cube = cases[0].main
    assert cube.shape == (6, 4, 5)
    assert cube.axes[0].values[[0, 1, -1]] == pytest.approx([1e11, 1e11 - 1e6, 1e11 - 5e6])
    assert any(note.text.startswith("Stokes I: one of 2 planes") for note in cube.notes)


def test_each_plane_has_its_own_noise(tmp_path):
    header = radio(CTYPE3="FREQ", CRVAL3=1e9, CRPIX3=1, CDELT3=1e6, CUNIT3="Hz")
    header.update(CTYPE4="STOKES", CRVAL4=1, CRPIX4=1, CDELT4=1)
    flux = np.arange(3 * 6 * 4 * 5, dtype=np.float32).reshape(3, 6, 4, 5)
    path = tmp_path / "cube.fits"
    hdus = [fits.PrimaryHDU(flux, header), fits.ImageHDU(flux + 1, name="ERR")]
    fits.HDUList(hdus).writeto(path)
    for number, case in enumerate(open_path(path)):
        assert np.array_equal(case.main.uncertainty.read(), flux[number] + 1)


def test_a_fourth_axis_of_many_planes_says_what_is_left_out(tmp_path):
    header = radio(CTYPE3="FREQ", CRVAL3=1e9, CRPIX3=1, CDELT3=1e6, CUNIT3="Hz", CTYPE4="BEAM")
    few = open_path(save(tmp_path, header, (3, 6, 4, 5)))
    assert [case.name for case in few] == [f"cube [beam {n}]" for n in (1, 2, 3)]
    (case,) = open_path(save(tmp_path, header, (30, 6, 4, 5), "many.fits"))
    assert any("the first of 30 planes along beam" in note.text for note in case.main.notes)


def test_wavelengths_in_a_table(tmp_path):
    """JWST writes the wavelength of each plane to WCS-TABLE; CRVAL3 and CDELT3 count rows."""
    waves = np.linspace(5.0, 28.0, N) ** 1.1
    header = sky(**third(1.0, 1.0, matrix=False, CTYPE3="WAVE-TAB", CUNIT3="um"))
    header.update(PS3_0="WCS-TABLE", PS3_1="wavelength", PV3_1=1, PV3_2=1, PV3_3=1)
    del header["CD1_1"], header["CD2_2"]
    header.update(CDELT1=-5e-5, CDELT2=5e-5)
    column = fits.Column("wavelength", f"{N}D", dim=f"(1,{N})", array=waves.reshape(1, N, 1))
    table = fits.BinTableHDU.from_columns([column], name="WCS-TABLE")
    image = fits.ImageHDU(np.zeros((N, 4, 5), np.float32), header, name="SCI")
    path = tmp_path / "jwst.fits"
    fits.HDUList([fits.PrimaryHDU(), image, table]).writeto(path)
    axis = open_path(path)[0].main.axes[0]
    assert axis.values == pytest.approx(waves)
    assert (axis.unit, axis.medium) == ("um", "vacuum")


def test_wavelengths_in_an_array(tmp_path):
    header = sky()
    waves = np.geomspace(3600.0, 10300.0, N)
    path = tmp_path / "cube.fits"
    fits.HDUList(
        [
            fits.PrimaryHDU(),
            fits.ImageHDU(np.zeros((N, 4, 5), np.float32), header, name="FLUX"),
            fits.ImageHDU(waves, name="WAVE"),
        ]
    ).writeto(path)
    cube = open_path(path)[0].main
    assert cube.axes[0].values == pytest.approx(waves)
    assert (cube.axes[0].unit, cube.kind) == ("Angstrom", "sky")


def test_coordinates_only_in_the_primary(tmp_path):
    primary = fits.PrimaryHDU(
        header=sky(**third(4750.0, 1.25, CTYPE3="AWAV", CUNIT3="Angstrom"), BUNIT="Jy/beam")
    )
    path = tmp_path / "cube.fits"
    image = fits.ImageHDU(np.zeros((N, 4, 5), np.float32), name="DATA")
    fits.HDUList([primary, image]).writeto(path)
    cube = open_path(path)[0].main
    assert cube.axes[0].values[[0, 1, -1]] == pytest.approx(LINEAR)
    assert cube.quantity_unit == units.Jy / units.beam
    assert any("taken from the primary" in note.text for note in cube.notes)


def test_an_unusable_matrix_leaves_voxel_numbers(tmp_path):
    header = radio(**third(0.0, 0.0, matrix=False))
    header["CDELT1"] = 0.0
    cube = open_path(save(tmp_path, header))[0].main
    assert cube.kind == "volume"
    assert cube.wcs is None
    assert any(note.level == "guess" for note in cube.notes)


def test_right_ascension_goes_on_across_zero(tmp_path):
    header = sky(**third(4750.0, 1.25, CTYPE3="AWAV", CUNIT3="Angstrom"), CRVAL1=0.0)
    cube = open_path(save(tmp_path, header))[0].main
    assert cube.axes[2].step == pytest.approx(-5e-5, rel=1e-2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10**(-20)*erg/s/cm**2/Angstrom", "1e-20 erg s-1 cm-2 Angstrom-1"),
        ("10**-20 Angstrom-1 cm-2 erg s-1", "1e-20 erg s-1 cm-2 Angstrom-1"),
        ("10^-16 erg/s/cm2/A", "1e-16 erg s-1 cm-2 Angstrom-1"),
        ("1E-17 erg/s/cm^2/Ang/spaxel", "1e-17 erg s-1 cm-2 Angstrom-1"),
        ("FLAM16", "1e-16 erg s-1 cm-2 Angstrom-1"),
        ("JY/BEAM", "Jy beam-1"),
        ("K (Tmb)", "K"),
        ("MJy/sr", "MJy sr-1"),
    ],
)
def test_value_units(text, expected):
    assert parse_unit(text).is_equivalent(units.Unit(expected))
    assert parse_unit(text).to(units.Unit(expected)) == pytest.approx(1.0)


def test_an_unknown_unit_is_shown_as_written(tmp_path):
    header = sky(**third(4750.0, 1.25, CTYPE3="AWAV", CUNIT3="Angstrom"), BUNIT="Corrected DN")
    cube = open_path(save(tmp_path, header))[0].main
    assert (cube.unit, cube.quantity_unit) == ("Corrected DN", None)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_headers_never_raise(seed, tmp_path):
    header = sky(**third(4750.0, 1.25, CTYPE3="AWAV", CUNIT3="Angstrom"), BUNIT="Jy/beam")
    path = save(tmp_path, header, (6, 4, 5))
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    for position in rng.integers(30, 1700, 4 + seed // 4):
        data[position] = rng.integers(32, 127)
    path.write_bytes(bytes(data))
    opened = open_paths([path])
    assert len(opened.cases) + len(opened.refusals) == 1
    for case in opened.cases:
        case.main.plane(0, 0)
        case.main.world(0, 0, 0)


def test_a_turning_sky_is_told(tmp_path):
    header = radio(**third(4750.0, 1.25, matrix=False, CTYPE3="AWAV", CUNIT3="Angstrom"))
    header.update(PC1_3=0.1, PC2_3=-0.1)
    cube = open_path(save(tmp_path, header))[0].main
    assert cube.world(0, 1, 2) == pytest.approx((4750.0, 2.0, 150.0))
    assert any("turns along the third axis" in note.text for note in cube.notes)


@pytest.mark.parametrize("axes", [2, 4, 5])
def test_another_number_of_coordinates_than_axes(axes, tmp_path):
    header = sky(**third(4750.0, 1.25, CTYPE3="AWAV", CUNIT3="Angstrom"))
    header.insert(0, ("WCSAXES", axes))
    for number in range(4, axes + 1):
        header[f"CTYPE{number}"], header[f"CRVAL{number}"] = "STOKES", 1.0
        header[f"CD{number}_{number}"] = 1.0
    cube = open_path(save(tmp_path, header))[0].main
    assert cube.axes[0].values[[0, 1, -1]] == pytest.approx(LINEAR)
    assert cube.world(0, 1, 2) == pytest.approx((4750.0, 2.0, 150.0))


@pytest.mark.parametrize("count", [2147483647, -1, 3.5])
def test_an_absurd_number_of_coordinates_is_ignored(count, tmp_path):
    header = sky(**third(4750.0, 1.25, CTYPE3="AWAV", CUNIT3="Angstrom"))
    header.insert(0, ("WCSAXES", count))
    cube = open_path(save(tmp_path, header))[0].main
    assert cube.axes[0].values[[0, 1, -1]] == pytest.approx(LINEAR)
    assert any("WCSAXES" in note.text for note in cube.notes)


def test_galactic_coordinates_and_degenerate_axes_in_front(tmp_path):
    header = fits.Header()
    header.update(CTYPE1="STOKES", CRVAL1=2, CRPIX1=1, CDELT1=1)
    header.update(CTYPE2="GLAT-CAR", CRVAL2=0.0, CRPIX2=2, CDELT2=0.1, CUNIT2="deg")
    header.update(CTYPE3="VRAD", CRVAL3=0.0, CRPIX3=1, CDELT3=0.5, CUNIT3="km/s")
    header.update(CTYPE4="GLON-CAR", CRVAL4=30.0, CRPIX4=3, CDELT4=-0.1, CUNIT4="deg")
    path = save(tmp_path, header, (5, 7, 4, 1))
    cube = open_path(path)[0].main
    assert cube.shape == (7, 4, 5)
    assert cube.world(2, 1, 2) == pytest.approx((1.0, 0.0, 30.0))
    assert cube.axes[2].name == "Galactic longitude"
    assert np.array_equal(cube.pixels.read(), fits.getdata(path)[..., 0].transpose(1, 2, 0))
    assert any(note.text == "Stokes Q" for note in cube.notes)


def test_sky_without_a_projection(tmp_path):
    header = sky(**third(4750.0, 1.25, CTYPE3="AWAV", CUNIT3="Angstrom"))
    header["CTYPE1"], header["CTYPE2"] = "RA", "DEC"
    cube = open_path(save(tmp_path, header))[0].main
    assert cube.world(0, 0, 0) == pytest.approx((4750.0, 2.0 - 5e-5, 150.0 + 2 * 5e-5), abs=1e-9)
    assert any("no projection" in note.text for note in cube.notes)


def test_a_single_channel_is_a_picture(tmp_path):
    header = radio(**third(1e11, 1e6, matrix=False, CTYPE3="FREQ", CUNIT3="Hz"))
    (case,) = open_path(save(tmp_path, header, (1, 4, 5)))
    assert (case.kind, case.roles, case.main.shape) == ("picture", ("light",), (1, 4, 5))
    assert case.main.wcs is not None


@pytest.mark.parametrize(("instrument", "medium"), [("PMAS", "air"), ("MaNGA", "vacuum")])
def test_a_pipeline_known_for_its_medium(tmp_path, instrument, medium):
    header = sky(**third(3745.0, 2.0), INSTRUME=instrument)
    cube = open_path(save(tmp_path, header))[0].main
    assert cube.axes[0].medium == medium
    assert not any(n.level == "guess" and n.about == "medium" for n in cube.notes)
    says = sky(**third(3745.0, 2.0, CTYPE3="AWAV", CUNIT3="Angstrom"), INSTRUME=instrument)
    assert open_path(save(tmp_path, says, name="b.fits"))[0].main.axes[0].medium == "air"
