"""``alike``, ``odd``, ``groups``: cases beside other cases, as one model sees them."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cubeview.commands.common import (
    Commands,
    add_command,
    add_json,
    add_model,
    add_states,
    judged_cases,
    library_at,
    named_model,
    one_line,
    open_cases,
    print_json,
    progress,
    public_name,
    with_window,
)
from cubeview.commands.place import add_at
from cubeview.errors import CubeviewError
from cubeview.kinds import kind_of

if TYPE_CHECKING:
    import numpy as np

    from cubeview.learn.explore.rebuilt import Rest
    from cubeview.learn.explore.space import Point, Space

_MOST = 10
_MOST_REBUILT = 400
_LIBRARY = (".sqlite", ".db")


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(commands, "alike", _alike, "list the cases most like one")
    add_states(sub)
    add_at(sub, "sky cubes: the window")
    sub.add_argument("--in", dest="place", required=True, type=Path, metavar="PLACE", help=_PLACE)
    _add_rest(sub)

    sub = add_command(commands, "odd", _odd, "rank cases by how unusual they are")
    sub.add_argument("place", type=Path, metavar="PLACE", help=_PLACE)
    marks = "names of cases, as they are listed, that were looked at and found"
    sub.add_argument("--interesting", nargs="+", default=[], metavar="CASE", help=f"{marks} so")
    sub.add_argument(
        "--ordinary", nargs="+", default=[], metavar="CASE", help=f"{marks} ordinary or artefacts"
    )
    rest = "write what could not be rebuilt of the cases listed, on their cubes"
    sub.add_argument("--rest", type=Path, metavar="FOLDER", help=rest)
    _add_rest(sub)

    sub = add_command(commands, "groups", _groups, "find which cases belong together")
    sub.add_argument("place", type=Path, metavar="PLACE", help=_PLACE)
    add_model(sub)
    add_json(sub)


_PLACE = "a library (.sqlite), or a file or folder of cases; a sky cube counts by its windows"


def _add_rest(sub: argparse.ArgumentParser) -> None:
    add_model(sub)
    sub.add_argument("--most", type=int, default=_MOST, metavar="N", help=f"default {_MOST}")
    add_json(sub)


def _alike(options: argparse.Namespace) -> int:
    from cubeview.learn.explore.alike import alike
    from cubeview.learn.explore.seen import seen
    from cubeview.learn.models.model import model_for

    cases, _ = judged_cases(options)
    if len(cases) != 1:
        raise CubeviewError(f"alike takes one case, these paths hold {len(cases)}.")
    case = with_window(cases[0], options.at)
    model = model_for(case, options.model or "")
    point, asked, _ = seen(model, public_name(case), case)
    space = _space(options, model.card.weights_sha256, str(model.folder))
    which, cosine = alike(space.values, asked, options.most + 1)
    others = [
        (number, float(close))
        for number, close in zip(which, cosine, strict=True)
        if (space.points[number].files, space.points[number].window) != (point.files, point.window)
    ]
    found = [
        {**_told(space.points[number]), "cosine": round(close, 4)}
        for number, close in others[: options.most]
    ]
    _say(options, space, {"case": point.name, "alike": found}, found, "cosine")
    return 0


def _odd(options: argparse.Namespace) -> int:
    from cubeview.learn.explore.odd import oddness, reordered

    space = _space(options)
    space.check()
    interesting, ordinary = (_numbers(space, n) for n in (options.interesting, options.ordinary))
    far = oddness(space.values)
    looked = {*interesting, *ordinary}
    worth = reordered(space.values, interesting, ordinary) if looked else far
    order = [int(number) for number in (-worth).argsort(kind="stable") if number not in looked]
    shown, rest = order[: options.most], _rest(space, far)
    found = [
        {
            **_told(space.points[number]),
            "distance": round(float(far[number]), 3),
            **({} if rest is None else {"not_rebuilt": _where(space, rest, number)}),
        }
        for number in shown
    ]
    if options.rest is not None:
        for entry, number in zip(found, shown, strict=True):
            entry["not_rebuilt"]["file"] = _write_rest(space, rest, number, options.rest)
    told = {"cases": len(space.points), "marked": len(looked), "odd": found}
    _say(options, space, told, found, "distance")
    return 0


def _rest(space: "Space", far: "np.ndarray") -> "Rest | None":
    """Return what cannot be rebuilt of the cases from the usual half; None without their voxels."""
    import numpy as np

    from cubeview.learn.explore.rebuilt import not_rebuilt

    if not space.prepared:
        return None
    inputs = np.stack([prepared.input for prepared in space.prepared])
    return not_rebuilt(inputs, np.argsort(far, kind="stable")[: (len(far) + 1) // 2])


def _where(space: "Space", rest: "Rest", number: int) -> dict[str, Any]:
    """Say how much is left of a case and where most of it lies, in the cubes' own voxels."""
    prepared = space.prepared[number]
    role, grid = next(iter(prepared.grids.items()))
    place = grid[:3, :3] @ rest.peak(number) + grid[:3, 3]
    voxel = [round(float(at)) for at in place]
    return {"chi2": round(float(rest.chi2[number]), 3), "role": role, "voxel": voxel}


