import numpy as np
import pytest

from cubeview.io import open_path
from cubeview.io.export.fits import write_cube
from cubeview.simulate.sky.field import simulate_field

NOTHING = {"continuum": 0, "emission line": 0, "absorption": 0, "artefact": 0}


@pytest.fixture(scope="module", params=["ifu", "radio"])
def field(request):
    return simulate_field(3, flavour=request.param)


def test_the_same_seed_gives_the_same_field(field):
    flavour = "radio" if "radio" in field.case.name else "ifu"
    again = simulate_field(3, flavour=flavour)
    np.testing.assert_array_equal(field.case.main.pixels.array, again.case.main.pixels.array)
    assert field.catalogue == again.catalogue


def test_a_field_is_a_sky_case(field):
    case, cube = field.case, field.case.main
    assert (case.kind, case.roles, cube.kind) == ("sky", ("flux",), "sky")
    assert cube.shape == cube.uncertainty.shape == (120, 60, 60)
    assert cube.quantity_unit is not None
    assert [axis.kind for axis in cube.axes] == ["spectral", "celestial", "celestial"]
    assert cube.spacing[1] == pytest.approx(cube.spacing[2])
    assert {source.label for source in field.catalogue} == {
        "continuum",
        "emission line",
        "absorption",
        "artefact",
    }


def test_world_coordinates_come_back(field):
    cube = field.case.main
    for voxel in [(0, 0, 0), (60.5, 12.25, 48.0), (119, 59, 59)]:
        assert cube.index(*cube.world(*voxel)) == pytest.approx(voxel, abs=1e-6)


def test_lines_show_at_their_catalogue_coordinates(field):
    cube = field.case.main
    ratio = cube.pixels.array / cube.uncertainty.array
    for source in field.catalogue:
        if source.label != "emission line":
            continue
        voxel = cube.index(source.spectral, source.dec_deg, source.ra_deg)
        assert voxel == pytest.approx(source.voxel, abs=1e-6)
        z, y, x = (round(v) for v in voxel)
        spectrum = np.nanmean(ratio[:, y - 1 : y + 2, x - 1 : x + 2], axis=(1, 2))
        inside = np.zeros(120, bool)
        inside[max(z - 8, 0) : z + 9] = True
        line = spectrum[inside].max() - np.median(spectrum)
        assert line > 3 * np.median(np.abs(spectrum[~inside] - np.median(spectrum[~inside])))


@pytest.mark.parametrize("flavour", ["ifu", "radio"])
def test_noise_follows_the_sigma_cube(flavour):
    cube = simulate_field(8, flavour=flavour, counts=NOTHING).case.main
    ratio = cube.pixels.array / cube.uncertainty.array
    assert np.nanstd(ratio) == pytest.approx(1.0, abs=0.12)
    if flavour == "ifu":
        sigma = np.nanmedian(cube.uncertainty.array, axis=(1, 2))
        # [O I] 6300 and 6364 of the night sky.
        for wavelength in (6300.3, 6363.8):
            near = abs(cube.axes[0].values - wavelength) < 2.0
            assert sigma[near].max() > 1.4 * np.median(sigma)
            assert np.nanstd(ratio[near]) == pytest.approx(1.0, abs=0.35)


def test_a_field_too_small_is_refused():
    with pytest.raises(ValueError, match="too small"):
        simulate_field(1, (8, 60, 60))


def test_a_field_survives_the_way_through_a_file(field, tmp_path):
    path = tmp_path / "field.fits"
    write_cube(field.case.main, path)
    assert path.stat().st_size < 4_000_000
    (case,) = open_path(path)
    cube, was = case.main, field.case.main
    np.testing.assert_array_equal(cube.pixels.read(), was.pixels.array)
    np.testing.assert_allclose(cube.uncertainty.read(), was.uncertainty.array, rtol=1e-5)
    assert cube.world(10, 20, 30) == pytest.approx(was.world(10, 20, 30), abs=1e-9)
    for now, before in zip(cube.axes, was.axes, strict=True):
        assert (now.name, now.type, now.unit, now.medium, now.frame) == (
            before.name,
            before.type,
            before.unit,
            before.medium,
            before.frame,
        )
    assert cube.quantity_unit == was.quantity_unit
