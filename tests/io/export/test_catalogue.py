import math

import numpy as np
import pytest
from astropy.table import Table

from cubeview.cubes.catalogue import Catalogue, Detection, step_value
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
