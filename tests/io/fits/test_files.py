"""Every real FITS file opens as what it is, or is refused for a reason a user understands."""

import warnings

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from astropy.wcs import WCS

from cubeview.cubes.cube import Cube
from cubeview.errors import CubeviewError
from cubeview.io import open_path, open_paths

FOLDERS = ("ifu", "radio", "solar", "fits_bad", "fits_other")

OPENED = {
    # file: shape, kind, name and unit of the first axis, its values in planes 0 and last
    "ifu/dysmalpy_lensed_cube.fits.gz": ((80, 30, 30), "sky", "Velocity", "km/s", -1000, 975),
    "ifu/dysmalpy_lensed_mask3D.fits.gz": ((80, 30, 30), "sky", "Velocity", "km/s", -1000, 975),
    "ifu/gmos_ngc3081_cube.fits": (
        (1800, 8, 6),
        "sky",
        "Wavelength",
        "Angstrom",
        5627.89,
        5627.89 + 1799 * 0.678294,
    ),
    "ifu/ifscube_example_cube.fits": ((999, 3, 3), "sky", "Wavelength", "Angstrom", 6001, 6999),
    "ifu/kcwi_bias_icube_rot90.fits": (
        (100, 24, 62),
        "sky",
        "Wavelength",
        "Angstrom",
        4156.5,
        4206,
    ),
    "ifu/kcwi_sdss0958_icubes.fits": ((400, 65, 22), "sky", "Wavelength", "Angstrom", 4201, 4600),
    "ifu/muse_a478_full_spectrum_crop.fits": (
        (3681, 12, 12),
        "sky",
        "Wavelength",
        "Angstrom",
        4749.890625,
        9349.890625,
    ),
    "ifu/muse_hdfs_CUBE.fits": ((1595, 10, 20), "sky", "Wavelength", "Angstrom", 7300, 9292.5),
    "ifu/muse_udf_subcube.fits": ((500, 30, 30), "sky", "Wavelength", "Angstrom", 4750, 5373.75),
    "radio/alma_m17_swex_small.fits": (
        (5, 31, 31),
        "sky",
        "Frequency",
        "Hz",
        86751396188.4,
        86751396188.4 - 4 * 244237.7011414,
    ),
    "radio/casa_degenerate_stokes.fits": ((10, 10, 10), "sky", "Velocity", "m/s", 0, 9000),
    "radio/co_carma_ngc4324.fits": ((21, 100, 100), "sky", "Velocity", "m/s", 1.45e6, 1.85e6),
    "radio/cube_3d_tiny.fits": ((2, 3, 4), "sky", "Frequency", "Hz", 1.98e6, 1.99e6),
    "radio/hi_wsrt_ugc5079_ngc2903.fits": (
        (113, 89, 70),
        "sky",
        "Velocity",
        "m/s",
        326207.0786987367,
        788755.0989838566,
    ),
    "radio/iras2a_example_cube.fits": (
        (7, 4, 3),
        "sky",
        "Velocity",
        "m/s",
        14944.909474861162,
        14322.821117054962,
    ),
    "radio/l1448_13co.fits": (
        (53, 105, 105),
        "sky",
        "Velocity",
        "m/s",
        2528.19489695,
        5982.22261695,
    ),
    "radio/n2hp_g035.fits": (
        (1000, 21, 6),
        "sky",
        "Velocity",
        "m/s",
        10034.999851139,
        79965.000148861,
    ),
    "radio/noise_4d_stokes2.fits": ((5, 10, 10), "sky", "Velocity", "m/s", 0, 4000),
    "radio/ppp_dendro_3d1.fits": ((51, 51, 51), "volume", "z", "", 0, 50),
    "radio/reproject_equatorial_3d.fits": ((4, 5, 7), "sky", "Velocity", "m/s", -31, 194),
    "solar/iris_raster_r00000.fits": (
        (17, 109, 8),
        "sky",
        "Wavelength",
        "Angstrom",
        1332.7515341602086,
        1333.166894163919,
    ),
    "solar/iris_sji_2832.fits": ((18, 109, 110), "volume", "Time", "s", 6385.6828, 7021.8806),
    "fits_other/casalike_4d.fits": (
        (2, 2, 2),
        "sky",
        "Velocity",
        "m/s",
        -280000.0002411,
        -269999.83347853,
    ),
    "fits_other/fits_ramp16_velo_tst0002.fits": (
        (5, 31, 73),
        "sky",
        "Velocity",
        "m/s",
        20.506,
        20.518,
    ),
    "fits_other/generic_1d2d3d_table.fits": ((2, 2, 5), "volume", "z", "", 0, 1),
    "fits_other/nocdelt_3plane.fits": ((3, 125, 125), "volume", "z", "", 0, 2),
}

