"""Normal limits from planted hearts: what deviates is found, too few are refused."""

import json

import numpy as np
import pytest

from cubeview.cli import main
from cubeview.cubes.scores import Scores, as_text
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError
from cubeview.io import open_paths
from cubeview.io.identity import file_hashes
from cubeview.library.library import Library
from cubeview.library.schema import SPECT_SET
from cubeview.measure.heart.normal import (
    FEWEST,
    Group,
    compared,
    limits_of,
    read_limits,
    write_limits,
)
from cubeview.measure.heart.segments import HEIGHTS, TURNS
from tests.helpers.nmfolder import write_hearts
from tests.measure.heart.test_disc import polar

WOMEN = Group("stress", "F", "Tc-99m")


def hearts(count, spread=5.0, seed=0):
    """Even walls of 80 % whose level differs from heart to heart."""
    levels = np.random.default_rng(seed).normal(size=count)
    levels = spread * (levels - levels.mean()) / levels.std(ddof=1)
    return [polar(np.full((HEIGHTS, TURNS), 80.0 + level)) for level in levels]


@pytest.fixture(scope="module")
def normals():
    return limits_of((WOMEN, heart) for heart in hearts(20))


def test_mean_and_spread_are_those_that_were_planted(normals):
    limits = normals[WOMEN]
    assert limits.cases == 20
    np.testing.assert_allclose(limits.mean, 80.0)
    np.testing.assert_allclose(limits.spread, 5.0)
    np.testing.assert_allclose(limits.segment_spread, 5.0)


def test_a_defect_is_as_large_as_it_was_planted(normals):
    values = np.full((HEIGHTS, TURNS), 80.0)
    values[3:10, :18] = 80.0 - 3 * 5.0  # three spreads down, a quarter of the apical ring
    values[10:17, 18:36] = 80.0 - 2 * 5.0  # two spreads down is no defect
    found = compared(polar(values), WOMEN, normals)
    assert (found.cases, found.group) == (20, WOMEN)
    share, ml = found.defect
    assert share == pytest.approx(100 * 7 * 18 / (HEIGHTS * TURNS))
    assert ml == pytest.approx(7 * 18)
    np.testing.assert_allclose(found.polar.values[3:10, :18], -3.0)
    assert found.segments[0] == pytest.approx(0)


def test_limits_are_of_their_own_sex_protocol_and_state(normals):
    for other in (Group("rest", "F", "Tc-99m"), Group("stress", "M", "Tc-99m"), Group("stress")):
        with pytest.raises(CubeviewError, match="no limits of"):
            compared(hearts(2)[0], other, normals)


def test_too_few_hearts_are_refused_and_counted():
    men = Group("stress", "M", "Tc-99m")
    few = [(WOMEN, h) for h in hearts(FEWEST - 1)] + [(men, h) for h in hearts(3)]
    with pytest.raises(CubeviewError, match=r"9 of stress, women, Tc-99m; 3 of stress, men"):
        limits_of(few)
    enough = limits_of([*few, (WOMEN, hearts(2)[0])])
    assert list(enough) == [WOMEN], "and three men make no limits"


def test_a_spread_that_is_small_by_chance_is_not_believed():
    alike = limits_of((WOMEN, heart) for heart in hearts(10, spread=0.01))
    below = polar(np.full((HEIGHTS, TURNS), 78.0))
    assert compared(below, WOMEN, alike).segments[0] == pytest.approx(-1.0)


def test_limits_come_back_from_their_file(normals, tmp_path):
    path = tmp_path / "normals.json"
    write_limits(normals, path)
    again = read_limits(path)
    assert list(again) == [WOMEN]
    np.testing.assert_allclose(again[WOMEN].spread, normals[WOMEN].spread, atol=0.01)
    document = json.loads(path.read_text())
    document["groups"][0]["cases"] = 3
    for text in (json.dumps(document), "{}", "[", '{"format": "cubeview-normals-1"}'):
        path.write_text(text)
        with pytest.raises(CubeviewError, match="not a file of normal limits"):
            read_limits(path)


@pytest.fixture
def healthy(tmp_path, monkeypatch):
    """Eleven small scans in a library, ten of them called healthy by all."""
    known = Ventricle(np.array([24.0, 36.0, 36.0]), np.eye(3), np.array([22.0, 25.0, 25.0]))
    from cubeview.learn.heart import prepare

    monkeypatch.setattr(
        prepare, "ventricles_of", lambda case, roles, *_: dict.fromkeys(roles, known)
    )
    opened = open_paths([write_hearts(tmp_path / "scans", 11)])
    library = Library(tmp_path / "library.sqlite", "Anna")
    for number, case in enumerate(sorted(opened.cases, key=lambda case: case.name)):
        added = library.add_case(case, file_hashes(case))
        library.label(added, "healthy", label_set=SPECT_SET)
        if number == 10:
            library.reader = "Ben"
            library.label(added, "mixed", label_set=SPECT_SET)
            library.reader = "Anna"
    library.label(1, "healthy", label_set=SPECT_SET,
                  scores=as_text(Scores().changed("stress", 5, 4)))  # fmt: skip
    library.close()
    return tmp_path


def test_the_command_makes_limits_of_a_library_that_measure_compares_with(healthy, capsys):
    out = healthy / "normals.json"
    assert main(["normals", str(healthy / "library.sqlite"), "--out", str(out), "--json"]) == 0
    (group,) = json.loads(capsys.readouterr().out)["groups"]
    assert (group["cases"], group["state"], group["sex"]) == (10, "stress", "")
    scan = str(healthy / "scans" / "0000" / "stress.dcm")
    assert main(["measure", scan, "--normals", str(out), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    one = told["normals"]["stress"]
    assert one["cases"] == 10
    expected = (np.array(told["segments"]["stress"]) - group["segments"]) / np.maximum(
        group["spread"], 2.0
    )
    np.testing.assert_allclose(one["z"], expected, atol=0.1)
    assert main(["normals", str(healthy / "scans" / "0003"), "--out", str(out)]) == 2
    assert "at least 10" in capsys.readouterr().err
    assert read_limits(out), "what was there is left"
    # A reader's scores take the place of those suggested.
    given = ["--library", str(healthy / "library.sqlite"), "--scores-of", "Anna", "--json"]
    wanted = list(told["scores"]["stress"])
    assert main(["measure", scan, *given]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    wanted[4] = 4
    assert told["scores"]["stress"] == wanted
    assert (told["sss"], told["scores_by"], told["suggested"]) == (sum(wanted), "Anna", 16)
    given[3] = "Cleo"
    assert main(["measure", scan, *given]) == 2
    assert "Cleo has scored none" in capsys.readouterr().err
    given = ["--library", str(healthy / "library.sqlite")]
    assert main(["measure", scan, *given]) == 2
    assert "--scores-of" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_refused_before_the_work(healthy, capsys, monkeypatch):
    monkeypatch.setattr("cubeview.commands.normals._openers", None)
    notes = healthy / "notes.txt"
    notes.write_text("mine")
    for out in (notes, notes / "normals.json", healthy):
        assert main(["normals", str(healthy / "scans"), "--out", str(out)]) == 2
        assert str(out) in capsys.readouterr().err
    assert notes.read_text() == "mine"
