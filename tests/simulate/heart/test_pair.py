"""Simulated hearts: planted truth, definitions of the classes, determinism."""

import time
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cubeview.cubes.ventricle import BASE_AT
from cubeview.simulate.heart.pair import CLASSES, ROLES, SpectRange, simulate_pair, to_case
from cubeview.simulate.heart.scan import Camera, ScanRange, acquire, draw_camera
from cubeview.simulate.heart.variants import HALF_TIME, LEARNT, SECOND, VARIANTS
from cubeview.simulate.heart.wall import WallPoints, WallRange, draw_wall, normal_uptake

DRAWN = replace(SpectRange(), shape=(12, 16, 16))  # where only what was drawn is looked at
QUIET = SpectRange(scan=replace(ScanRange(), noise=(1e-4, 2e-4), masked_share=0.0))


def pairs(label, count, params=None, start=0):
    return [simulate_pair(label, np.random.default_rng([start, k]), params) for k in range(count)]


def at_site(pair, role):
    """Noise-free uptake at the heart of the site, as a share of normal."""
    values = pair.truth.uptake[role][pair.truth.site["stress" if role == "rest" else role]]
    return values


@pytest.mark.parametrize("label", CLASSES)
def test_the_same_seed_gives_the_same_pair(label):
    one, two = (simulate_pair(label, np.random.default_rng(7)) for _ in range(2))
    assert one.voxel_mm == two.voxel_mm
    for role in ROLES:
        np.testing.assert_array_equal(getattr(one, role), getattr(two, role))
        np.testing.assert_array_equal(one.truth.site[role], two.truth.site[role])


def test_an_unknown_class_is_refused():
    with pytest.raises(ValueError, match="sick"):
        simulate_pair("sick", np.random.default_rng(0))


def test_healthy_walls_are_untouched():
    for pair in pairs("healthy", 6):
        assert pair.truth.extent == 0
        for role in ROLES:
            assert not pair.truth.site[role].any()
            assert np.nanmin(pair.truth.uptake[role]) == 1.0


def test_ischaemic_lesions_are_there_at_stress_and_refill_at_rest():
    for pair in pairs("ischaemic", 12):
        lost = {role: 1 - np.nanmin(pair.truth.uptake[role]) for role in ROLES}
        assert lost["stress"] >= 0.28
        # What is left at rest is too mild to score: segment score 0.
        assert lost["rest"] <= 0.31 * lost["stress"] + 1e-3
        assert lost["rest"] <= 0.16
        assert pair.truth.site["stress"].any()


def test_the_septum_is_brighter_near_the_apex_and_fainter_above():
    rng = np.random.default_rng(3)
    walls = [draw_wall(rng, WallRange()) for _ in range(200)]
    for height, sign in ((0.2, 1), (0.6, -1)):
        polar = np.deg2rad(height * 105)
        sides = np.array([[-np.sin(polar), 0, -np.cos(polar)], [np.sin(polar), 0, -np.cos(polar)]])
        points = WallPoints(np.zeros(2), sides.T, np.full(2, height), np.zeros(2))
        uptake = np.array([normal_uptake(wall, points) for wall in walls])
        assert sign * np.median(uptake[:, 0] - uptake[:, 1]) > 0.01


def test_infarcts_are_the_same_in_both_states():
    for pair in pairs("infarcted", 12):
        lost = {role: 1 - np.nanmin(pair.truth.uptake[role]) for role in ROLES}
        assert lost["stress"] >= 0.38
        assert lost["rest"] == pytest.approx(lost["stress"], rel=0.18)


def test_mixed_hearts_have_a_fixed_and_a_reversible_part():
    for pair in pairs("mixed", 16):
        lost = {role: 1 - np.nanmin(pair.truth.uptake[role]) for role in ROLES}
        if len(pair.truth.lesions) == 1:
            assert 0.20 <= lost["rest"] <= 0.68 * lost["stress"]
        else:
            scar, other = pair.truth.lesions
            assert scar.territory != other.territory
            assert scar.severity["rest"] > 0.82 * scar.severity["stress"]
            assert other.severity["rest"] <= min(0.30 * other.severity["stress"], 0.15)


