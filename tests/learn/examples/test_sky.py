import numpy as np
import pytest

from cubeview.errors import CubeviewError
from cubeview.learn.examples.dataset import DataConfig
from cubeview.learn.examples.facts import make_facts
from cubeview.learn.examples.sky import sky_example, sky_facts, sky_window
from cubeview.learn.measure.sky_figures import by_strength
from cubeview.simulate.sky.window import CLASSES

PREPROCESS = {"kind": "sky", "size": 32}


def test_an_example_is_named_by_its_numbers():
    first = sky_example(5, 0, 12, PREPROCESS)
    np.testing.assert_array_equal(first, sky_example(5, 0, 12, PREPROCESS))
    assert first.shape == (2, 32, 32, 32)
    assert np.isfinite(first).all()
    for other in ((6, 0, 12), (5, 1, 12), (5, 0, 17)):
        assert np.abs(sky_example(*other, PREPROCESS) - first).max() > 0.1


def test_classes_take_turns():
    for index in range(10):
        assert sky_window(1, 0, index, 32)[0].label == CLASSES[index % 5]
        assert (sky_facts(1, 0, index, PREPROCESS)["peak_sn"] == 0) == (index % 5 == 0)


def test_a_preparation_from_the_future_is_refused():
    for preprocess in ({"kind": "heart"}, {"kind": "sky", "sharpen": 2}, {"size": "big"}):
        with pytest.raises(CubeviewError):
            sky_example(1, 0, 0, preprocess)


def test_figures_follow_strength():
    labels = np.array([0, 1, 1, 2, 2])
    said = np.array([0, 0, 1, 2, 1])
    figures = by_strength(said, labels, np.array([0, 3.0, 8.0, 30.0, 40.0]), ("a", "b", "c"))
    assert figures["bright_cases"] == 4
    assert figures["bright_accuracy"] == 0.75
    assert figures["bright_recall"] == {"a": 1.0, "b": 1.0, "c": 0.5}
    assert [part["cases"] for part in figures["curve"]] == [1, 0, 0, 1, 0, 2, 0]
    assert figures["curve"][5]["recall"] == {"c": 0.5}


def test_facts_kept_for_some_examples_serve_for_more(tmp_path):
    few, more = (DataConfig("ifu", "test", count, 1, PREPROCESS, 4) for count in (5, 7))
    first = make_facts(few, tmp_path)["peak_sn"]
    second = make_facts(more, tmp_path)["peak_sn"]
    assert (len(first), len(second)) == (5, 7)
    assert (second[:5] == first).all()
    assert second[6] == sky_facts(1, 2, 6, PREPROCESS)["peak_sn"]
