"""What is measured beside the network: planted drops are found, and weigh as the card says."""

from dataclasses import replace

import numpy as np
import pytest

from cubeview.learn.ask.predict import predict
from cubeview.learn.models.beside import beside, largest_drops
from cubeview.learn.models.card import Card
from cubeview.learn.models.prepared import Prepared
from cubeview.learn.tasks.metrics import softmax
from cubeview.learn.teach.finetune import _card, model_logits
from cubeview.learn.teach.training_set import TrainingSet
from tests.learn.toys import heart_case, toy_model


def hearts(lost=0.0, size=32):
    """A shell in both states; at stress it lacks a share of its inferior wall."""
    z, y, x = (np.indices((size,) * 3) - (size - 1) / 2) * 5.0
    reach = np.sqrt((z / 50) ** 2 + (y / 30) ** 2 + (x / 30) ** 2)
    wall = np.exp(-(((reach - 0.9) / 0.25) ** 2))
    gone = lost * (np.abs(np.arctan2(y, x) - np.pi / 2) < np.pi / 4) * (np.abs(z) < 35)
    return np.stack([wall, wall * (1 - gone)]).astype(np.float32)


@pytest.mark.parametrize("size", [28, 32])
def test_a_planted_drop_is_measured_and_a_rise_is_none(size):
    assert largest_drops(hearts(size=size)) == pytest.approx(0.0, abs=1e-6)
    found = [largest_drops(hearts(lost, size)) for lost in (0.1, 0.2, 0.4)]
    assert found == sorted(found)
    assert found[1] == pytest.approx(2 * found[0], rel=0.2)
    assert 0.1 < found[1] < 0.2
    assert largest_drops(hearts(0.4, size)[::-1]) < 0.02
    assert largest_drops(3.0 * hearts(0.2, size)) == pytest.approx(found[1], rel=1e-4)


def test_an_empty_state_is_no_error():
    assert np.isfinite(largest_drops(np.zeros((2, 28, 28, 28), np.float32)))


def model(**weights):
    plain = toy_model()
    return replace(plain, card=replace(plain.card, beside={"drops": weights} if weights else {}))


def test_the_answer_weighs_it_as_the_card_says():
    inputs = hearts(0.4)
    prepared = Prepared(heart_case(inputs), inputs, {})
    alone, weighed = model(), model(at=0.05, ischaemic=40.0)
    gain = (largest_drops(inputs) - 0.05) * 40.0
    wanted = np.zeros(len(alone.card.classes))
    wanted[alone.card.classes.index("ischaemic")] = gain
    np.testing.assert_allclose(beside(weighed.card, inputs[None])[0], wanted)
    before, after = (
        np.array(list(predict(one, prepared.case, prepared=prepared).probabilities.values()))
        for one in (alone, weighed)
    )
    expected = softmax((np.log(before) + wanted / alone.card.temperature)[None], 1.0)[0]
    np.testing.assert_allclose(after, expected, atol=1e-5)
    assert not beside(alone.card, inputs[None]).any()


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"rises": {"at": 0.0}}, "nothing is known of measuring 'rises'"),
        ({"drops": {"ischaemic": 3.0}}, "does not say how much it weighs"),
        ({"drops": {"at": 0.1, "ischaemic": "much"}}, "does not say how much it weighs"),
        ({"drops": {"at": 0.1, "tired": 3.0}}, "'tired' is none of its classes"),
    ],
)
def test_a_card_that_weighs_nonsense_is_refused(entry, reason):
    card: Card = toy_model().card
    with pytest.raises(ValueError, match=reason):
        replace(card, beside=entry)


def test_a_taught_model_answers_without_what_it_was_not_taught_with():
    weighed = model(at=0.05, ischaemic=40.0)
    inputs = hearts(0.4)[None]
    both, alone = (model_logits(weighed, inputs, None, alone=flag) for flag in (False, True))
    gained = beside(weighed.card, inputs) / weighed.card.temperature
    np.testing.assert_allclose(both - alone, gained, atol=1e-5)
    names = weighed.card.classes[:2]
    examples = TrainingSet(inputs, np.array([0]), names, ("one",), ("one",))
    for links in (None, [[0], [1]]):
        assert not _card(weighed, examples, links, 1.0).beside
