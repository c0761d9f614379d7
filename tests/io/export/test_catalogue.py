import math
from dataclasses import replace

import numpy as np
import pytest
from astropy.table import Table

from cubeview.cubes.catalogue import Catalogue, Detection, step_value
from cubeview.cubes.sky import frame_words
from cubeview.errors import CubeviewError
from cubeview.io.export.catalogue import write_catalogue
from cubeview.simulate.sky.field import simulate_field


@pytest.fixture
def catalogue():
    case = simulate_field(1, (20, 24, 24), counts={}).case
    line = Detection(
        1, "emission line", 0.98, 9.5, 9.2, 0.95, 10.5, -20.25, 6270.5, (8.4, 11, 12), 1.2, 3.9
    )
    star = Detection(
        2, "continuum", 0.7, 8.0, 8.0, 1.0, 10.6, -20.26, math.nan, (9.5, 4, 4), 0.8, math.nan
    )
    return Catalogue(
        case, "sky-sources", (line, star), 4.5, np.array([4.5, 9.5]), np.array([0.9, 0.95])
    )


@pytest.mark.parametrize("ending", ["ecsv", "vot", "fits"])
def test_what_is_written_comes_back_with_units(catalogue, tmp_path, ending):
    path = tmp_path / f"found.{ending}"
    write_catalogue(catalogue, path)
    table = Table.read(path)
    assert [str(name).strip() for name in table["class"]] == ["emission line", "continuum"]
    assert table["ra"].unit == "deg"
    assert table["spectral"].unit == "Angstrom"
    assert table["spectral"][0] == pytest.approx(6270.5)
    assert not np.isfinite(np.ma.filled(table["spectral"], np.nan)[1])
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_ucds_travel(catalogue, tmp_path):
    write_catalogue(catalogue, tmp_path / "found.vot")
    text = (tmp_path / "found.vot").read_text()
    assert 'ucd="em.wl"' in text
    assert 'ucd="pos.eq.ra;meta.main"' in text


def test_an_empty_catalogue_is_written(catalogue, tmp_path):
    empty = Catalogue(catalogue.case, "sky-sources", (), math.inf, np.zeros(0), np.zeros(0))
    for ending in ("ecsv", "vot", "fits"):
        write_catalogue(empty, tmp_path / f"none.{ending}")
        assert len(Table.read(tmp_path / f"none.{ending}")) == 0


def test_other_endings_and_missing_folders_are_refused(catalogue, tmp_path):
    with pytest.raises(CubeviewError, match=r"\.ecsv"):
        write_catalogue(catalogue, tmp_path / "found.txt")
    with pytest.raises(CubeviewError, match="cannot be written"):
        write_catalogue(catalogue, tmp_path / "nowhere" / "found.ecsv")


def test_purity_at_a_threshold(catalogue):
    assert step_value(catalogue.purity_sn, catalogue.purity, 5.0) == 0.9
    assert step_value(catalogue.purity_sn, catalogue.purity, 20.0) == 0.95
    assert math.isnan(step_value(catalogue.purity_sn, catalogue.purity, 1.0))


def in_frame(catalogue, kind, frame="", equinox=None):
    """Return the catalogue as that of a cube whose sky has another type and frame."""
    cube = catalogue.case.main
    wcs = cube.wcs.deepcopy()
    names = {"RA": "DEC", "HPLN": "HPLT"}.get(kind, kind.replace("LON", "LAT"))
    wcs.wcs.ctype = [f"{kind:-<5}TAN", f"{names:-<5}TAN"]
    wcs.wcs.radesys = frame
    if equinox:
        wcs.wcs.equinox = equinox
    wcs.wcs.set()
    axes = (cube.axes[0], *(replace(axis, frame=frame_words(wcs)) for axis in cube.axes[1:]))
    case = replace(catalogue.case, cubes={"flux": replace(cube, wcs=wcs, axes=axes)})
    return replace(catalogue, case=case)


@pytest.mark.parametrize(
    ("sky", "columns", "ucd", "system"),
    [
        (("RA", "ICRS"), ("ra", "dec"), "pos.eq.ra", 'system="ICRS"'),
        (("RA", "FK5", 2000.0), ("ra", "dec"), "pos.eq.ra", 'equinox="J2000"'),
        (("RA", "FK5", 1975.0), ("ra", "dec"), "pos.eq.ra", 'equinox="J1975"'),
        (("RA", "FK4", 1950.0), ("ra", "dec"), "pos.eq.ra", 'system="eq_FK4"'),
        (("GLON",), ("glon", "glat"), "pos.galactic.lon", 'system="galactic"'),
        (("ELON", "FK5"), ("elon", "elat"), "pos.ecliptic.lon", 'system="ecl_FK5"'),
        (("SLON",), ("sglon", "sglat"), "pos.supergalactic.lon", 'system="supergalactic"'),
        (("HPLN",), ("hpln", "hplt"), "custom:pos.helioprojective.lon", ""),
    ],
)
def test_positions_are_written_as_what_they_are(catalogue, sky, columns, ucd, system, tmp_path):
    found = in_frame(catalogue, *sky)
    for ending in ("ecsv", "fits", "vot"):
        path = tmp_path / f"found.{ending}"
        write_catalogue(found, path)
        table = Table.read(path)
        assert set(columns) <= set(table.colnames)
        assert ("ra" in table.colnames) == (sky[0] == "RA")
        assert table[columns[0]][0] == 10.5
        if ending != "vot":
            assert table.meta["FRAME"] == found.case.main.axes[2].frame
            assert table.meta.get("RADESYS") == (sky[1] if len(sky) > 1 else None)
            if len(sky) > 2:
                assert table.meta["EQUINOX"] == sky[2]
    text = (tmp_path / "found.vot").read_text()
    assert f'ucd="{ucd};meta.main"' in text or not ucd
    assert system in text
    assert text.count('ref="sky"') == (2 if system else 0)
    assert ("pos.eq" in text) == (sky[0] == "RA")