def test_lesions_in_two_territories_do_not_tell_the_class():
    for label, kinds in (("ischaemic", {"reversible"}), ("infarcted", {"fixed"})):
        two = [
            pair.truth.lesions for pair in pairs(label, 24, DRAWN) if len(pair.truth.lesions) == 2
        ]
        assert 4 < len(two) < 20
        for first, second in two:
            assert first.territory != second.territory
            found = {
                "fixed" if one.severity["rest"] > 0.82 * one.severity["stress"] else "reversible"
                for one in (first, second)
            }
            assert found == kinds


def test_extents_reach_down_to_a_twentieth_of_the_wall():
    found = [p.truth for p in pairs("infarcted", 120, DRAWN)]
    extents = np.array([truth.extent for truth in found if len(truth.lesions) == 1])
    assert extents.min() < 0.08
    assert extents.max() > 0.25
    assert np.median(extents) == pytest.approx(0.13, abs=0.05)


def test_artefacts_are_of_four_kinds_and_some_differ_between_the_states():
    kinds = [p.truth.artefact for p in pairs("artefact", 40, DRAWN)]
    assert {a.kind for a in kinds} == {"diaphragm", "breast", "motion", "hot spot"}
    unequal = [min(a.strength.values()) < 0.5 * max(a.strength.values()) for a in kinds]
    assert 5 < sum(unequal) < 35
    for pair in pairs("artefact", 20, DRAWN):
        assert not pair.truth.lesions


def test_the_lesion_is_seen_where_the_truth_says():
    seen = []
    for pair in pairs("ischaemic", 10, QUIET):
        truth, images = pair.truth, {role: getattr(pair, role) for role in ROLES}
        wall = truth.myocardium["stress"]
        site = truth.site["stress"]
        elsewhere = wall & (np.nan_to_num(truth.uptake["stress"], nan=0.0) > 0.98)
        ratio = images["stress"][site].mean() / images["stress"][elsewhere].mean()
        seen.append(ratio)
    assert np.median(seen) < 0.8


def test_the_true_ellipsoid_holds_the_wall():
    for pair in pairs("healthy", 8):
        for role in ROLES:
            ventricle = pair.truth.ventricles[role]
            places = np.argwhere(pair.truth.myocardium[role]) * pair.voxel_mm
            own = (places - ventricle.centre) @ ventricle.axes.T / ventricle.radii
            reach = np.sqrt((own**2).sum(axis=1))
            assert np.mean(reach < 1.12) > 0.97
            # Apex first: the wall is closed there and open at the base.
            assert own[:, 0].min() == pytest.approx(-1.0, abs=0.12)
            assert own[:, 0].max() == pytest.approx(BASE_AT, abs=0.2)