REFUSED = {
    "ifu/muse_sing-0032_source.fits": "catalogue source",
    "ifu/muse_udf_origin-00026_source.fits": "catalogue source",
    "radio/iras2a_example_cube.lmv": "GILDAS",
    "fits_bad/blank.fits": "single value",
    "fits_bad/empty.fits": "0 bytes",
    "fits_bad/group_invalid.fits": "random groups",
    "fits_bad/l1448_truncated.fits": "27 of 53 planes are complete",
    "fits_bad/not_actually_fits.fits": "does not begin with SIMPLE",
    "fits_bad/theap-gap.fits": "only tables",
    "fits_bad/validate.fits": "no data",
    "fits_other/example_4d_tab.fits": "only tables",
    "fits_other/ieee64_specials_tst0008.fits": "one-dimensional spectrum",
    "fits_other/tab-time-last-axis.fits": "single value",
    "fits_other/vlti_amber_oifits.fits": "OIFITS",
}

PICTURES = {
    # rows and columns, unit, arcsec a pixel or 1 where nobody says, mean of the first
    "ifu/sinfoni_ngc5728_sivi_maps.fits": ((88, 82), "W m-2", 1.388889e-5, np.nan),
    "fits_bad/badMPE.fits": ((200, 64), "", 1.0, 0.66726565),
    "fits_bad/checksum_false.fits": ((40, 30), "", 7.0, 209.58),
    "fits_bad/fixed-1890.fits": ((100, 100), "", 1.0, 1890.0),
    "fits_other/lzw.fits.Z": ((101, 101), "", 1.0, 66.271835),
    "fits_other/m13_hcomp.fits": ((300, 300), "", 0.99972, 147.7044),
    "fits_other/m13_rice.fits": ((300, 300), "", 0.99972, 147.7044),
    "fits_other/scale.fits": ((21, 20), "", 5.0, 531.4352),
}

NO_STANDARD_WCS = (
    "ifu/gmos_ngc3081_cube.fits",
    "ifu/ifscube_example_cube.fits",
    "radio/ppp_dendro_3d1.fits",
    "fits_other/generic_1d2d3d_table.fits",
    "fits_other/nocdelt_3plane.fits",
)


def test_every_file_is_expected(shared_data):
    found = {
        str(path.relative_to(shared_data))
        for name in FOLDERS
        for path in (shared_data / name).iterdir()
    }
    assert found == set(OPENED) | set(PICTURES) | set(REFUSED)


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_open(name, shared_data):
    shape, unit, step, mean = PICTURES[name]
    case = open_paths([shared_data / name]).cases[0]
    cube = case.main
    assert (case.kind, case.roles, cube.shape, cube.unit) == (
        "picture",
        ("light",),
        (1, *shape),
        unit,
    )
    assert cube.spacing[2] == pytest.approx(step, rel=1e-5)
    assert float(cube.pixels.read().mean()) == pytest.approx(mean, rel=1e-5, nan_ok=True)


