import json
from dataclasses import replace

import numpy as np
import pytest

from cubeview.cubes.cube import Source
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError
from cubeview.library import ventricles as placed
from cubeview.paths import data_dir
from tests.helpers.viewcases import heart_case, ventricles


@pytest.fixture
def case(tmp_path):
    made = heart_case()
    cubes = {}
    for role, cube in made.cubes.items():
        path = tmp_path / f"{role}.dcm"
        path.write_bytes(role.encode())
        cubes[role] = replace(cube, source=Source(path))
    return replace(made, cubes=cubes)


def user(case):
    found = ventricles(case)
    return {r: Ventricle(v.centre + 1, v.axes, v.radii, by="user") for r, v in found.items()}


def kept_file():
    (path,) = (data_dir() / "ventricles").iterdir()
    return path


def test_what_was_placed_comes_back_for_the_same_content(case, own_home, tmp_path):
    assert placed.recall(case) == {}
    put = user(case)
    placed.remember(case, put)
    moved = {}
    for role, cube in case.cubes.items():
        path = tmp_path / f"elsewhere-{role}"
        path.write_bytes(role.encode())
        moved[role] = replace(cube, source=Source(path))
    back = placed.recall(replace(case, name="other", cubes=moved))
    for role, found in back.items():
        assert found.centre == pytest.approx(put[role].centre)
        assert found.axes == pytest.approx(put[role].axes)
        assert found.radii == pytest.approx(put[role].radii)
        assert found.by == "user"
    assert kept_file().suffix == ".json", "no half-written file stays"
    text = kept_file().read_text()
    assert case.name not in text
    assert str(tmp_path) not in text


def test_other_content_or_swapped_states_are_another_case(case, own_home, tmp_path):
    placed.remember(case, user(case))
    assert placed.recall(case.swapped()) == {}
    (tmp_path / "rest.dcm").write_bytes(b"another scan")
    assert placed.recall(case) == {}


def test_forgetting(case, own_home):
    placed.remember(case, user(case))
    placed.forget(case)
    placed.forget(case)
    assert placed.recall(case) == {}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda kept: "{",
        lambda kept: "[]",
        lambda kept: json.dumps({**kept, "format": 99}),
        lambda kept: json.dumps({**kept, "ventricles": {"stress": kept["ventricles"]["stress"]}}),
        lambda kept: _with(kept, radii=[1e9, 1, 1]),
        lambda kept: _with(kept, axes=np.ones((3, 3)).tolist()),
        lambda kept: _with(kept, centre=[0, 0]),
        lambda kept: _with(kept, centre=[0, 0, float("nan")]),
        lambda kept: _with(kept, doubt="much"),
        lambda kept: _with(kept, surprise=1),
    ],
)
def test_a_spoilt_file_is_passed_over(case, own_home, spoil):
    placed.remember(case, user(case))
    path = kept_file()
    path.write_text(spoil(json.loads(path.read_text())))
    assert placed.recall(case) == {}


def _with(kept, **changes):
    kept["ventricles"]["rest"].update(changes)
    return json.dumps(kept)


def test_a_case_without_files_is_not_remembered(own_home):
    case = heart_case()
    assert placed.recall(case) == {}
    with pytest.raises(CubeviewError, match="no file"):
        placed.remember(case, user(case))
