"""One rule says which model answers, whoever asks."""

from typing import NamedTuple

import pytest

from cubeview.errors import CubeviewError
from cubeview.learn.models import choose as module
from cubeview.learn.models.card import ModelRef, read_card, write_card
from cubeview.learn.models.choose import choose, default_of, models_for, named
from tests.gui.fakes import HEART_CLASSES, SKY_CLASSES, make_ref


class Closed(NamedTuple):
    kind: str
    roles: tuple[str, ...]


PAIR, ALONE, SKY = Closed("heart", ("stress", "rest")), Closed("heart", ("stress",)), Closed(
    "sky", ("flux",)
)  # fmt: skip


@pytest.fixture(autouse=True)
def models(monkeypatch):
    both = make_ref("heart", HEART_CLASSES, ("rest", "stress"))
    one = make_ref("heart", HEART_CLASSES, ("stress",))
    refs = [
        both,
        ModelRef("one", one.folder, one.card),
        make_ref("sky", SKY_CLASSES, ("flux", "noise")),
    ]
    monkeypatch.setattr(module, "find_models", lambda: tuple(refs))
    return refs


@pytest.mark.parametrize(
    ("case", "defaults", "name"),
    [
        (PAIR, {}, "heart-net"),
        (ALONE, {}, "one"),
        (SKY, {"heart": "one"}, "sky-net"),
        (PAIR, {"heart": "one"}, "one"),
        (ALONE, {"heart": "heart-net"}, "heart-net"),
        (PAIR, {"heart": "gone"}, "heart-net"),
    ],
)
def test_the_default_answers_else_the_first_that_can(case, defaults, name):
    assert choose(case, defaults=defaults).name == name


@pytest.mark.parametrize("chosen", ["", "gone", "heart-net"])
def test_a_kind_has_one_model_that_answers_whatever_the_case(chosen):
    assert default_of("heart", {"heart": chosen}).name == "heart-net"
    assert default_of("heart", {"heart": "one"}).name == "one"
    assert default_of("volume", {}) is None


def test_the_model_that_is_wanted_answers_or_none(models, tmp_path):
    assert choose(SKY, wanted="one", defaults={"sky": "sky-net"}).name == "one"
    with pytest.raises(CubeviewError, match="there is no model 'two'; installed: heart-net, one"):
        choose(PAIR, wanted="two")
    write_card(models[0].card, tmp_path)
    found = named(str(tmp_path))
    assert (found.folder, found.card.title) == (tmp_path, read_card(tmp_path).title)


def test_where_none_is_made_for_a_kind_it_is_said(models):
    with pytest.raises(CubeviewError, match="neither heart nor sky cube"):
        choose(Closed("volume", ("flux",)))
    with pytest.raises(CubeviewError, match="No model that is installed can segment"):
        choose(PAIR, "segment")
    assert models_for("heart", "segment") == ()
    models.clear()
    with pytest.raises(CubeviewError, match="No model is installed"):
        choose(PAIR)
