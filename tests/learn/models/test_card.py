import json
import pickle
import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest

from cubeview.cubes.axes import plain_axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.errors import CubeviewError
from cubeview.kinds import HEART
from cubeview.learn.models import card as card_module
from cubeview.learn.models.card import (
    Card,
    find_models,
    read_card,
    why_not,
    write_card,
)
from cubeview.paths import data_dir

CODES = {name: code for name, code in HEART.codes.items() if name != "unsure"}
CLASSES = tuple(CODES)
HEART = Card(
    name="toy",
    kind="heart",
    title="Toy heart model",
    network={"name": "strided", "channels_in": 2, "classes": 5, "widths": [4]},
    preprocess={"kind": "heart", "size": 32},
    channels=("rest", "stress"),
    classes=CLASSES,
    codes=CODES,
    normal="healthy",
    defects=("ischaemic", "infarcted", "mixed"),
    artefact="artefact",
)


def case_of(kind, *roles):
    cube = Cube(
        axes=tuple(plain_axis(4, name) for name in "zyx"),
        pixels=ArrayPixels(np.zeros((4, 4, 4))),
        kind=kind,
    )
    return Case(name="case", kind=kind, cubes=dict.fromkeys(roles, cube))


def test_a_card_comes_back_as_written(tmp_path):
    write_card(HEART, tmp_path)
    again = read_card(tmp_path)
    assert again.channels == ("rest", "stress")
    assert again.codes["mixed"] == CODES["mixed"]
    assert again.network == HEART.network
    assert again.licence == "GPL-3.0-or-later"
    assert "not a medical device" in again.intended_use
    assert vars(again) == vars(HEART)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 99}, "update CubeView"),
        ({"format": None}, "format number"),
        ({"mood": "good"}, "unknown entry 'mood'"),
        ({"channels": ["rest"]}, "2 channels"),
        ({"classes": ["a", "b"]}, "5 answers"),
        ({"defects": ["broken"]}, "none of its classes"),
        ({"temperature": 0}, "temperature"),
        ({"temperature": "1"}, "temperature"),
        ({"network": 3}, "'network' is not a table"),
        ({"title": 3}, "'title' is not text"),
        ({"codes": {"mixed": ["1"]}}, "codes"),
        ({"task": "guess"}, "'task' is 'guess'"),
        ({"task": "embed"}, "a vector has no classes"),
        ({"task": "estimate"}, "needs 'quantity'"),
        ({"kind": "brain"}, "neither heart nor sky"),
    ],
)
def test_a_bad_card_is_refused_with_folder_and_reason(tmp_path, change, words):
    write_card(HEART, tmp_path)
    path = tmp_path / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CubeviewError, match=words) as refusal:
        read_card(tmp_path)
    assert str(tmp_path) in str(refusal.value)


def test_missing_damaged_and_incomplete_cards(tmp_path):
    with pytest.raises(CubeviewError, match="not a model folder"):
        read_card(tmp_path)
    for text in ("{", "[]", '{"format": 1}', "[" * 100_000):
        (tmp_path / "card.json").write_text(text)
        with pytest.raises(CubeviewError, match="card"):
            read_card(tmp_path)


def test_an_old_format_is_upgraded_step_by_step(tmp_path, monkeypatch):
    write_card(HEART, tmp_path)
    now = card_module.FORMAT
    monkeypatch.setattr(card_module, "FORMAT", now + 1)
    monkeypatch.setattr(card_module, "UPGRADES", {now: lambda data: data | {"title": "Upgraded"}})
    again = read_card(tmp_path)
    assert (again.title, again.format) == ("Upgraded", now + 1)


@pytest.mark.parametrize("number", [1, 2])
def test_a_card_of_an_older_format_is_read(tmp_path, number):
    write_card(HEART, tmp_path)
    path = tmp_path / "card.json"
    old = json.loads(path.read_text()) | {"format": number}
    old["roles"] = old.pop("channels")
    for name in ("task", "quantity", "unit", *(["doubt_sha256"] if number == 1 else [])):
        del old[name]
    del old["network"]["name"]
    path.write_text(json.dumps(old))
    assert vars(read_card(tmp_path)) == vars(HEART)


def test_a_card_travels_between_processes():
    again = pickle.loads(pickle.dumps(HEART))
    assert vars(again) == vars(HEART)
    with pytest.raises(TypeError):
        again.codes["mixed"] = ("1", "2", "3")


def test_models_are_found_and_bad_ones_passed_over(caplog):
    place = data_dir() / "models"
    for name in ("a", "b", "bad", "empty"):
        (place / name).mkdir(parents=True)
    write_card(replace(HEART, name="mine"), place / "a")
    write_card(replace(HEART, name="mine"), place / "b")
    (place / "bad" / "card.json").write_text("{}")
    mine = [model for model in find_models() if model.folder.parent == place]
    assert [model.name for model in mine] == ["mine", "mine (b)"]
    assert "passed over" in caplog.text


def test_a_card_that_changed_is_read_again():
    folder = data_dir() / "models" / "mine"
    folder.mkdir(parents=True)
    write_card(HEART, folder)
    first, again = ([ref.card for ref in find_models() if ref.folder == folder] for _ in range(2))
    assert first == again  # the very same, read once
    write_card(replace(HEART, title="Another title"), folder)
    assert [ref.card.title for ref in find_models() if ref.folder == folder] == ["Another title"]


def test_why_not_says_what_can_be_done():
    assert why_not(HEART, case_of("heart", "stress", "rest")) == ""
    assert "stress is missing" in why_not(HEART, case_of("heart", "rest"))
    assert "which of them" in why_not(HEART, case_of("heart", "heart"))
    assert "sky cube" in why_not(HEART, case_of("sky", "flux"))


def test_a_card_is_read_without_torch():
    code = "import sys, cubeview.learn.models.card; print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_a_card_travels_to_another_process():
    (card, *_) = (ref.card for ref in find_models())
    again = pickle.loads(pickle.dumps(card))
    for entry in fields(card):
        assert getattr(again, entry.name) == getattr(card, entry.name)
    with pytest.raises(TypeError):
        again.network["classes"] = 3
