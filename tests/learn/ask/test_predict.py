from dataclasses import replace

import numpy as np
import pytest
import torch

from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError
from cubeview.learn.ask.predict import Latest, predict
from cubeview.learn.explain.methods import make_map
from cubeview.learn.heart.room import ROOM
from cubeview.learn.models.prepared import Prepared
from cubeview.learn.tasks.classify import abnormality, humbled
from cubeview.learn.tasks.metrics import softmax
from tests.learn.models.test_card import HEART
from tests.learn.toys import toy_model, turned

pytestmark = pytest.mark.usefixtures("hearts_once")


@pytest.fixture
def prepared():
    return turned(np.random.default_rng(1).uniform(0, 1, (2, 16, 16, 16)))


@pytest.fixture
def preparations(monkeypatch, prepared):
    """Stand in for the preparation of hearts; return the list of calls."""
    calls = []

    def prepare(case, config, roles, *, ventricles=None, report):
        calls.append(case)
        return replace(prepared, case=case)

    monkeypatch.setattr("cubeview.learn.heart.room.ROOM", replace(ROOM, prepare=prepare))
    return calls


def test_probabilities_are_those_of_the_network(prepared):
    model = toy_model()
    model = replace(model, card=replace(model.card, temperature=2.0))
    answer = predict(model, prepared.case, prepared=prepared)
    with torch.inference_mode():
        logits = model.network(torch.from_numpy(prepared.input)[None]) / 2.0
    wanted = torch.softmax(logits[0].double(), dim=0).numpy()
    np.testing.assert_allclose(list(answer.probabilities.values()), wanted, atol=1e-6)
    assert tuple(answer.probabilities) == model.card.classes
    assert answer.abnormal == pytest.approx(wanted[1:4].sum() / wanted[:4].sum(), abs=1e-6)
    assert answer.model == "toy"
    assert answer.device
    assert answer.seconds > 0


def test_doubts_travel_with_the_answer(prepared):
    case = replace(prepared.case, question="Which is rest?")
    doubtful = Prepared(case, prepared.input, prepared.grids, cautions=("The fit is poor.",))
    answer = predict(toy_model(), case, prepared=doubtful)
    assert answer.cautions == ("The fit is poor.", "Which is rest?")


def test_a_pair_of_two_patients_is_cautioned_against_in_every_answer(prepared):
    cubes = {
        role: replace(cube, whose={"patient number": role})
        for role, cube in prepared.case.cubes.items()
    }
    case = replace(prepared.case, cubes=cubes)
    assert len(case.cubes) == 2
    answer = predict(toy_model(), case, prepared=replace(prepared, case=case))
    assert answer.cautions == ("Not of one patient: patient number differs.",)


def test_the_more_doubtful_the_ventricle_the_less_certain_the_answer(prepared):
    sure = np.array([[0.98, 0.005, 0.005, 0.005, 0.005]])
    said = []
    for doubt, by in ((0.2, "fit"), (0.5, "fit"), (0.7, "fit"), (1.0, "fit"), (1.0, "user")):
        there = Ventricle(np.zeros(3), np.eye(3), np.ones(3), doubt=doubt, by=by)
        answer = humbled(sure, replace(prepared, ventricles={"rest": there}))
        assert answer.sum() == pytest.approx(1.0)
        said.append(answer[0, 0])
    assert said[0] == said[1] == said[4] == pytest.approx(0.98)
    assert said[3] < said[2] < said[1]
    assert said[3] < 0.6


def test_a_map_after_an_answer_does_not_prepare_again(prepared, preparations):
    model, latest = toy_model(), Latest()
    answer = predict(model, prepared.case, prepared=latest.prepare(model.card, prepared.case))
    for ventricles in (answer.ventricles, {}):
        found = latest.prepare(model.card, prepared.case, ventricles=ventricles)
        make_map(model, prepared.case, "mixed", "cam", prepared=found)
    assert len(preparations) == 1
    latest.prepare(model.card, prepared.case.swapped())
    assert len(preparations) == 2
    other = replace(model.card, preprocess={"kind": "heart", "size": 16})
    latest.prepare(other, prepared.case)
    assert len(preparations) == 3


def test_a_case_it_cannot_judge_is_refused(prepared):
    rest = replace(prepared.case, cubes={"rest": prepared.case.cubes["rest"]})
    with pytest.raises(CubeviewError, match="stress is missing"):
        predict(toy_model(), rest)


def test_an_input_that_does_not_fit_is_refused(prepared):
    narrow = Prepared(prepared.case, prepared.input[:1], prepared.grids)
    with pytest.raises(CubeviewError, match="does not fit"):
        predict(toy_model(), prepared.case, prepared=narrow)


def test_an_answer_that_is_no_number_is_refused(prepared):
    broken = Prepared(prepared.case, prepared.input * np.nan, prepared.grids)
    with pytest.raises(CubeviewError, match="no number"):
        predict(toy_model(), prepared.case, prepared=broken)


def test_abnormal_leaves_the_artefact_aside():
    shares = np.array([[0.1, 0.1, 0.1, 0.1, 0.6], [0.0, 0.0, 0.0, 0.0, 1.0]])
    np.testing.assert_allclose(abnormality(shares, HEART), [0.75, 0.5])
    assert abnormality(shares, replace(HEART, normal="", defects=())) is None


def test_calibration_survives_large_logits():
    shares = softmax(np.array([[1e4, 0, 0, 0, -1e4]]), HEART.temperature)
    np.testing.assert_allclose(shares, [[1, 0, 0, 0, 0]])
