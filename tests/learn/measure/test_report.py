"""A report holds what was measured, in one page that needs nothing else."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from cubeview.learn.measure.measured import EXTENTS, Measured, figures
from cubeview.learn.measure.page import page
from cubeview.learn.measure.report import FIGURES, PAGE, report_on, write_report
from cubeview.learn.measure.svg import Chart
from tests.learn.models.test_card import HEART
from tests.learn.toys import toy_model

pytestmark = pytest.mark.usefixtures("hearts_once")

SKY = replace(
    HEART,
    kind="sky",
    classes=("empty", "continuum", "line", "absorption", "artefact"),
    codes={},
    normal="",
    defects=(),
    preprocess={"kind": "sky"},
)


def planted(n=500):
    """Logits that are right wherever the extent is above 0.15, and call all else healthy."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 5
    extent = np.where(np.isin(labels, [1, 2, 3]), rng.uniform(0.05, 0.3, n), 0.0)
    seen = np.where((extent > 0.15) | (labels == 4), labels, 0)
    logits = rng.normal(0, 0.01, (n, 5))
    logits[np.arange(n), seen] += 5
    return logits, labels, {"extent": extent, "severity": np.full(n, 0.55)}


def test_sensitivity_says_from_which_size_on_defects_are_seen():
    logits, labels, facts = planted()
    found = figures(Measured(HEART, "planted", logits, labels, facts))
    for row in found["by_extent"]:
        low, high = row["range"]
        assert row["called_ill"] == row["named"] == (1.0 if low >= 0.15 else 0.0)
        assert row["interval"][0] <= row["called_ill"] <= row["interval"][1]
        assert high in EXTENTS
    (severe,) = found["by_severity"]
    assert severe["cases"] == 300
    assert set(found["roc"]) == {f"healthy / {x}" for x in (*HEART.classes[1:], "all", "ill")}
    assert found["roc"]["healthy / artefact"]["auc"] == 1.0
    half = found["roc"]["healthy / mixed"]
    assert 0.6 < half["auc"] < 0.95
    assert half["false_positive"][-1] == half["true_positive"][-1] == 1.0
    assert half["false_positive"][0] == half["true_positive"][0] == 0.0
    assert len(half["false_positive"]) <= 60


def test_the_sky_has_a_curve_for_each_class_and_one_against_signal_to_noise():
    logits, labels, _ = planted()
    peak = np.where(labels == 0, 0.0, 12.0)
    found = figures(Measured(SKY, "planted", logits, labels, {"peak_sn": peak}))
    assert set(found["roc"]) == {f"{name} / all" for name in SKY.classes}
    assert found["by_peak_sn"]["bright_cases"] == 500
    assert "by_extent" not in found


@pytest.fixture(scope="module")
def document():
    models = [toy_model(seed=seed) for seed in (1, 2)]
    models = [replace(m, card=replace(m.card, network=m.network.config.to_dict())) for m in models]
    return report_on(models, 10, seed=3)


def test_models_stand_side_by_side_on_the_same_cases(document):
    one, two = document["models"]
    assert set(one["sets"]) == {"unseen", "found", "second", "half-time", "coarse"}
    for name, found in one["sets"].items():
        assert found["cases"] == (1 if name == "found" else 10)
        assert found["on"] == two["sets"][name]["on"]
    assert "second" in one["sets"]["second"]["on"]
    assert one["sets"]["unseen"]["confusion"] != two["sets"]["unseen"]["confusion"]
    assert one["sets"]["unseen"]["by_extent"]


def test_the_page_is_whole_in_itself_and_names_every_figure(document, tmp_path):
    page = write_report(document, tmp_path / "report")
    assert page.name == PAGE
    text = page.read_text()
    assert not re.search(r"<script|src=|href=|@import|url\(", text)
    assert not re.search(r"https?://(?!www\.w3\.org)", text)
    for drawing in re.findall(r"<svg.*?</svg>", text):
        ElementTree.fromstring(drawing)
    for words in (
        "Accuracy per class",
        "mean of 2",
        "Calibration",
        "ROC",
        "Sensitivity",
        "Another",
    ):
        assert words in text
    figure = document["models"][0]["sets"]["unseen"]["accuracy"]
    assert f"{figure:.3f}" in text
    kept = json.loads((tmp_path / "report" / FIGURES).read_text())
    assert kept == document
    assert len(text) < 400_000
    write_report(document, tmp_path / "report")  # an older one is replaced


def test_the_page_says_how_far_maps_can_be_believed(document):
    assert "can be believed" not in page(document), "nobody measured these"
    row = {"n": 30, "hit": 0.875, "chance": 0.25, "deletion": 0.1, "deletion_random": 0.2}
    figures = {
        "classes": ["ischaemic", "healthy"],
        "methods": {
            "CAM": {
                "classes": {
                    "ischaemic": {**row, "insertion": 0.7, "insertion_random": 0.6},
                    "healthy": {**row, "n": 0},
                },
                "randomised": {"head": 0.123, "all": 0.045},
                "repeatable": 0.987,
                "across_seeds": 0.654,
            }
        },
    }
    first = {**document["models"][0], "maps": figures}
    text = page({**document, "models": [first, *document["models"][1:]]})
    for figure in ("0.875", "0.250", "0.100", "0.700", "0.123", "0.045", "0.987", "0.654"):
        assert f"<td>{figure}</td>" in text
    assert "look at CAM" in text
    assert "no one place" in text


def test_a_chart_puts_a_value_where_its_axis_says():
    chart = Chart("t", "x", "y", x_range=(0, 10), y_range=(0, 2), width=264, height=266)
    chart.points([5], [1]).line([0, 10, 10], [0, 2, float("nan")], "<a>")
    root = ElementTree.fromstring(chart.svg())
    spot = next(e for e in root if e.tag.endswith("circle"))
    assert (float(spot.get("cx")), float(spot.get("cy"))) == (152.0, 126.0)
    line = next(e for e in root if e.tag.endswith("polyline"))
    assert line.get("points") == "52.0,226.0 252.0,26.0"
    assert any(e.text == "<a>" for e in root if e.tag.endswith("text"))
    ticks = [e.text for e in root if e.tag.endswith("text")]
    assert {"0", "2", "10", "0.5"} <= set(ticks)
    log = ElementTree.fromstring(Chart("t", "x", "y", (2.5, 100), logarithmic=True).svg())
    assert {"5", "10", "50", "100"} <= {e.text for e in log if e.tag.endswith("text")}
