"""Fine-tuning moves a model towards new labels, honestly measured in grouped folds."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import softmax

from cubeview.errors import Cancelled, CubeviewError
from cubeview.learn.models.card import Card
from cubeview.learn.models.ensemble import combined
from cubeview.learn.models.model import Model, load_model, save_model
from cubeview.learn.models.prepared import Prepared
from cubeview.learn.models.strided import NetworkConfig, build
from cubeview.learn.tasks.calibrate import HEAD_C, calibrate, how_far, logistic
from cubeview.learn.tasks.metrics import auc
from cubeview.learn.teach.comparison import figures, positive_classes, verdict
from cubeview.learn.teach.finetune import fine_tune, linked_classes
from cubeview.learn.teach.labelled import Entry
from cubeview.learn.teach.rounds import SHARES, _pull
from cubeview.learn.teach.training_set import TrainingSet, gather, grouped_folds, preflight
from cubeview.learn.teach.tuning import FinetuneConfig
from tests.learn.toys import heart_case

pytestmark = pytest.mark.usefixtures("hearts_once")

SMALL = NetworkConfig(widths=(4, 8, 8), kernels=(4, 2, 2), strides=(2, 1, 1), padding="same")
CLASSES = ("healthy", "ischaemic", "infarcted", "mixed", "artefact")


def card(**changes):
    values = dict(
        name="small",
        kind="heart",
        title="Small",
        network=SMALL.to_dict(),
        preprocess={"kind": "heart"},
        channels=("rest", "stress"),
        classes=CLASSES,
        normal="healthy",
        defects=("ischaemic", "infarcted", "mixed"),
        artefact="artefact",
    )
    return Card(**{**values, **changes})


@pytest.fixture
def base():
    torch.manual_seed(0)
    return Model(build(SMALL).eval(), card(), None)


def planted(count=40, classes=("healthy", "ischaemic"), seed=0):
    """Cubes whose second class has a bright corner in the second channel."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(0.3, 0.1, (count, 2, 8, 8, 8)).astype(np.float32)
    truth = np.arange(count) % 2
    inputs[truth == 1, 1, :4, :4, :4] += 1.0
    names = tuple(f"case {n}" for n in range(count))
    return TrainingSet(inputs, truth, classes, names, names)


@pytest.mark.parametrize("layers", ["head", "last2", "all"])
def test_a_planted_difference_is_learnt_out_of_fold(base, layers):
    cases = planted()
    config = FinetuneConfig(layers=layers, steps=100, rate=1e-2, pull=0.0, folds=3)
    tuned = fine_tune(base, cases, config)
    found = figures(tuned.logits, cases.truth, tuned.folds, [1])
    assert found.auc.value > 0.95
    assert found.balanced_accuracy > 0.85


def test_the_pull_is_the_slope_of_the_squared_distance_to_the_start():
    torch.manual_seed(2)
    moved = [torch.randn(n, requires_grad=True) for n in (3, 5)]
    start = [torch.randn(n) for n in (3, 5)]

    def slopes(distance):
        loss = sum((each**3).sum() for each in moved) + distance
        return torch.autograd.grad(loss, moved)

    wanted = slopes(0.7 * sum(((m - s) ** 2).sum() for m, s in zip(moved, start, strict=True)))
    for each, slope in zip(moved, slopes(0.0), strict=True):
        each.grad = slope
    _pull(list(zip(moved, start, strict=True)), 0.7)
    for each, slope in zip(moved, wanted, strict=True):
        torch.testing.assert_close(each.grad, slope)


def test_the_threshold_rung_moves_the_threshold_and_nothing_else(base):
    cases = planted()
    with torch.no_grad():
        base.network.head.bias[0] += 5.0  # the base says healthy to everything
    tuned = fine_tune(base, cases, FinetuneConfig(layers="threshold"))
    before = figures(tuned.base, cases.truth, tuned.folds, [1])
    after = figures(tuned.logits, cases.truth, tuned.folds, [1])
    assert before.balanced_accuracy == 0.5
    own = [
        auc(after.scores[tuned.folds == f], cases.truth[tuned.folds == f] == 1) for f in range(5)
    ]
    assert own == pytest.approx(list(before.auc_per_fold)), "ranking within a fold stays"
    ours, theirs = tuned.model.network.state_dict(), base.network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours if name != "head.bias")


