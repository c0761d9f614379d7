"""Scans of one study belong together by what their files say, and say what they are."""

from dataclasses import replace

import numpy as np

from cubeview.cubes.axes import plain_axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube, Gate
from cubeview.cubes.study import beside, studies, tags

AXES = tuple(plain_axis(2, name) for name in "zyx")


def cube(study="A", kind="heart", **parts):
    whose = {"patient number": parts.pop("patient", "1")}
    pixels = ArrayPixels(np.zeros((2, 2, 2)))
    return Cube(AXES, pixels, kind, "counts", study=study, whose=whose, **parts)


GATES = (Gate("time slot 1", ArrayPixels(np.zeros((2, 2, 2)))),) * 2
PAIR = Case("pair", "heart", {"stress": cube(), "rest": cube()})
GATED = Case("gated", "heart", {"stress": cube(gates=GATES)})
CORRECTED = Case("ac", "heart", {"rest": cube(facts={"Attenuation": "corrected"})})
RAW = Case("raw", "volume", {"flux": cube(kind="volume", view="projections")})
CT = Case("ct", "volume", {"flux": cube(kind="volume", facts={"Modality": "CT"})})
OTHER = Case("other", "heart", {"rest": cube("B")})
STRANGER = Case("stranger", "heart", {"rest": cube(patient="2")})
UNKNOWN = Case("unknown", "volume", {"flux": cube("")})


def test_a_study_is_one_group_the_heart_that_is_read_first():
    found = studies((RAW, OTHER, GATED, UNKNOWN, CT, PAIR, CORRECTED, STRANGER))
    names = [[case.name for case in group] for group in found]
    assert names == [["pair", "ac", "gated", "raw", "ct"], ["other"], ["unknown"], ["stranger"]]
    assert beside(RAW, (RAW, OTHER, GATED, PAIR, STRANGER)) == (GATED, PAIR)
    twin = replace(UNKNOWN, name="another")
    assert beside(UNKNOWN, (UNKNOWN, twin)) == (), "files that say nothing are of no study"


def test_tags_say_what_a_scan_is():
    assert tags(PAIR) == ("stress", "rest")
    assert tags(GATED) == ("stress", "gated")
    assert tags(CORRECTED) == ("rest", "corrected")
    assert tags(RAW) == ("projections",)
    assert tags(CT) == ("CT",)
    assert tags(UNKNOWN) == ()
