import numpy as np
import pytest
import torch

from cubeview.errors import Cancelled, CubeviewError
from cubeview.learn.explain.methods import EXPLAINERS, make_map
from cubeview.learn.explain.question import OcclusionSettings
from cubeview.learn.models.strided import NetworkConfig
from tests.learn.explain.test_occluder import naive
from tests.learn.toys import summing_model, to_voxel, toy_model, turned


@pytest.fixture
def full():
    """Return a preparation with counts everywhere."""
    rng = np.random.default_rng(0)
    return turned(rng.uniform(0.1, 1.0, (2, 16, 16, 16)))


def impulse(d, h, w, channels=(0, 1)):
    values = np.zeros((2, 16, 16, 16))
    values[list(channels), d, h, w] = 1.0
    return turned(values)


def on_input(overlay, role="stress"):
    """Return an overlay's values back on the input grid of `turned`."""
    return overlay.values[role][::-1]


def test_occlusion_finds_an_impulse_at_its_own_voxel():
    prepared = impulse(3, 11, 6)
    overlay = make_map(
        summing_model(),
        prepared.case,
        "healthy",
        "occlusion",
        OcclusionSettings(1, 1),
        prepared=prepared,
    )
    for role in ("rest", "stress"):
        z, y, x = to_voxel(3, 11, 6)
        box = overlay.boxes[role]
        values = overlay.values[role]
        assert values[z - box[0].start, y - box[1].start, x - box[2].start] > 0
        assert np.isfinite(values).sum() == 1  # the rest of the cube was never shown


def test_maps_are_signed():
    prepared = impulse(3, 11, 6)
    model = summing_model()
    for method in ("cam", "occlusion"):
        spoken_for = make_map(model, prepared.case, "healthy", method, prepared=prepared)
        assert np.nanmax(spoken_for.values["rest"]) > 0
        against = make_map(model, prepared.case, "ischaemic", method, prepared=prepared)
        assert np.nanmin(against.values["rest"]) < 0
        assert against.target == "ischaemic"


@pytest.mark.parametrize("padding", ["same", ((1, 1), (0, 1), (1, 0)), "valid"])
def test_cam_points_to_a_planted_blob(padding):
    values = np.full((2, 16, 16, 16), 1e-6)
    values[:, 8:10, 5:7, 9:11] = 1.0
    prepared = turned(values)
    config = NetworkConfig(widths=(4, 6, 8), kernels=(4, 2, 2), strides=(2, 1, 1), padding=padding)
    overlay = make_map(summing_model(config), prepared.case, "healthy", "cam", prepared=prepared)
    found = on_input(overlay)
    weights = np.clip(found - found.max() / 2, 0, None)
    centre = [(weights * place).sum() / weights.sum() for place in np.indices(found.shape)]
    # To half a step of the map.
    np.testing.assert_allclose(centre, [8.5, 5.5, 9.5], atol=1.0)


def test_cam_adds_up_to_the_logit(full):
    model = toy_model()
    overlay = make_map(model, full.case, "mixed", "cam", prepared=full)
    with torch.inference_mode():
        logit = model.network(torch.from_numpy(full.input)[None])[0, 3].item()
    # Sixteen input voxels lie symmetrically over the eight centres, so the means agree nearly.
    bias = model.network.head.bias[3].item()
    assert np.mean(overlay.values["rest"]) == pytest.approx(logit - bias, abs=0.1)
    assert (overlay.unit, overlay.method, overlay.model) == ("logit", "CAM", "toy")


