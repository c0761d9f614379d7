"""What models said: kept by their weights, for any task, and never mixed."""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from cubeview.cubes.answer import ANSWERS, Prediction
from cubeview.cubes.ventricle import Ventricle
from cubeview.io.identity import file_hashes
from cubeview.library.answers import (
    answer_of,
    asked_before,
    features,
    keep,
    most_asked,
    packed,
    unpacked,
)
from cubeview.library.library import Library
from cubeview.library.repair import open_library
from cubeview.library.schema import SPECT_SET
from cubeview.library.worklist import rows
from tests.helpers.cases import case_of

OLD, NEW = "a" * 64, "b" * 64


@pytest.fixture
def library(tmp_path):
    library = Library(tmp_path / "library.sqlite", "Anna")
    yield library
    library.close()


@pytest.fixture
def case(tmp_path):
    return case_of(tmp_path, 1)


@pytest.fixture
def number(library, case):
    return library.add_case(case, file_hashes(case))


def said(case, weights, **odds):
    return Prediction(case, "net", odds, None, device="CPU", seconds=0.25, weights=weights)


def test_a_prediction_comes_back_whole(case):
    ventricle = Ventricle((1.5, 2, 3), np.eye(3)[::-1], (40, 30, 31.25), 0.125, "faint", "user")
    asked = Prediction(
        case, "net", {"mixed": 0.1, "healthy": 0.9}, 0.1, device="CPU", seconds=1 / 3,
        cautions=("a", "b"), ventricles={"stress": ventricle}, distance=0.7, unlike="far away",
        weights=NEW,
    )  # fmt: skip
    again = unpacked(packed(asked), case)
    for name in set(vars(asked)) - {"ventricles"}:
        assert getattr(again, name) == getattr(asked, name)
    assert list(again.probabilities) == ["mixed", "healthy"]
    for name, value in vars(ventricle).items():
        assert np.array_equal(getattr(again.ventricles["stress"], name), value)


@dataclass(frozen=True, eq=False)
class Toy:
    """An answer of a task the library has never heard of."""

    task: ClassVar[str] = "toy"
    case: object
    model: str
    weights: str
    mask: np.ndarray
    box: tuple[slice, slice]
    values: dict[str, float] = field(default_factory=dict)


def test_an_answer_to_any_task_goes_through_the_same_door(library, case, number, monkeypatch):
    monkeypatch.setitem(ANSWERS, "toy", Toy)
    mask = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    toy = Toy(case, "segmenter", NEW, mask, (slice(1, 3), slice(0, 4)), {"ml": np.float32(2.5)})
    keep(library, number, packed(toy, np.ones(3)))
    again = answer_of(library, number, case, NEW)
    assert (type(again), again.box, again.values) == (Toy, toy.box, {"ml": 2.5})
    assert np.array_equal(again.mask, mask)
    assert again.mask.dtype == np.uint8
    assert features(library, NEW)[number].tolist() == [1, 1, 1], "no probabilities are needed"
    (row,) = rows(library, {})
    assert (row.model, row.said["values"], row.probabilities) == ("segmenter", {"ml": 2.5}, {})


def test_a_retrained_model_of_the_same_name_is_another_model(library, case, number):
    keep(library, number, packed(said(case, OLD, healthy=1.0), np.zeros(2)))
    assert answer_of(library, number, case, NEW) is None
    (row,) = rows(library, {}, weights_for=lambda kind, roles: NEW)
    assert (row.answer, row.model) == ("", "")
    keep(library, number, packed(said(case, NEW, mixed=1.0), np.ones(2)))
    assert answer_of(library, number, case, NEW).answer == "mixed"
    assert answer_of(library, number, case, OLD).answer == "healthy"
    assert features(library, OLD)[number].tolist() == [0, 0]
    assert asked_before(library) == {(number, OLD), (number, NEW)}
    asked = []

    def weights_for(*about):
        asked.append(about)
        return OLD

    (row,) = rows(library, {}, weights_for=weights_for, case_id=number)
    assert (row.answer, row.weights) == ("healthy", OLD)
    assert asked == [("heart", ("stress",))]


def test_features_are_those_of_the_weights_that_saw_most(library, tmp_path, case, number):
    assert most_asked(library) == ""
    other = case_of(tmp_path, 2)
    keep(library, number, packed(said(case, OLD, mixed=1.0), np.ones(2)))
    for one in (case, other):
        found = library.add_case(one, file_hashes(one))
        keep(library, found, packed(said(one, NEW, mixed=1.0), np.ones(2)))
    assert most_asked(library) == NEW


def test_an_answer_that_is_there_is_not_written_again(library, case, number):
    keep(library, number, packed(said(case, NEW, mixed=1.0), np.ones(2)))
    before = library.read("SELECT COUNT(*), MAX(id) FROM audit", ())
    keep(library, number, packed(answer_of(library, number, case, NEW)))
    assert library.read("SELECT COUNT(*), MAX(id) FROM audit", ()) == before
    keep(library, number, packed(said(case, NEW, mixed=0.5, healthy=0.5)))
    assert features(library, NEW)[number].tolist() == [1, 1], "they stay where none are given"


def test_what_format_3_kept_is_of_an_unknown_state(tmp_path, case):
    path = tmp_path / "library.sqlite"
    raw = sqlite3.connect(path)
    raw.executescript((Path(__file__).parent / "format3.sql").read_text())
    raw.close()
    library, told = open_library(path, "Anna")
    assert "kept as library-format3.sqlite" in told
    assert library.current(SPECT_SET)[(1, "Anna")].class_name == "mixed"
    (row,) = rows(library, {"heart": SPECT_SET}, weights_for=lambda kind, roles: NEW)
    assert (row.former, row.model, row.weights) == ("mixed", "spect-mpi", "")
    assert (row.answer, row.probabilities) == ("", {})
    assert np.isnan(row.doubt)
    assert not row.differs
    assert answer_of(library, 1, case, "") is None
    assert most_asked(library) == ""
    keep(library, 1, packed(said(case, NEW, healthy=1.0)))
    (row,) = rows(library, {"heart": SPECT_SET}, weights_for=lambda kind, roles: NEW)
    assert (row.answer, row.former, row.differs) == ("healthy", "", True)
    library.close()
