"""``normals``: normal limits of perfusion from one's own healthy hearts."""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cubeview.commands.common import (
    Commands,
    add_command,
    add_json,
    library_at,
    one_line,
    open_cases,
    placed_ventricles,
    progress,
    say,
)
from cubeview.errors import CubeviewError
from cubeview.kinds import HEART, kind_of

if TYPE_CHECKING:
    from cubeview.cubes.case import Case
    from cubeview.measure.heart.normal import Group
    from cubeview.measure.heart.segments import PolarMap


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(
        commands,
        "normals",
        _normals,
        "make normal limits of perfusion from healthy hearts: mean and spread by sex and protocol",
    )
    sub.add_argument(
        "path",
        type=Path,
        metavar="LIBRARY|FOLDER",
        help="a library, of which the hearts count that all readers call healthy; or scans that "
        "are all of healthy hearts",
    )
    sub.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="default: normals.json in your data folder, which the window compares with",
    )
    sub.add_argument(
        "--class",
        dest="healthy",
        default=HEART.classes[0].name,
        metavar="NAME",
        help="what healthy is called in the library (default %(default)s)",
    )
    add_json(sub)


def _normals(options: argparse.Namespace) -> int:
    from cubeview.measure.heart.normal import FEWEST, limits_of, refuse_limits, write_limits
    from cubeview.paths import data_dir

    out = options.out or data_dir() / "normals.json"
    refuse_limits(out)
    left_out: list[str] = []
    healthy: list[tuple[Group, PolarMap]] = []
    openers = _openers(options)
    report = progress()
    for done, opener in enumerate(openers):
        report(done / len(openers), f"heart {done + 1} of {len(openers)}")
        try:
            healthy += _maps(opener())
        except CubeviewError as error:
            left_out.append(one_line(error))
    for reason in left_out:
        print(f"cubeview: left out: {reason}", file=sys.stderr)
    normals = limits_of(healthy)
    write_limits(normals, out)
    counts = Counter(group for group, _ in healthy)
    groups = [
        {
            "state": group.role, "sex": group.sex, "protocol": group.protocol,
            "cases": normals[group].cases,
            "segments": [round(float(v), 1) for v in normals[group].segment_mean],
            "spread": [round(float(v), 1) for v in normals[group].segment_spread],
        }
        for group in normals
    ]  # fmt: skip
    few = [f"{n} of {group.words}" for group, n in counts.items() if group not in normals]
    lines = [
        f"{group.words}: {limits.cases} hearts, spread of a segment "
        f"{limits.segment_spread.mean():.1f} points on average"
        for group, limits in normals.items()
    ]
    lines += [f"too few, under {FEWEST}: {text}" for text in few]
    record = {"file": str(out), "groups": groups, "too_few": few, "left_out": left_out}
    say(options, record, *lines, out)
    return 0


def _openers(options: argparse.Namespace) -> "list[Callable[[], Case]]":
    """Return what opens each healthy heart, one after another: all would not fit into memory."""
    from cubeview.library.repair import is_database

    path = options.path
    if is_database(path):
        return list(_stored(path, options.healthy))
    return [partial(_itself, case) for case in open_cases([path])[0] if kind_of(case).ventricle]


def _itself(case: "Case") -> "Case":
    return case


def _stored(path: Path, healthy: str) -> "Iterator[Callable[[], Case]]":
    from cubeview.library.healthy import healthy_cases
    from cubeview.library.stored import check_files, open_record, records

    library = library_at(path, "reader")
    try:
        known = records(library)
        for number in healthy_cases(library, healthy):
            try:
                check_files(library, known[number])
            except CubeviewError as error:
                print(f"cubeview: left out: {one_line(error)}", file=sys.stderr)
                continue
            yield partial(open_record, known[number])
    finally:
        library.close()


def _maps(case: "Case") -> "list[tuple[Group, PolarMap]]":
    """Measure a healthy heart, each state with whose it is."""
    from cubeview.learn.heart.prepare import ventricles_of
    from cubeview.library.healthy import stated
    from cubeview.measure.heart.measured import DOUBTED, measurable, measure
    from cubeview.measure.heart.normal import Group

    if case.apart:
        raise CubeviewError(f"{case.name}: {case.apart}")
    ventricles = ventricles_of(case, measurable(case), placed_ventricles(case))
    for role, ventricle in ventricles.items():
        if ventricle.doubt > DOUBTED:
            raise CubeviewError(
                f"{case.name}: the left ventricle of {role} is doubtful ({ventricle.reason}). "
                "Place it in the window first."
            )
    found = measure(case, ventricles, volumes=False)
    return [(Group(role, *stated(case, role)), one) for role, one in found.maps.items()]