def _write_rest(space: "Space", rest: "Rest | None", number: int, folder: Path) -> str:
    """Write what could not be rebuilt of a case; return the path."""
    from cubeview.io.export.overlay import write_overlay
    from cubeview.learn.explain.overlay import on_cubes
    from cubeview.learn.explain.question import GridMap
    from cubeview.learn.models.choose import named
    from cubeview.learn.models.model import load_model

    if rest is None:
        raise CubeviewError(
            f"--rest needs the voxels of at most {_MOST_REBUILT} cases: name a file or folder, "
            "not a library, or fewer of them."
        )
    prepared, model = space.prepared[number], load_model(named(space.model).folder)
    words = {"method": "not rebuilt", "target": "", "unit": "input"}
    overlay = on_cubes(GridMap(rest.maps[number]), model, prepared, **words)
    folder.mkdir(parents=True, exist_ok=True)
    name = "".join(sign if sign.isalnum() else "-" for sign in space.points[number].name)
    path = folder / f"{name}-{number}.{kind_of(prepared.case).map_suffix}"
    write_overlay(overlay, path)
    return str(path)


def _groups(options: argparse.Namespace) -> int:
    from cubeview.learn.explore.groups import groups

    space = _space(options)
    space.check()
    found = groups(space.values, report=progress())
    members: list[list[Point]] = [[] for _ in range(found.count)]
    for point, group in zip(space.points, found.of, strict=True):
        members[group].append(point)
    record = {
        "model": space.model,
        "cases": len(space.points),
        "clear": found.clear,
        "silhouette": round(found.silhouette, 3),
        "found_again": round(found.again, 3),
        "bic_gained": round(found.gained, 1),
        "groups": [
            {"count": len(group), "cases": [_told(point) for point in group]} for group in members
        ],
        "failures": list(space.failures),
    }
    if options.json:
        print_json(record)
        return 0
    _warn(space)
    verdict = f"{found.count} groups" if found.clear else "no clear groups"
    print(
        f"{len(space.points)} cases as {space.model} sees them: {verdict} (silhouette "
        f"{found.silhouette:.2f}, found again in halves {found.again:.2f})"
    )
    for number, group in enumerate(members, 1):
        said = [point.label or point.answer for point in group]
        common = sorted({name for name in said if name}, key=lambda name: -said.count(name))
        words = ", ".join(f"{said.count(name)} {name}" for name in common[:4])
        print(f"  {number}: {len(group)} cases" + (f" ({words})" if words else ""))
    return 0


def _space(options: argparse.Namespace, weights: str = "", folder: str = "") -> "Space":
    """Return the cases of a place, as the model asked for sees them."""
    if getattr(options, "most", 1) < 1:
        raise CubeviewError("--most takes 1 or more.")
    from cubeview.learn.explore.seen import seen_space
    from cubeview.learn.explore.space import kept_space
    from cubeview.learn.models.card import read_card
    from cubeview.learn.models.model import load_model, model_for

    place: Path = options.place
    if place.suffix in _LIBRARY:
        if options.model and not weights:
            weights = read_card(named_model(options.model)).weights_sha256
        library = library_at(place, "explore")
        try:
            return kept_space(library, weights)
        finally:
            library.close()
    cases, _ = open_cases([place])
    model = load_model(folder) if folder else model_for(cases[0], options.model or "")
    named = [(public_name(case), case) for case in cases]
    return seen_space(model, named, most=_MOST_REBUILT, report=progress())


def _numbers(space: "Space", names: Sequence[str]) -> list[int]:
    """Return the places of cases by their names, or names and windows."""
    known = {}
    for number, point in enumerate(space.points):
        known[point.name] = known[f"{point.name} {point.window}".strip()] = number
    if unknown := [name for name in names if name not in known]:
        raise CubeviewError(f"no case is called {unknown[0]!r} here; names are as listed.")
    return [known[name] for name in names]


def _told(point: "Point") -> dict[str, Any]:
    return {
        "case": point.name,
        "files": dict(point.files),
        "window": point.window,
        "answer": point.answer,
        "label": point.label,
    }


def _say(
    options: argparse.Namespace,
    space: "Space",
    told: dict[str, Any],
    found: list[dict[str, Any]],
    figure: str,
) -> None:
    if options.json:
        print_json({"model": space.model, **told, "failures": list(space.failures)})
        return
    _warn(space)
    for entry in found:
        said = entry["label"] or entry["answer"]
        name = f"{entry['case']} {entry['window']}".strip()
        print(f"{entry[figure]:7.3f}  {name}" + (f"  ({said})" if said else ""))


def _warn(space: "Space") -> None:
    for failure in space.failures:
        print(f"cubeview: {one_line(failure)}", file=sys.stderr)
