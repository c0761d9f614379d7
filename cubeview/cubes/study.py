"""The scans of one patient and day that belong together, and what each of them is, in tags."""

from collections.abc import Iterable

from cubeview.cubes.case import Case, differing

PROJECTIONS = "projections"
_ATTENUATION = {"corrected": "corrected", "not corrected": "uncorrected"}


def of_one_study(one: Case, other: Case) -> bool:
    """Tell whether two cases were made in one examination, by what their files say.

    A pair of two studies goes by that of its first state.
    """
    if not one.main.study or one.main.study != other.main.study:
        return False
    pairs = ((a, b) for a in one.cubes.values() for b in other.cubes.values())
    return not any(differing(a, b) for a, b in pairs)


def beside(case: Case, cases: Iterable[Case]) -> tuple[Case, ...]:
    """Return the other cases of the study of a case, in their order."""
    return tuple(one for one in cases if one is not case and of_one_study(case, one))


def studies(cases: Iterable[Case]) -> tuple[tuple[Case, ...], ...]:
    """Return cases by study, in the order of their first; a case alone is a study of its own.

    The heart that is read comes first in each: a pair before a single scan before the others.
    """
    groups: list[list[Case]] = []
    known: dict[str, list[list[Case]]] = {}
    for case in cases:
        of_study = known.setdefault(case.main.study, [])
        group = next((g for g in of_study if of_one_study(case, g[0])), None)
        if group is None:
            groups.append([case])
            of_study += groups[-1:] if case.main.study else []
        else:
            group.append(case)
    return tuple(tuple(sorted(group, key=_rank)) for group in groups)


def tags(case: Case) -> tuple[str, ...]:
    """Return what a case is: states, gated, attenuation corrected or not, projections, CT.

    As far as its files say; words of the files' own are none of them.
    """
    found = [role for role in case.roles if role in ("stress", "rest")]
    cubes = case.cubes.values()
    if any(is_projections(cube.view) for cube in cubes):
        found.append(PROJECTIONS)
    if case.gates:
        found.append("gated")
    for word in dict.fromkeys(cube.facts.get("Attenuation", "") for cube in cubes):
        found += [_ATTENUATION[word]] if word in _ATTENUATION else []
    modality = dict.fromkeys(cube.facts.get("Modality", "") for cube in cubes)
    return (*found, *(name for name in modality if name in ("CT", "PET", "MR")))


def is_projections(view: str) -> bool:
    """Tell whether a cube's view is that of raw projections."""
    return view == PROJECTIONS


def _rank(case: Case) -> tuple[bool, int, bool]:
    """Sort a study: hearts first, pairs before single scans, ungated before gated."""
    return case.kind != "heart", -len(case.roles), bool(case.gates)