@pytest.mark.parametrize("balanced", [True, False])
def test_the_heads_fit_is_a_ridge_regression_on_top_of_the_evidence(balanced):
    """At its best place the gradient, written out by hand, is zero."""
    rng = np.random.default_rng(3)
    pooled, truth = rng.normal(2, [1, 5, 0.2], (40, 3)), np.arange(40) % 4 // 3
    evidence = rng.normal(size=(40, 2))
    matrix, bias = logistic(pooled, truth, evidence, 0.05, balanced=balanced)
    said = softmax(evidence + pooled @ matrix.T + bias, axis=1)
    weight = np.array([40 / 60, 40 / 20])[truth] if balanced else np.ones(40)
    fault = weight[:, None] * (said - np.eye(2)[truth])
    standard = (pooled - pooled.mean(axis=0)) / pooled.std(axis=0)
    np.testing.assert_allclose(fault.sum(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(
        fault.T @ standard, -matrix * pooled.std(axis=0) / 0.05, rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("share", SHARES)
def test_the_head_goes_a_share_of_the_way_and_what_it_sees_stays(base, monkeypatch, share):
    """A share of what the ridge regression would add, on all answers of a class alike."""
    monkeypatch.setattr("cubeview.learn.teach.finetune.how_far", lambda *_: SHARES.index(share))
    cases = planted()
    tuned = fine_tune(base, cases, FinetuneConfig(layers="head"))
    start, kept = base.network, tuned.model.network
    for ours, theirs in zip(kept.features.parameters(), start.features.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    with torch.inference_mode():
        pooled = start.features(torch.tensor(cases.inputs)).mean(dim=(2, 3, 4))
        logits = start.head.of_means(pooled)
    evidence = torch.stack([logits[:, 0], logits[:, 1:4].logsumexp(dim=1)], dim=1).numpy()
    _, heat = calibrate(evidence, cases.truth, 1.0)
    matrix, _ = logistic(pooled.numpy(), cases.truth, evidence / heat, HEAD_C)
    moved = (kept.head.weight - start.head.weight).detach().numpy()
    np.testing.assert_allclose(moved[:4], share * heat * matrix[[0, 1, 1, 1]], atol=1e-4)
    assert not moved[4].any(), "artefact is no answer to this question"


@pytest.mark.parametrize("layers", ["head", "last2"])
def test_where_the_labels_teach_nothing_the_base_stays(base, layers):
    """Labels at random: nothing but the threshold moves, in any fold and in the model kept."""
    cases = planted()
    inputs = cases.inputs.copy()
    inputs[cases.truth == 1, 1, :4, :4, :4] -= 1.0
    tuned = fine_tune(base, replace(cases, inputs=inputs), FinetuneConfig(layers=layers))
    before, after = (
        figures(scores, cases.truth, tuned.folds, [1]) for scores in (tuned.base, tuned.logits)
    )
    assert after.auc_per_fold == pytest.approx(before.auc_per_fold)
    ours, theirs = tuned.model.network.state_dict(), base.network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours if name != "head.bias")


def test_how_far_to_go_needs_clear_evidence():
    """The shortest way that cannot be told from the best one."""
    rng = np.random.default_rng(11)
    truth = np.arange(200) % 2

    def scores(gain):
        score = gain * (2 * truth - 1) + rng.normal(size=200)
        return np.stack([-score, score], axis=1)

    worse, good = scores(0.1), scores(2.0)
    assert how_far(np.stack([worse, good]), truth, 1.0) == 1
    assert how_far(np.stack([good, worse]), truth, 1.0) == 0
    assert how_far(np.stack([worse, good, good + 0.01 * scores(0)]), truth, 1.0) == 1
    assert how_far(np.stack([good, good, good]), truth, 1.0) == 0
    # Slightly better is not enough: with few cases it is chance as likely as not.
    few = slice(0, 20)
    assert how_far(np.stack([good, good + 0.05 * scores(1)])[:, few], truth[few], 1.0) == 0


def test_no_label_of_a_fold_takes_part_in_what_its_cases_are_judged_by(base, monkeypatch):
    """Other labels in one fold leave the scores of its cases as they were."""
    cases = planted()
    config = FinetuneConfig(layers="head")
    tuned = fine_tune(base, cases, config)
    monkeypatch.setattr("cubeview.learn.teach.finetune.grouped_folds", lambda *_: tuned.folds)
    fold = tuned.folds == 2
    truth = cases.truth.copy()
    truth[fold] = np.roll(truth[fold], 1)
    again = fine_tune(base, replace(cases, truth=truth), config)
    np.testing.assert_allclose(again.logits[fold], tuned.logits[fold], atol=1e-6)
    assert not np.allclose(again.logits[~fold], tuned.logits[~fold], atol=1e-3)


@pytest.mark.parametrize("layers", ["head", "last2", "all"])
def test_an_ensemble_learns_as_one_network(layers, tmp_path):
    torch.manual_seed(1)
    whole = combined([build(SMALL) for _ in range(3)])
    base = Model(whole, card(network=whole.config.to_dict()))
    cases = planted()
    config = FinetuneConfig(layers=layers, steps=60, rate=1e-2, pull=0.0, folds=3)
    tuned = fine_tune(base, cases, config)
    assert figures(tuned.logits, cases.truth, tuned.folds, [1]).auc.value > 0.95
    save_model(tuned.model, tmp_path / "kept")
    kept = load_model(tmp_path / "kept")
    assert kept.network.config.groups == 3
    inputs = torch.tensor(cases.inputs[:4])
    torch.testing.assert_close(kept.network(inputs), tuned.model.network(inputs))


def test_the_base_is_left_as_it_is_and_the_same_seed_gives_the_same_numbers(base):
    before = {name: value.clone() for name, value in base.network.state_dict().items()}
    config = FinetuneConfig(steps=5, augment=("shift", "counts"), copies=1)
    first, second = (fine_tune(base, planted(), config) for _ in range(2))
    assert np.array_equal(first.logits, second.logits)
    for name, value in base.network.state_dict().items():
        assert torch.equal(value, before[name])
    assert first.model.card.parent == base.card.weights_sha256
    assert any(
        not torch.equal(a, b)
        for a, b in zip(first.model.network.parameters(), base.network.parameters(), strict=True)
    )


def test_a_new_label_set_gets_a_new_head(base):
    cases = planted(classes=("tidy", "untidy"))
    tuned = fine_tune(base, cases, FinetuneConfig(steps=40, rate=1e-2, pull=0.0))
    assert tuned.base is None
    assert tuned.model.card.classes == ("tidy", "untidy")
    assert tuned.model.network(torch.tensor(cases.inputs[:3])).shape == (3, 2)
    assert figures(tuned.logits, cases.truth, tuned.folds, [1]).auc.value > 0.9
    with pytest.raises(CubeviewError, match="no threshold to move"):
        fine_tune(base, cases, FinetuneConfig(layers="threshold"))


def test_two_classes_of_hearts_ask_for_all_defects_together():
    assert linked_classes(card(), ("healthy", "ischaemic")) == [[0], [1, 2, 3]]
    assert linked_classes(card(), ("abnormal", "healthy")) == [[1, 2, 3], [0]]
    assert linked_classes(card(), ("healthy", "mixed", "artefact")) == [[0], [3], [4]]
    assert linked_classes(card(), ("healthy", "odd", "artefact")) is None


def test_a_group_is_never_parted_between_folds():
    cases = planted(60)
    grouped = TrainingSet(
        cases.inputs, cases.truth, cases.classes, cases.names,
        tuple(f"patient {n // 4}" for n in range(60)),
    )  # fmt: skip
    folds = grouped_folds(grouped, 5, seed=3)
    for group in set(grouped.groups):
        assert len({f for f, g in zip(folds, grouped.groups, strict=True) if g == group}) == 1
    assert np.bincount(folds).tolist() == [12] * 5


def test_the_preflight_names_what_is_doubtful():
    cases = planted(12)
    twin = cases.inputs.copy()
    twin[2] = twin[0]
    odd = TrainingSet(
        twin, np.array([0] * 9 + [1] * 3), cases.classes, cases.names, cases.names, ("x: gone",)
    )
    told = " ".join(preflight(odd, 3))
    for expected in ("9 healthy, 3 ischaemic", "Only 3", "same image", "Left out: x: gone"):
        assert expected in told
    with pytest.raises(CubeviewError, match="at most 3 folds"):
        preflight(odd, 5)


def test_cancelling_stops_at_the_next_step(base):
    calls = []

    def report(fraction, text):
        calls.append(fraction)
        if len(calls) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        fine_tune(base, planted(), FinetuneConfig(), report=report)
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (MemoryError(), "MemoryError"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory\nmore"), "can't allocate memory"),
        (torch.OutOfMemoryError("CUDA out of memory"), "out of memory"),
        (RuntimeError("CUDA error: device lost"), "device lost"),
    ],
)
@pytest.mark.parametrize("where", ["cubeview.learn.teach.rounds.room_of", "torch.optim.AdamW.step"])
def test_what_breaks_off_says_what_to_change(base, monkeypatch, fault, reason, where):
    def broken(*given, **named):
        raise fault

    monkeypatch.setattr(where, broken)
    with pytest.raises(CubeviewError, match=reason) as told:
        fine_tune(base, planted(), FinetuneConfig(steps=2, augment=("shift",), copies=1))
    assert "fewer layers" in str(told.value)
    assert "\n" not in str(told.value)


def test_a_loss_that_is_no_number_asks_for_a_lower_rate(base):
    cases = planted()
    cases.inputs[3] = np.inf
    with pytest.raises(CubeviewError, match="lower rate"):
        fine_tune(base, cases, FinetuneConfig(steps=20))


def test_a_case_that_cannot_be_opened_is_left_out_and_named(base, monkeypatch):
    cases = planted(12)
    monkeypatch.setattr(
        "cubeview.learn.teach.training_set.prepare_case",
        lambda card, case, **given: Prepared(case, cases.inputs[int(case.name)], {}),
    )

    def opener(number):
        def open_it():
            if number == 4:
                raise CubeviewError("scan4.dcm: cut off after 12 bytes. Copy it again.")
            return replace(heart_case(np.zeros((2, 2, 2, 2))), name=str(number))

        return open_it

    entries = [Entry(f"P{n}", cases.classes[cases.truth[n]], f"P{n}", opener(n)) for n in range(12)]
    seen = []
    found = gather(entries, base.card, report=lambda fraction, text: seen.append(text))
    assert len(found) == 11
    assert found.problems == ("P4: scan4.dcm: cut off after 12 bytes. Copy it again.",)
    assert "Left out: P4: scan4.dcm" in " ".join(preflight(found, 3))
    assert len(set(seen)) == 12
    assert fine_tune(base, found, FinetuneConfig(steps=2, folds=3)).logits.shape == (11, 2)
    with pytest.raises(CubeviewError, match="at least two classes"):
        gather(entries[4:5], base.card)


def test_calibration_is_platt_scaling_for_two_classes():
    rng = np.random.default_rng(5)
    score = rng.normal(size=20000) * 3
    truth = (rng.random(20000) < 1 / (1 + np.exp(-(0.5 * score)))).astype(int)
    shift, temperature = calibrate(np.stack([np.zeros(20000), score + 4], 1), truth, 1.0)
    assert temperature == pytest.approx(2.0, rel=0.1)
    assert shift[1] - shift[0] == pytest.approx(-4, abs=0.3)


def test_the_verdict_says_when_it_cannot_tell():
    rng = np.random.default_rng(7)
    truth = np.arange(30) % 2

    def scored(strength):
        score = rng.normal(size=30) + strength * truth
        return figures(np.stack([-score, score], 1), truth, None, [1])

    assert verdict(scored(4), scored(0), truth == 1, None)[0] == "better"
    assert verdict(scored(0), scored(4), truth == 1, None)[0] == "worse"
    assert verdict(scored(1), scored(1), truth == 1, None)[0] == "cannot be told"
    assert positive_classes(card(), ("healthy", "mixed")) == [1]
    with pytest.raises(CubeviewError, match="some, not all"):
        positive_classes(card(), ("healthy", "mixed"), ("odd",))