@pytest.mark.parametrize("name", OPENED)
def test_opens(name, shared_data):
    shape, kind, axis_name, unit, first, last = OPENED[name]
    opened = open_paths([shared_data / name])
    assert not opened.refusals
    cube = opened.cases[0].main
    assert cube.shape == shape
    assert opened.cases[0].kind == cube.kind == kind
    axis = cube.axes[0]
    assert (axis.name, axis.unit) == (axis_name, unit)
    assert axis.values[[0, -1]] == pytest.approx([first, last], rel=1e-12, abs=1e-9)
    middle = tuple(n // 2 for n in shape)
    plane, spectrum = cube.plane(0, middle[0]), cube.spectrum(*middle[1:])
    assert plane.dtype == spectrum.dtype == np.float32
    assert plane.dtype.isnative
    assert plane.shape == shape[1:]
    assert np.array_equal(plane[middle[1:]], spectrum[middle[0]], equal_nan=True)
    assert "observer" not in cube.facts


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_with_a_reason(name, shared_data):
    opened = open_paths([shared_data / name])
    assert not opened.cases
    (refusal,) = opened.refusals
    assert REFUSED[name] in refusal.reason
    assert str(shared_data / name) in refusal.reason
    with pytest.raises(CubeviewError):
        open_path(shared_data / name)


@pytest.mark.parametrize("name", [name for name in OPENED if name not in NO_STANDARD_WCS])
def test_voxels_lie_where_astropy_puts_them(name, shared_data):
    path = shared_data / name
    for case in open_path(path):
        check_against_astropy(case.main, path)


def check_against_astropy(cube: Cube, path):
    """World coordinates of corners and random voxels lead back to the same pixel."""
    with warnings.catch_warnings(), fits.open(path) as hdus:
        warnings.simplefilter("ignore")
        part = cube.source.part
        # A plane of a fourth axis is named too, and is no extension.
        number = int(part.split()[1]) if part.startswith("extension") else part or 0
        number = number if isinstance(number, int) or number in hdus else 0
        header = hdus[number].header
        oracle = WCS(header, hdus)
    lengths = [header[f"NAXIS{n}"] for n in range(1, header["NAXIS"] + 1)]
    z, y, x = cube_axes_in_file(oracle, lengths)
    rng = np.random.default_rng(7)
    corners = [(i, j, k) for i in (0, -1) for j in (0, -1) for k in (0, -1)]
    voxels = [tuple(range(n)[i] for i, n in zip(c, cube.shape, strict=True)) for c in corners]
    voxels += [tuple(int(rng.integers(n)) for n in cube.shape) for _ in range(3)]
    for voxel in voxels:
        world = np.ones(oracle.naxis)
        for number, axis, value in zip((z, y, x), cube.axes, cube.world(*voxel), strict=True):
            unit = oracle.wcs.cunit[number]
            world[number] = (value * units.Unit(axis.unit)).to_value(unit) if axis.unit else value
        pixel = oracle.wcs_world2pix(world[None], 0)[0]
        assert pixel[[z, y, x]] == pytest.approx(voxel, abs=1e-6)


def cube_axes_in_file(oracle, lengths):
    """Return the WCS axes expected along (z, y, x), from types alone."""
    if oracle.wcs.lng < 0:
        return oracle.wcs.spec, 1, 0
    sky = (oracle.wcs.lng, oracle.wcs.lat)
    rest = [n for n in range(len(lengths)) if n not in sky and lengths[n] > 1]
    third = oracle.wcs.spec if oracle.wcs.spec >= 0 else rest[0]
    return third, sky[1], sky[0]


def test_whole_cubes_equal_astropy(shared_data):
    for name, number in [
        ("ifu/muse_udf_subcube.fits", "DATA"),
        ("radio/n2hp_g035.fits", 0),
        ("fits_other/fits_ramp16_velo_tst0002.fits", 0),
    ]:
        path = shared_data / name
        cube = open_path(path)[0].main
        expected = np.squeeze(fits.getdata(path, number)).astype(np.float32)
        assert np.array_equal(cube.pixels.read(), expected, equal_nan=True)


def test_a_spectral_axis_that_comes_first_is_turned(shared_data):
    path = shared_data / "solar" / "iris_raster_r00000.fits"
    cases = open_path(path)
    assert len(cases) == 9
    assert cases[0].name == "iris_raster_r00000 [C II 1336]"
    cube = cases[0].main
    stored = fits.getdata(path, 1)  # (x, y, wavelength)
    assert np.array_equal(cube.pixels.read(), stored.transpose(2, 1, 0))
    assert np.array_equal(cube.plane(2, 3), stored[3].T)
    assert np.array_equal(cube.spectrum(50, 4), stored[4, 50])


def test_muse_noise_mask_and_facts(shared_data):
    path = shared_data / "ifu" / "muse_a478_full_spectrum_crop.fits"
    cube = open_path(path)[0].main
    with fits.open(path) as hdus:
        variance, flags = hdus["STAT"].data, hdus["DQ"].data
    assert np.allclose(cube.uncertainty.spectrum(5, 6), np.sqrt(variance[:, 5, 6]), equal_nan=True)
    assert np.array_equal(cube.mask.read(), flags != 0)
    assert np.isnan(cube.plane(0, int(np.argwhere(flags)[0, 0]))).any()
    assert cube.facts["uncertainty"] == "variance"
    assert cube.facts["instrument"] == "MUSE"
    assert cube.axes[0].medium == "air"
    assert open_path(path)[0].name == "Abell 478"


def test_a_flat_mask_holds_for_every_plane(shared_data):
    cube = open_path(shared_data / "ifu" / "gmos_ngc3081_cube.fits")[0].main
    expected = np.zeros((8, 6))
    expected[0, :2] = 1
    assert np.array_equal(cube.mask.plane(0, 1234), expected)
    assert np.isnan(cube.spectrum(0, 0)).all()
    assert cube.facts["uncertainty"] == "sigma"
    assert any(note.level == "guess" for note in cube.notes)


def test_what_radio_headers_say_is_kept(shared_data):
    axis = open_path(shared_data / "radio" / "n2hp_g035.fits")[0].main.axes[0]
    assert (axis.convention, axis.frame, axis.rest) == ("radio", "LSRK", 93173763700.0)
    cube = open_path(shared_data / "radio" / "hi_wsrt_ugc5079_ngc2903.fits")[0].main
    assert cube.axes[0].type == "VELO-HEL"
    assert cube.axes[0].frame == "BARYCENT"
    assert "read as deg" in " ".join(note.text for note in cube.notes)
    assert cube.facts["beam"].startswith("57.42″ × 48.32″")