def test_half_maximum_lengths_are_those_of_real_scans():
    lengths = []
    for pair in pairs("healthy", 30, QUIET):
        ventricle = pair.truth.ventricles["stress"]
        along = np.arange(-70.0, 70.0, 2.0)
        image = pair.stress
        best = np.zeros(len(along))
        for angle in np.linspace(0, 2 * np.pi, 24, endpoint=False):
            for reach in (18.0, 24.0, 30.0):
                out = np.cos(angle) * ventricle.axes[1] + np.sin(angle) * ventricle.axes[2]
                at = ventricle.centre + along[:, None] * ventricle.axes[0] + reach * out
                index = np.clip(
                    np.rint(at / pair.voxel_mm).astype(int), 0, np.array(image.shape) - 1
                )
                best = np.maximum(best, image[tuple(index.T)])
        middle = best[len(along) // 2 - 12 : len(along) // 2 + 6].max()
        lengths.append(2.0 * np.sum(best[:60] > 0.5 * middle))
    assert np.percentile(lengths, 10) > 70
    assert np.percentile(lengths, 90) < 112


def test_noise_has_the_deviation_asked_for_and_the_spectrum_of_back_projection():
    shape, voxel = (36, 40, 40), 6.4
    camera = Camera(12.0, 0.045, 6.0, iterative=False, body=np.array([0.0, -1.0, 0.0]))
    flat = np.ones(shape, dtype=np.float32)
    noisy = acquire(flat, camera, voxel, 0.05, np.random.default_rng(0)) - 1.0
    assert noisy.std() == pytest.approx(0.05, rel=0.1)
    power = np.abs(np.fft.fftn(noisy)) ** 2
    transaxial = power[1:6, 0, 0].mean(), power[1:6, 0, 0][0]
    along_body = power[0, 1:6, 0].mean()
    # A ramp across the body axis: no power along it, more at the middle than at low frequencies.
    assert along_body < 0.05 * transaxial[0]
    assert power[3, 0, :].mean() > power[0, 0, :1].mean()


def test_blur_widens_a_point_as_the_camera_says():
    shape, voxel = (36, 40, 40), 4.0
    camera = Camera(14.0, 0.06, 8.0, iterative=True, body=np.array([0.0, -1.0, 0.0]))
    point = np.zeros(shape, dtype=np.float32)
    point[18, 20, 20] = 1.0
    image = acquire(point, camera, voxel, 1e-9, np.random.default_rng(0))
    line = image[18, 20, :]
    above = np.interp(0.5, line[20:26][::-1] / line[20], np.arange(6)[::-1] * voxel)
    # The Butterworth filter widens the collimator's 14 mm a little.
    assert 14.0 <= 2 * above < 18.0


def test_a_case_is_a_short_axis_pair_with_geometry():
    pair = simulate_pair("healthy", np.random.default_rng(3))
    case = to_case(pair, "one")
    assert case.roles == ("stress", "rest")
    for cube in case.cubes.values():
        assert cube.view == "short axis"
        assert cube.spacing == pytest.approx((pair.voxel_mm,) * 3)
        corner = cube.affine @ np.array([3.0, 0.0, 0.0, 1.0]) - cube.affine[:, 3]
        assert np.linalg.norm(corner) == pytest.approx(3 * pair.voxel_mm)
        assert np.linalg.det(cube.affine[:3, :3]) != 0
        values = cube.pixels.read()
        assert values.min() >= 0
        assert values.max() < 2**15
        np.testing.assert_array_equal(values, np.rint(values))


@pytest.mark.slow
def test_a_pair_takes_milliseconds():
    start = time.process_time()
    pairs("mixed", 20)
    assert (time.process_time() - start) / 20 < 0.03


@pytest.mark.parametrize("params", [SECOND, HALF_TIME])
def test_other_hospitals_lie_outside_the_usual_ranges(params):
    usual, other = SpectRange().scan, params.scan
    names = ["voxel_mm", "fwhm_mm", "cutoff_per_cm", "order", "background", "mask_mm", "counts"]
    if params is HALF_TIME:
        names += ["noise", "rest_noise"]
    for name in names:
        (low, high), (from_, to) = getattr(usual, name), getattr(other, name)
        assert from_ < to
        assert from_ >= high or to <= low, name
    assert other.fine_share == 0.0  # no voxel as small as some of the usual ones


@pytest.mark.parametrize("name", VARIANTS)
def test_other_hospitals_show_the_same_diseases(name):
    for label in ("ischaemic", "infarcted"):
        for pair in pairs(label, 3, VARIANTS[name]):
            assert pair.voxel_mm >= SpectRange().scan.voxel_mm[1] - 0.01
            lost = {role: 1 - np.nanmin(pair.truth.uptake[role]) for role in ROLES}
            assert lost["stress"] > 0.2
            assert (lost["rest"] > 0.2) == (label == "infarcted")


def test_defects_of_the_second_hospital_have_corners():
    """Of the box around it an ellipse fills 0.79, a segment with corners nearly all."""
    u, v = np.meshgrid(np.linspace(-1.2, 1.2, 241), np.linspace(-1.2, 1.2, 241))
    (pair,) = pairs("infarcted", 1)
    shares = []
    for corner in (2.0, SECOND.effects.corner):
        lesion = replace(
            pair.truth.lesions[0],
            centre=np.array([0.0, 0.0, 1.0]),
            along=np.array([1.0, 0.0, 0.0]),
            around=np.array([0.0, 1.0, 0.0]),
            half=(1.0, 1.0),
            lobes=(0.0, 0.0),
            soft=0.01,
            corner=corner,
        )
        direction = np.stack([u, v, np.ones_like(u)])
        weight = lesion.shape(WallPoints(u, direction, u, u))
        box = (np.abs(u) <= 1) & (np.abs(v) <= 1)
        shares.append(weight[box].mean())
    assert shares[0] == pytest.approx(np.pi / 4, abs=0.01)
    assert shares[1] > 0.95


def test_drift_leads_to_where_the_image_shows_a_heart_that_moved():
    nothing = (0.0, 0.0)
    alone = {"liver": nothing, "gut": nothing, "background": nothing, "right_ventricle": nothing}
    params = replace(QUIET, scan=replace(QUIET.scan, **alone))
    before, after = [], []
    for pair in pairs("artefact", 40, params):
        artefact = pair.truth.artefact
        for role in ROLES:
            drift, values = pair.truth.drift[role], getattr(pair, role)
            if artefact.kind != "motion" or artefact.strength[role] == 0:
                assert np.linalg.norm(drift) < 6
                continue
            places = np.indices(values.shape).reshape(3, -1) * pair.voxel_mm
            wall = pair.truth.myocardium[role].ravel()
            middle = places @ values.ravel() / values.sum() - places[:, wall].mean(axis=1)
            # The wall's own uptake changes too, most of all along the axis.
            across = pair.truth.ventricles[role].axes[1:]
            before.append(np.linalg.norm(across @ middle))
            after.append(np.linalg.norm(across @ (middle - drift)))
    assert len(before) > 6
    assert np.median(before) > 7
    assert np.median(after) < 3
    assert np.max(after) < 6


def test_a_further_filter_is_a_gaussian_or_a_butterworth():
    # Bright enough all round that nothing is cut at zero.
    activity = np.full((24, 24, 24), 20.0, dtype=np.float32)
    activity[12, 12, 12] = 1e3
    plain = Camera(12.0, 0.05, 5.0, False, np.array([0.0, -1.0, 0.0]))
    before, smoothed, cut = (
        acquire(activity, camera, 6.0, 0.0, np.random.default_rng(0)) - 20.0
        for camera in (plain, replace(plain, again_mm=9.0), replace(plain, again=(0.03, 8.0)))
    )
    expected = gaussian_filter(before, 1.5, mode="wrap", truncate=8)
    np.testing.assert_allclose(smoothed, expected, atol=0.005 * float(expected.max()))
    line = np.fft.fftfreq(24, 6.0)
    kept = (np.fft.fftn(cut) / np.fft.fftn(before)).real[:, 0, 0]
    np.testing.assert_allclose(
        kept[:8], (1.0 / np.sqrt(1.0 + (line / 0.03) ** 16))[:8], rtol=1e-2, atol=1e-3
    )


def test_half_of_what_networks_learn_from_is_filtered_once_more():
    rng = np.random.default_rng(3)
    cameras = [draw_camera(rng, LEARNT.scan) for _ in range(200)]
    gaussian = sum(camera.again_mm > 0 for camera in cameras)
    butterworth = sum(camera.again is not None for camera in cameras)
    assert 70 < gaussian + butterworth < 130
    assert min(gaussian, butterworth) > 30
    usual = draw_camera(rng, ScanRange())
    assert usual.again is None
    assert usual.again_mm == 0