@pytest.mark.parametrize("fill", ["zero", "wall", "mean"])
@pytest.mark.parametrize("channel", ["both", "rest"])
@pytest.mark.parametrize(("patch", "stride"), [(8, 4), (5, 3)])
def test_occlusion_is_the_mean_over_covering_patches(full, fill, channel, patch, stride):
    model = toy_model()
    settings = OcclusionSettings(patch, stride, fill, channel)
    overlay = make_map(model, full.case, "mixed", "occlusion", settings, prepared=full)
    shown = torch.from_numpy(full.input)
    levels = {
        "zero": (0.0, 0.0),
        "mean": tuple(c.mean() for c in full.input),
        "wall": tuple(c[c >= c.max() / 2].mean() for c in full.input),
    }[fill]
    hidden = torch.stack([torch.full_like(shown[0], level) for level in levels])
    if channel == "rest":
        hidden[1] = shown[1]
    line = sorted({*range(0, 16 - patch + 1, stride), 16 - patch})
    starts = np.stack(np.meshgrid(line, line, line, indexing="ij"), -1).reshape(-1, 3)
    with torch.inference_mode():
        drops = naive(model.network, shown, hidden, starts, (patch,) * 3)[:, 3]
    sums, counts = np.zeros((16, 16, 16)), np.zeros((16, 16, 16))
    for (d, h, w), drop in zip(starts, drops, strict=True):
        sums[d : d + patch, h : h + patch, w : w + patch] += drop
        counts[d : d + patch, h : h + patch, w : w + patch] += 1
    np.testing.assert_allclose(on_input(overlay, "rest"), sums / counts, atol=1e-5)
    assert set(overlay.values) == ({"rest"} if channel == "rest" else {"rest", "stress"})
    assert overlay.settings["fill"] == fill
    assert overlay.complete


def test_occlusion_agrees_with_captum(full):
    attr = pytest.importorskip("captum.attr", exc_type=ImportError)
    model = toy_model()
    overlay = make_map(
        model, full.case, "infarcted", "occlusion", OcclusionSettings(4, 4), prepared=full
    )
    with torch.no_grad():
        wanted = attr.Occlusion(model.network).attribute(
            torch.from_numpy(full.input)[None],
            sliding_window_shapes=(2, 4, 4, 4),
            strides=(2, 4, 4, 4),
            baselines=0,
            target=2,
            perturbations_per_eval=16,
        )
    np.testing.assert_allclose(on_input(overlay), wanted[0, 0].numpy(), atol=1e-5)


def test_a_coarse_map_comes_first_and_the_same_map_last(full):
    model = toy_model()
    settings = OcclusionSettings(8, 2)
    partials, reports = [], []
    overlay = make_map(
        model,
        full.case,
        "mixed",
        "occlusion",
        settings,
        prepared=full,
        partial=partials.append,
        report=lambda fraction, text: reports.append(fraction),
    )
    assert len(partials) >= 2
    assert not any(partial.complete for partial in partials)
    assert np.isfinite(partials[0].values["rest"]).all()
    plain = make_map(model, full.case, "mixed", "occlusion", settings, prepared=full)
    np.testing.assert_array_equal(overlay.values["rest"], plain.values["rest"])
    assert reports == sorted(reports)
    assert reports[-1] == 1.0


def test_occlusion_stops_when_cancelled(full):
    def report(fraction, text):
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        make_map(toy_model(), full.case, "mixed", "occlusion", prepared=full, report=report)


def test_maps_say_nothing_where_the_network_saw_nothing():
    values = np.zeros((2, 16, 16, 16))
    values[:, 4:12, 4:12, 4:12] = 1.0
    values[:, 8, 8, 8] = 0.0  # a voxel without counts inside the ventricle
    prepared = turned(values)
    shown = np.zeros((16, 16, 16), dtype=bool)
    shown[4:12, 4:12, 4:12] = True
    for overlay in (
        make_map(toy_model(), prepared.case, "mixed", "cam", prepared=prepared),
        make_map(toy_model(), prepared.case, "mixed", "occlusion", prepared=prepared),
    ):
        np.testing.assert_array_equal(np.isfinite(on_input(overlay)), shown)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (OcclusionSettings(patch=0), "1 to 16 voxels"),
        (OcclusionSettings(patch=17), "1 to 16 voxels"),
        (OcclusionSettings(patch=4, stride=5), "gaps"),
        (OcclusionSettings(stride=0), "gaps"),
        (OcclusionSettings(fill="noise"), "fill"),
        (OcclusionSettings(channel="flux"), "channel"),
    ],
)
def test_settings_without_sense_are_refused(full, settings, words):
    with pytest.raises(CubeviewError, match=words):
        make_map(toy_model(), full.case, "mixed", "occlusion", settings, prepared=full)


def test_an_unknown_class_is_refused(full):
    for way in EXPLAINERS:
        with pytest.raises(CubeviewError, match="healthy"):
            make_map(toy_model(), full.case, "broken", way, prepared=full)
