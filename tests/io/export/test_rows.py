"""Tables written row by row come back with their values, units and what made them."""

import builtins
import math

import numpy as np
import pytest
from astropy.io.votable import parse_single_table
from astropy.table import Table

from cubeview.errors import CubeviewError
from cubeview.io.export.rows import Column, write_rows

COLUMNS = (
    Column("name", "text", about="what it is called"),
    Column("z", unit="Angstrom", ucd="em.wl"),
    Column("count", "int"),
    Column("odd", "bool"),
)
META = {"MODEL": "light: 1", "USE": "research use only"}
ROWS = [
    {"name": 'a "quoted", <b> & name', "z": 0.1 + 0.2, "count": 3, "odd": True},
    {"name": "two\nlines λ", "z": None, "count": 2**40, "odd": False},
    {"name": "", "z": -1e-300, "count": 0, "odd": False},
]


def check(table):
    assert list(table["name"]) == ['a "quoted", <b> & name', "two lines λ", ""]
    z = np.ma.filled(table["z"], np.nan)  # in a VOTable what is no number is masked
    assert z[0] == 0.1 + 0.2
    assert math.isnan(z[1])
    assert z[2] == -1e-300
    assert list(table["count"]) == [3, 2**40, 0]
    assert [str(value) for value in table["odd"]] == ["True", "False", "False"]


def test_ecsv_and_votable_have_units_words_and_what_made_them(tmp_path):
    write_rows(tmp_path / "t.ecsv", COLUMNS, META, iter(ROWS))
    table = Table.read(tmp_path / "t.ecsv", format="ascii.ecsv")
    check(table.filled(""))
    assert str(table["z"].unit) == "Angstrom"
    assert table["z"].meta["ucd"] == "em.wl"
    assert table["name"].description == "what it is called"
    assert dict(table.meta) == META
    write_rows(tmp_path / "t.vot", COLUMNS, META, iter(ROWS))
    found = parse_single_table(tmp_path / "t.vot")
    check(found.to_table())
    assert found.get_field_by_id("z").ucd == "em.wl"
    assert str(found.get_field_by_id("z").unit) == "Angstrom"
    assert "light: 1" in (tmp_path / "t.vot").read_text()


def test_csv_has_one_line_a_row_and_what_made_it_before_them(tmp_path):
    write_rows(tmp_path / "t.csv", COLUMNS, META, iter(ROWS))
    text = (tmp_path / "t.csv").read_text()
    assert text.startswith("# MODEL: light: 1\n# USE: research use only\n# z [Angstrom]\nname,z")
    assert len(text.splitlines()) == 7
    assert np.array_equal(
        Table.read(tmp_path / "t.csv", format="ascii.csv", comment="#")["count"], [3, 2**40, 0]
    )


def test_parquet_comes_back_and_without_pyarrow_the_remedy_is_said(tmp_path, monkeypatch):
    try:
        import pyarrow.parquet
    except ImportError:
        with pytest.raises(CubeviewError, match="pip install pyarrow"):
            write_rows(tmp_path / "t.parquet", COLUMNS, META, iter(ROWS))
        assert not list(tmp_path.iterdir())
        return
    write_rows(tmp_path / "t.parquet", COLUMNS, META, iter(ROWS))
    found = pyarrow.parquet.read_table(tmp_path / "t.parquet")
    assert found.column("count").to_pylist() == [3, 2**40, 0]
    assert found.schema.field("z").metadata[b"unit"] == b"Angstrom"
    assert found.schema.metadata[b"USE"] == b"research use only"
    real = builtins.__import__
    monkeypatch.setattr(
        builtins,
        "__import__",
        lambda name, *a, **k: real("no_such_" + name if name == "pyarrow" else name, *a, **k),
    )
    with pytest.raises(CubeviewError, match="pip install pyarrow"):
        write_rows(tmp_path / "u.parquet", COLUMNS, META, iter(ROWS))


def test_rows_that_fail_half_way_leave_what_was_there(tmp_path):
    def broken():
        yield ROWS[0]
        raise CubeviewError("planted")

    path = tmp_path / "t.csv"
    path.write_text("before")
    with pytest.raises(CubeviewError, match="planted"):
        write_rows(path, COLUMNS, META, broken())
    assert [file.name for file in tmp_path.iterdir()] == ["t.csv"]
    assert path.read_text() == "before"
