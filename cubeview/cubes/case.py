"""A case: what is looked at, classified and labelled as one; its cubes by role."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from cubeview.cubes.cube import Box, Cube, Note
from cubeview.cubes.frozen import rebuilt

TWO_PATIENTS = " (two patients)"
"""Ends the name of a case whose scans are not of one patient."""

OF_NOBODY = "Not of one patient: what is said of the two together is about nobody."
"""What is said of such a case where only its name is known."""

PAIRED, UNPAIRED = "paired by the user", "taken apart by the user"
EXCHANGED = "rest and stress exchanged by the user"

_MADE_BY = ("Attenuation", "Reconstruction", "Pose")
"""Facts in which two scans that are compared should be alike."""


@dataclass(frozen=True, eq=False)
class Case:
    """One or two cubes that belong together.

    Parameters
    ----------
    name : str
        What the user reads: a pseudonym for a heart (never a patient's name or number), the
        object or file name for a sky cube.
    kind : str
        A key of `cubeview.kinds.KINDS`.
    cubes : mapping of role to Cube
        Hearts: ``"stress"`` and ``"rest"`` (in this order), one of the two, or ``"heart"`` where
        the state is unknown. Sky cubes and other volumes: ``"flux"``; their noise travels as
        ``Cube.uncertainty``.
    evidence : tuple of str
        Why the cubes were given these roles, one sentence each.
    question : str
        What the user must decide before the case can be trusted (which is rest, say); empty
        when nothing is open.
    window : Box or None
        The part of a sky cube that is classified; None for the whole.
    """

    name: str
    kind: str
    cubes: Mapping[str, Cube]
    evidence: tuple[str, ...] = ()
    question: str = ""
    window: Box | None = None

    def __post_init__(self) -> None:
        if not self.cubes:
            raise ValueError("a case needs a cube")
        object.__setattr__(self, "cubes", MappingProxyType(dict(self.cubes)))

    __reduce__ = rebuilt

    def __repr__(self) -> str:
        cubes = ", ".join(f"{role} {cube!r}" for role, cube in self.cubes.items())
        return f"<Case: {cubes}>"

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles present, the one shown first leading."""
        return tuple(self.cubes)

    @property
    def main(self) -> Cube:
        """The cube whose grid the cursor moves on: stress before rest, else the only one."""
        return next(iter(self.cubes.values()))

    @property
    def gates(self) -> int:
        """Number of gates; of the cube that has most where they differ, 0 for an ungated case."""
        return max(len(cube.gates) for cube in self.cubes.values())

    def at_gate(self, role: str, gate: int | None) -> Cube:
        """Return the cube of a role in one of `gates`, or added up where `gate` is None."""
        cube = self.cubes[role]
        if gate is None or not cube.gates:
            return cube
        return cube.at_gate(gate * len(cube.gates) // self.gates)

    def share(self, role: str, gate: int | None) -> int:
        """Return how many times more the sum of a role holds than what is shown of it."""
        return 1 if gate is None else len(self.cubes[role].gates) or 1

    def plane(self, role: str, gate: int | None, axis: int, index: int) -> np.ndarray:
        """Return a plane of a role; of one gate in the counts that all together would have.

        Parameters
        ----------
        role : str
        gate : int or None
            One of `gates`, or None for their sum.
        axis, index : int
            As in `Cube.plane`.
        """
        plane, share = self.at_gate(role, gate).plane(axis, index), self.share(role, gate)
        return plane if share == 1 else plane * np.float32(share)

    @property
    def apart(self) -> str:
        """What says that its cubes are not of one patient, in words; empty where nothing does.

        Such a case is made by the user alone. It goes with every answer and every export.
        """
        cubes = list(self.cubes.values())
        known = dict.fromkeys(name for cube in cubes for name in differing(cubes[0], cube))
        return f"Not of one patient: {words_of(known)}." if known else ""

    @property
    def cautions(self) -> tuple[str, ...]:
        """In what its cubes do not go together; said with every answer, export and report."""
        cubes = list(self.cubes.values())
        said = [self.apart] if self.apart else []
        if any(of_two_studies(cubes[0], cube) for cube in cubes):
            said.append(f"{listed(self.roles).capitalize()} are of two studies.")
        for name in _MADE_BY:
            values = [cube.facts.get(name, "") for cube in cubes]
            if len(set(values)) > 1 and all(values):
                by_role = zip(values, self.roles, strict=True)
                made = ", ".join(f"{value} in {role}" for value, role in by_role)
                said.append(f"Not made alike: {name.lower()} {made}.")
        return tuple(said)

    @property
    def notes(self) -> tuple[Note, ...]:
        """Notes of all cubes, each once."""
        return tuple(dict.fromkeys(note for cube in self.cubes.values() for note in cube.notes))

    def swapped(self) -> "Case":
        """Return the same case with rest and stress exchanged, as the user's own decision.

        Raises ValueError if the case has not both.
        """
        if set(self.cubes) != {"rest", "stress"}:
            raise ValueError("only a rest/stress pair can be swapped")
        cubes = {"stress": self.cubes["rest"], "rest": self.cubes["stress"]}
        # Exchanged twice they are as they were.
        evidence = tuple(text for text in self.evidence if text != EXCHANGED)
        if len(evidence) == len(self.evidence):
            evidence += (EXCHANGED,)
        return replace(self, cubes=cubes, evidence=evidence, question="")

    def named(self, role: str) -> "Case":
        """Return the same heart with its one cube given a state, as the user's own decision.

        Raises ValueError if there is more than one cube, or the role is neither rest nor stress.
        """
        if len(self.cubes) != 1 or role not in ("rest", "stress"):
            raise ValueError("only a single scan can be called rest or stress")
        evidence = (*self.evidence, f"called {role} by the user")
        return replace(self, cubes={role: self.main}, evidence=evidence, question="")


def paired(stress: Case, rest: Case) -> Case:
    """Return one case of two single scans, as the user's own decision.

    In what they do not go together its `cautions` say. Raises ValueError if they are not one stress
    and one rest scan.
    """
    if stress.roles != ("stress",) or rest.roles != ("rest",):
        raise ValueError("a pair needs one stress and one rest scan")
    evidence = (*stress.evidence, *rest.evidence, PAIRED)
    cubes = {"stress": stress.main, "rest": rest.main}
    pair = replace(stress, cubes=cubes, evidence=evidence, question="")
    if not pair.apart:
        return pair
    # The name goes where no caution does: into lists, tables of labels, and the names of files.
    return replace(pair, name=f"{stress.name} + {rest.name}{TWO_PATIENTS}")


def taken_apart(pair: Case) -> tuple[Case, Case]:
    """Return the stress and the rest scan of a pair as cases of their own; see `paired`.

    Raises ValueError if the case has not both.
    """
    if set(pair.cubes) != {"rest", "stress"}:
        raise ValueError("only a rest/stress pair can be taken apart")
    first, _, second = pair.name.removesuffix(TWO_PATIENTS).partition(" + ")
    names = (first, second) if second else (f"{pair.name} (stress)", f"{pair.name} (rest)")
    stress, rest = (
        replace(pair, name=name, cubes={role: pair.cubes[role]}, evidence=(UNPAIRED,), question="")
        for name, role in zip(names, ("stress", "rest"), strict=True)
    )
    return stress, rest


def agreeing(one: Cube, other: Cube) -> tuple[str, ...]:
    """Return what is the same in two cubes of all that tells one patient from another."""
    return tuple(name for name in one.whose if other.whose.get(name) == one.whose[name])


def differing(one: Cube, other: Cube) -> tuple[str, ...]:
    """Return what two cubes disagree in of all that tells one patient from another."""
    return tuple(
        name for name in one.whose if other.whose.get(name, one.whose[name]) != one.whose[name]
    )


def of_two_studies(one: Cube, other: Cube) -> bool:
    """Tell whether two cubes say that they were made in two examinations."""
    return bool(one.study and other.study) and one.study != other.study


def words_of(names: Iterable[str]) -> str:
    """Return what differs in words: ``"patient number and birth date differ"``."""
    known = tuple(names)
    return f"{listed(known)} differ{'' if known[1:] else 's'}"


def listed(names: Iterable[str]) -> str:
    """Return names as a list in a sentence: ``"patient number, birth date and sex"``."""
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


def same_cubes(one: Case, other: Case) -> bool:
    """Tell whether two cases hold the very same cubes in the same roles, whatever their window."""
    return one.roles == other.roles and all(
        one.cubes[role] is other.cubes[role] for role in one.roles
    )
