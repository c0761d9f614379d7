import json

import pytest

from cubeview import cli
from cubeview.commands import selfchecks
from cubeview.commands.selfchecks import Bench, Skipped, Wrong, run_checks, stored_answers
from cubeview.learn.models.card import find_models
from cubeview.paths import resource


def test_answers_of_every_shipped_model_are_stored():
    """After a model has changed: cubeview self-test --write."""
    stored = stored_answers()["models"]
    for ref in find_models():
        if ref.folder.is_relative_to(resource("models")):
            assert ref.card.weights_sha256 in stored, ref.name
            assert set(stored[ref.card.weights_sha256]["probabilities"]) == set(ref.card.classes)


def test_a_value_off_by_more_than_the_tolerance_is_wrong(tmp_path):
    bench = Bench(tmp_path, {"models": {"a": {"healthy": 0.5, "peak": 200.0, "shape": [1, 2]}}})
    bench.compare(("models", "a", "healthy"), 0.51, tolerance=0.02)
    bench.compare(("models", "a", "peak"), 203.0, tolerance=0.02)
    for name, value in (("healthy", 0.53), ("peak", 205.0), ("shape", [1, 3]), ("healthy", None)):
        with pytest.raises((Wrong, TypeError)):
            bench.compare(("models", "a", name), value, tolerance=0.02)
    with pytest.raises(Wrong, match="no answer is stored"):
        bench.compare(("models", "b", "healthy"), 0.5, tolerance=0.02)


@pytest.fixture
def few(monkeypatch):
    """Replace the checks by some that end in each way."""

    def broken():
        raise ZeroDivisionError("by zero")

    def skipped():
        raise Skipped("no model")

    checks = {"good": lambda: "fine", "skipped": skipped, "broken": broken}
    monkeypatch.setattr(selfchecks, "_checks", lambda bench: iter(checks.items()))
    return checks


def test_a_broken_check_is_reported_and_the_others_go_on(few, capsys):
    assert cli.main(["--self-test"]) == 1
    out = capsys.readouterr().out
    assert "1 ok, 1 failed, 1 skipped" in out
    assert "ZeroDivisionError: by zero" in out


def test_the_report_as_json(few, capsys):
    del few["broken"]
    assert cli.main(["self-test", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [check["state"] for check in record["checks"]] == ["ok", "skipped"]
    assert "torch" in record["versions"]


def test_the_users_home_is_not_touched(own_home, few):
    run_checks()
    assert list(own_home.iterdir()) == []


@pytest.mark.slow
def test_the_whole_self_test_passes(qapp):
    outcomes, _ = run_checks()
    assert [outcome for outcome in outcomes if outcome.state == "failed"] == []
