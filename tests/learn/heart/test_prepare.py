"""Preparing a heart: a planted voxel comes back where it was, states are scaled and registered."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from cubeview.cubes.axes import Axis, plain_axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError
from cubeview.learn.heart.prepare import HeartConfig, prepare_heart
from cubeview.learn.models.prepared import to_cube

SPACING = np.array([6.6, 5.0, 4.0])
SHAPE = (30, 40, 50)


def body_cube(values, spacing=SPACING):
    names = ("Slice", "Row", "Column")
    axes = tuple(
        Axis(name, "space", "mm", np.arange(n) * step)
        for name, n, step in zip(names, values.shape, spacing, strict=True)
    )
    return Cube(axes=axes, pixels=ArrayPixels(values), kind="heart")


def wall(ventricle, spacing=SPACING, shape=SHAPE, dent=True):
    """An ellipsoidal shell with a dent and an open base, so that a turn about its axis shows."""
    places = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1) * spacing
    own = (places - ventricle.centre) @ ventricle.axes.T
    r = np.sqrt(((own / ventricle.radii) ** 2).sum(axis=-1))
    shell = np.exp(-(((r - 0.82) / 0.15) ** 2)) * (own[..., 0] < 0.5 * ventricle.radii[0])
    if dent:
        shell *= 1 - 0.6 * np.exp(-(((own - [0, 28, 12]) / 14) ** 2).sum(axis=-1))
    return (400 * shell).astype(np.float32)


def pose(turn=(0, 0, 0), shift=(0, 0, 0)):
    axes = (Rotation.from_euler("xyz", turn, degrees=True).as_matrix() @ np.eye(3)).T
    return Ventricle(np.array([95.0, 98, 99]) + shift, axes, np.array([46.0, 36, 37]))


def test_a_planted_voxel_comes_back_where_it_was():
    stress, rest = pose((10, -15, 20)), pose((14, -11, 16), (4, -3, 5))
    cubes = {"stress": body_cube(wall(stress)), "rest": body_cube(wall(rest))}
    case = Case("planted", "heart", cubes)
    prepared = prepare_heart(case, HeartConfig(), ventricles={"stress": stress, "rest": rest})
    for role in ("stress", "rest"):
        v = prepared.ventricles[role]
        voxel = np.round((v.centre + v.axes.T @ [12.0, -20, 15]) / SPACING).astype(int)
        planted = np.zeros((32, 32, 32), dtype=np.float32)
        at = np.linalg.inv(prepared.grids[role]) @ [*voxel, 1]
        grid = np.stack(np.indices(planted.shape), axis=-1)
        planted += np.exp(-(((grid - at[:3]) / 1.2) ** 2).sum(axis=-1)).astype(np.float32)
        values, box = to_cube(planted, prepared, role)
        peak = np.unravel_index(np.nanargmax(values), values.shape)
        assert tuple(p + s.start for p, s in zip(peak, box, strict=True)) == tuple(voxel)


def test_input_voxels_hold_the_cubes_own_values():
    stress = pose((5, 8, -12))
    values = wall(stress)
    case = Case("planted", "heart", {"stress": body_cube(values)})
    prepared = prepare_heart(case, HeartConfig(), ("stress",), ventricles={"stress": stress})
    back, box = to_cube(prepared.input[0], prepared, "stress")
    seen = np.nan_to_num(back)
    assert np.corrcoef(seen.ravel(), values[box].ravel())[0, 1] > 0.97


def test_maps_are_carried_by_linear_interpolation_as_scipy_has_it():
    stress = pose((5, 8, -12))
    case = Case("planted", "heart", {"stress": body_cube(wall(stress))})
    prepared = prepare_heart(case, HeartConfig(), ("stress",), ventricles={"stress": stress})
    values = np.random.default_rng(0).normal(size=(32, 32, 32)).astype(np.float32)
    found, box = to_cube(values, prepared, "stress")
    voxels = np.stack(np.meshgrid(*[np.arange(b.start, b.stop) for b in box], indexing="ij"))
    back = np.linalg.inv(prepared.grids["stress"])
    places = np.tensordot(back[:3, :3], voxels, axes=1) + back[:3, 3].reshape(3, 1, 1, 1)
    inside = ((places >= -0.5) & (places <= 31.5)).all(axis=0)
    assert 0 < inside.sum() < inside.size
    expected = np.where(inside, map_coordinates(values, places, order=1, mode="nearest"), np.nan)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_standard_pose_points_apex_first_and_inferior_down():
    v = pose((30, 20, -40))
    values = np.zeros(SHAPE, dtype=np.float32)
    for offset, value in (((-40, 0, 0), 100), ((0, 32, 0), 200), ((0, 0, 32), 300)):
        places = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1) * SPACING
        own = (places - v.centre) @ v.axes.T - offset
        values += value * np.exp(-((own / 6.0) ** 2).sum(axis=-1)).astype(np.float32)
    case = Case("planted", "heart", {"rest": body_cube(values)})
    shown = prepare_heart(case, HeartConfig(), ("rest",), ventricles={"rest": v}).input[0]
    assert shown[7:9, 15:17, 15:17].max() > 5 * shown[23:25, 15:17, 15:17].max()  # apex first
    assert shown[15:17, 21:23, 15:17].max() > 5 * shown[15:17, 9:11, 15:17].max()  # inferior down
    assert shown[15:17, 15:17, 21:23].max() > 5 * shown[15:17, 15:17, 9:11].max()  # lateral right


def test_rest_is_registered_to_stress():
    stress = pose((10, -15, 20))
    off = Rotation.from_rotvec(np.radians([6.0, -4, 5])).as_matrix()
    true_rest = Ventricle(stress.centre + np.array([6, -5, 7]), stress.axes @ off.T, stress.radii)
    guess = Ventricle(stress.centre, stress.axes, stress.radii)
    cubes = {"stress": body_cube(wall(stress)), "rest": body_cube(wall(true_rest))}
    case = Case("planted", "heart", cubes)
    prepared = prepare_heart(case, HeartConfig(), ventricles={"stress": stress, "rest": guess})
    found = prepared.ventricles["rest"]
    assert np.linalg.norm(found.centre - true_rest.centre) < 1.5
    turn = Rotation.from_matrix(found.axes @ true_rest.axes.T).magnitude()
    assert np.degrees(turn) < 4
    rest, stress_values = prepared.input
    assert np.corrcoef(rest.ravel(), stress_values.ravel())[0, 1] > 0.985


def test_each_state_is_scaled_by_its_own_myocardium():
    stress = pose()
    values = wall(stress)
    liver = values.copy()
    liver[:8, 32:, :] = 5000  # beside the heart, outside its ellipsoid
    cubes = {"stress": body_cube(values), "rest": body_cube(liver * 0.2)}
    ventricles = {"stress": stress, "rest": stress}
    prepared = prepare_heart(Case("planted", "heart", cubes), HeartConfig(), ventricles=ventricles)
    rest, stress_values = prepared.input
    assert 0.95 < np.sort(stress_values.ravel())[-230] < 1.05
    assert np.abs(rest - stress_values).max() < 0.05
    assert stress_values[0, 0, 0] == 0
    assert stress_values[15, 15, 0] == 0


def test_what_lies_beyond_the_bright_wall_can_be_left_out():
    stress = pose()
    values = wall(stress, dent=False)
    own = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1) * SPACING
    values[((own - stress.centre)[..., 0] > 0.9 * stress.radii[0])] = 80  # behind the open base
    case = Case("planted", "heart", {"stress": body_cube(values)})
    everything, near = (
        prepare_heart(case, config, ("stress",), ventricles={"stress": stress}).input[0]
        for config in (HeartConfig(), HeartConfig(bright_mm=5.0))
    )
    assert everything[25:, 15:17, 15:17].max() > 0.1
    assert near[26:, 15:17, 15:17].max() == 0
    middle = slice(9, 17)  # the rim of the base may lose some of its edge
    np.testing.assert_allclose(
        near[middle][everything[middle] > 0.5], everything[middle][everything[middle] > 0.5]
    )


def test_what_is_missing_is_said():
    cube = body_cube(wall(pose()))
    with pytest.raises(CubeviewError, match="no rest"):
        prepare_heart(Case("half", "heart", {"stress": cube}), HeartConfig())
    with pytest.raises(CubeviewError, match="no rest and no stress"):
        prepare_heart(Case("half", "heart", {"heart": cube}), HeartConfig())
    with pytest.raises(CubeviewError, match="not a heart"):
        prepare_heart(Case("sky", "sky", {"flux": cube}), HeartConfig())


def test_a_cube_without_size_or_counts_is_refused():
    values = np.zeros((12, 12, 12), dtype=np.float32)
    plain = Cube(
        axes=tuple(plain_axis(12, n) for n in ("Slice", "Row", "Column")),
        pixels=ArrayPixels(values),
        kind="heart",
    )
    with pytest.raises(CubeviewError, match="how large its voxels are"):
        prepare_heart(Case("plain", "heart", {"rest": plain}), HeartConfig(), ("rest",))
    with pytest.raises(CubeviewError, match="no counts"):
        prepare_heart(Case("empty", "heart", {"rest": body_cube(values)}), HeartConfig(), ("rest",))


def test_the_configuration_travels_on_the_card():
    config = HeartConfig(margin_mm=10.0)
    assert HeartConfig.from_dict(config.to_dict()) == config
    with pytest.raises(CubeviewError, match="newer"):
        HeartConfig.from_dict({**config.to_dict(), "turbo": 1})
    with pytest.raises(CubeviewError, match="broken"):
        HeartConfig.from_dict({**config.to_dict(), "size": "many"})
