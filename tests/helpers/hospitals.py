"""Simulated scans of hospitals the shipped models never saw."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path

import numpy as np

from cubeview.cubes.case import Case
from cubeview.io.export.dicom import write_nm
from cubeview.simulate.heart.pair import SpectPair, SpectRange, simulate_pair, to_case
from cubeview.simulate.heart.scan import ScanRange
from cubeview.simulate.heart.state import PoseRange
from cubeview.simulate.heart.wall import WallRange

Change = Callable[[SpectPair, np.random.Generator], SpectPair]


@dataclass(frozen=True)
class Hospital:
    """Where scans come from: a simulator's ranges, and what is done to a pair afterwards."""

    name: str
    params: SpectRange
    change: Change | None = None

    def differences(self) -> dict[str, tuple[object, object]]:
        """Return what differs from the ranges the models are trained in: theirs, and here."""
        shipped = SpectRange()
        return {
            field.name: (getattr(theirs, field.name), getattr(here, field.name))
            for theirs, here in (
                (getattr(shipped, part), getattr(self.params, part))
                for part in ("wall", "scan", "pose")
            )
            for field in fields(theirs)
            if getattr(theirs, field.name) != getattr(here, field.name)
        }

    def hearts(self, each: int, seed: int) -> Iterator[tuple[str, Case]]:
        """Yield healthy and ischaemic hearts in turn, `each` of both, with their class."""
        for number in range(2 * each):
            label = ("healthy", "ischaemic")[number % 2]
            rng = np.random.default_rng((seed, number))
            pair = simulate_pair(label, rng, self.params)
            if self.change is not None:
                pair = self.change(pair, rng)
            yield label, to_case(pair, f"h{seed}-{number:03d}")

    def write(self, folder: Path, each: int, seed: int) -> Path:
        """Write `hearts` as DICOM files and return their table of labels."""
        folder.mkdir(parents=True, exist_ok=True)
        table = folder / "labels.csv"
        with table.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("case", "class", "rest", "stress"))
            for label, case in self.hearts(each, seed):
                names = [f"{case.name}_{role}.dcm" for role in ("rest", "stress")]
                for role, name in zip(("rest", "stress"), names, strict=True):
                    write_nm(case.cubes[role], folder / name, role=role, case=case.name)
                writer.writerow((case.name, label, *names))
        return table


def prone_at_rest(
    pair: SpectPair, rng: np.random.Generator, loss: tuple[float, float] = (0.35, 0.60)
) -> SpectPair:
    """Return a pair whose stress was taken on the back and whose rest was taken prone.

    On the back the diaphragm takes a share of the counts below the heart's middle, drawn between
    the two of `loss`; prone it does not. Without attenuation correction healthy inferior walls
    then look ischaemic, a habit a network can only know from labels.
    """
    rows = np.arange(pair.stress.shape[1]) * pair.voxel_mm
    middle = pair.truth.ventricles["stress"].centre[1]
    depth = 1 / (1 + np.exp(-(rows - middle - 10.0) / 6.0))
    kept = 1 - rng.uniform(*loss) * depth[None, :, None]
    return replace(pair, stress=np.rint(pair.stress * kept).astype(np.float32))


def chest_shadow(
    pair: SpectPair, rng: np.random.Generator, loss: tuple[float, float] = (0.20, 0.80)
) -> SpectPair:
    """Return a pair with the shadow of the chest wall's side on it, alike in both states.

    It takes a share of the counts, drawn between the two of `loss` and the same to a tenth at
    rest and at stress, on the lateral wall and up to the anterior or a little down, wider in one
    patient than in another.
    """
    azimuth = np.deg2rad(rng.uniform(-60.0, 30.0))  # 0 lateral, 90 inferior
    lost, begins = rng.uniform(*loss), rng.uniform(-0.2, 0.4)
    changed = {}
    for role in ("rest", "stress"):
        image, ventricle = getattr(pair, role), pair.truth.ventricles[role]
        grid = np.moveaxis(np.indices(image.shape), 0, -1) * pair.voxel_mm
        across = ((grid - ventricle.centre) @ ventricle.axes.T / ventricle.radii)[..., 1:]
        ahead = across @ np.array([np.sin(azimuth), np.cos(azimuth)])
        depth = 1 / (1 + np.exp(-(ahead - begins) / 0.12))
        kept = 1 - min(0.95, lost * rng.uniform(0.9, 1.1)) * depth
        changed[role] = np.rint(image * kept).astype(np.float32)
    return replace(pair, **changed)


CZT = Hospital(
    "small CZT camera, stress supine and rest prone, no attenuation correction",
    SpectRange(
        scan=ScanRange(
            voxel_mm=(3.2, 3.9),
            fine_share=0.0,
            fwhm_mm=(8.0, 11.0),
            cutoff_per_cm=(0.60, 0.80),
            iterative_share=1.0,
            noise=(0.042, 0.055),
            masked_share=1.0,
            mask_mm=(86.0, 98.0),
            counts=(90.0, 180.0),
        ),
        pose=PoseRange(tilt_deg=9.0, offset_mm=12.0),
        shape=(52, 56, 56),
    ),
    prone_at_rest,
)
"""A sharper camera with fewer counts, hearts turned and displaced more, a wide mask: each range
lies outside the shipped model's. The two positions cost three to four times as many counts as in
patients (see `USUAL`), which makes every healthy inferior wall look ischaemic."""

USUAL = replace(
    CZT,
    name="small CZT camera, stress supine and rest prone, published loss, no correction",
    change=partial(prone_at_rest, loss=(0.0, 0.28)),
)
"""The same camera with the habit as strong as it is in patients: in 99 men the inferior wall had
11 % more counts prone than supine and the anterior wall 4 % less, standard error 1 % each (Clin
Nucl Med 1995, 20:678), so 14 % are lost on the back, with a spread of about 8 %."""

CHEST = replace(
    CZT,
    name="small CZT camera, heavy patients, shadow of the chest wall's side, no correction",
    change=chest_shadow,
)
"""The same camera, both states in one position, in patients whose chest wall shades the lateral
side of the heart. Uncorrected images of a multi-pinhole CZT camera are shaded there and not
inferolaterally, to 72 % of the most counts and over 23 % of the wall in unselected patients
("Differences in attenuation pattern in myocardial SPECT between CZT and conventional gamma
cameras", J Nucl Cardiol); here to 20 to 80 % and over a third to two thirds of it. The shipped
models know a loss there, in both states, as an infarct only. Labels can mend that: what tells
ischaemia, the difference of the states, is not touched."""

COARSE = Hospital(
    "old camera far from the patient, half the dose, liver at the heart",
    SpectRange(
        wall=WallRange(inferior_loss=(0.55, 0.68)),
        scan=ScanRange(
            voxel_mm=(7.0, 7.8),
            fine_share=0.0,
            fwhm_mm=(19.5, 22.0),
            cutoff_per_cm=(0.24, 0.29),
            noise=(0.042, 0.060),
            rest_noise=(1.9, 2.3),
            background=(0.21, 0.29),
            liver=(1.32, 1.60),
            masked_share=1.0,
            mask_mm=(86.0, 98.0),
            counts=(80.0, 190.0),
        ),
        pose=PoseRange(tilt_deg=9.0, offset_mm=12.0),
        shape=(32, 36, 36),
    ),
)
"""Poorer resolution, coarser voxels, fewer counts, stronger background and liver, heavier
attenuation of the inferior wall in both states than the shipped model ever saw."""
