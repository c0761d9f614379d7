"""Tables of other programs over a cube: whichever columns a position stands in."""

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.table import Table

from cubeview.errors import CubeviewError
from cubeview.io.places import read_places
from tests.helpers.viewcases import sky_case

SHAPE = (40, 20, 30)  # RA 150, Dec 2 in voxel (9, 14), 0.2 arcsec
PLACES = SkyCoord([150.0, 150.0 - 4 * 0.2 / 3600, 151.0], [2.0, 2.0, 2.0], unit="deg")
TRUTH = ((9, 14), (9, 18))


def equatorial():
    return Table({"ra": PLACES.ra.deg, "dec": PLACES.dec.deg, "name": ["core", "knot", "far"]})


def galactic():
    place = PLACES.galactic
    return Table({"GLON": place.l, "GLAT": place.b})


def hours():
    text = PLACES.fk5.to_string("hmsdms", precision=6)
    first, second = zip(*(one.split() for one in text), strict=True)
    return Table({"RAJ2000": list(first), "DEJ2000": list(second)})


def by_ucd():
    table = Table({"x": [1.0, 2, 3], "long": PLACES.ra.to(units.hourangle), "lat": PLACES.dec})
    table["long"].meta["ucd"] = "pos.eq.ra;meta.main"
    table["lat"].meta["ucd"] = "pos.eq.dec;meta.main"
    return table


def a_skycoord():
    return Table({"where": PLACES, "id": [7, 8, 9]})


@pytest.mark.parametrize(
    ("make", "ending", "names"),
    [
        (equatorial, ".ecsv", ("core", "knot")),
        (equatorial, ".fits", ("core", "knot")),
        (equatorial, ".csv", ("core", "knot")),
        (equatorial, ".vot", ("core", "knot")),
        (galactic, ".fits", ("1", "2")),
        (hours, ".csv", ("1", "2")),
        (by_ucd, ".vot", ("1", "2")),
        (a_skycoord, ".ecsv", ("7", "8")),
    ],
)
def test_positions_are_found_where_they_stand(make, ending, names, tmp_path):
    path = tmp_path / f"table{ending}"
    form = {".vot": "votable", ".csv": "ascii.csv", ".ecsv": "ascii.ecsv", ".fits": "fits"}
    make().write(path, format=form[ending])
    found = read_places(path, sky_case(SHAPE).main)
    np.testing.assert_allclose(np.stack([found.y, found.x], axis=1), TRUTH, atol=0.01)
    assert found.names == names
    assert "2 of 3 lie on the cube" in found.words


def test_a_masked_position_lies_nowhere(tmp_path):
    table = Table(equatorial(), masked=True)
    table["ra"].mask[0] = True
    table.write(tmp_path / "t.ecsv", format="ascii.ecsv")
    assert read_places(tmp_path / "t.ecsv", sky_case(SHAPE).main).names == ("knot",)


def test_what_is_no_table_of_places_is_said(tmp_path):
    cube = sky_case(SHAPE).main
    Table({"a": [1], "b": [2]}).write(tmp_path / "none.csv", format="ascii.csv")
    (tmp_path / "bad.vot").write_text("no table")
    for name, why in (
        ("none.csv", "no columns of a position"),
        ("bad.vot", r"bad\.vot"),
        ("gone.ecsv", r"gone\.ecsv"),
        ("image.png", "tables are read from"),
    ):
        with pytest.raises(CubeviewError, match=why):
            read_places(tmp_path / name, cube)
