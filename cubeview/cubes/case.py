"""A case: what is looked at, classified and labelled as one; its cubes by role."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from cubeview.cubes.cube import Box, Cube, Note
from cubeview.cubes.frozen import rebuilt
from cubeview.kinds import HEART


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
    def notes(self) -> tuple[Note, ...]:
        """Notes of all cubes, each once."""
        return tuple(dict.fromkeys(note for cube in self.cubes.values() for note in cube.notes))

    @property
    def cautions(self) -> tuple[str, ...]:
        """In what its two cubes do not go together, said with every answer, export and report."""
        if len(self.cubes) != 2:
            return ()
        (one, first), (other, second) = self.cubes.items()
        said = []
        if apart := differences(first, second):
            said.append(f"{one} and {other} differ in {listed(apart)}: they may be of two patients")
        said += [
            f"{one} and {other} were not made alike: {fact.lower()} {was} against {then}"
            for fact in _MADE
            if (was := first.facts.get(fact, "")) != (then := second.facts.get(fact, ""))
            and was
            and then
        ]
        if first.view and second.view and first.view != second.view:
            said.append(f"{one} is seen as {first.view}, {other} as {second.view}")
        return tuple(said)

    def swapped(self) -> "Case":
        """Return the same case with rest and stress exchanged, as the user's own decision.

        Raises ValueError if the case has not both.
        """
        if set(self.cubes) != {"rest", "stress"}:
            raise ValueError("only a rest/stress pair can be swapped")
        cubes = {"stress": self.cubes["rest"], "rest": self.cubes["stress"]}
        evidence = (*self.evidence, "rest and stress exchanged by the user")
        return replace(self, cubes=cubes, evidence=evidence, question="")

    def named(self, role: str) -> "Case":
        """Return the same heart with its one cube given a state, as the user's own decision.

        Raises ValueError if there is more than one cube, or the role is neither rest nor stress.
        """
        if len(self.cubes) != 1 or role not in ("rest", "stress"):
            raise ValueError("only a single scan can be called rest or stress")
        evidence = (*self.evidence, f"called {role} by the user")
        return replace(self, cubes={role: self.main}, evidence=evidence, question="")


_MADE = ("Attenuation", "Reconstruction", "Pose")
"""Facts in which two scans that are compared should be alike."""


def differences(one: Cube, other: Cube) -> tuple[str, ...]:
    """Return in what two scans disagree on whose they are; what one does not say fits all."""
    return tuple(
        what
        for what, hashes in one.whose.items()
        if what in other.whose and not (hashes <= other.whose[what] or other.whose[what] <= hashes)
    )


def listed(words: Sequence[str]) -> str:
    """Return words as a list in a sentence: ``"a, b and c"``."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def paired(stress: Case, rest: Case, why: str = "paired by the user") -> Case:
    """Return one case of two single scans, as the user's own decision.

    In what they do not go together its `cautions` say.

    Parameters
    ----------
    stress, rest : Case
        Of one cube each, that is not called the other state.
    why : str
        A sentence for the evidence.

    Raises
    ------
    ValueError
        If they are not.
    """
    singles = len(stress.cubes) == len(rest.cubes) == 1
    if not singles or "rest" in stress.cubes or "stress" in rest.cubes:
        raise ValueError("a pair needs one stress and one rest scan")
    evidence = (*stress.evidence, *rest.evidence, why)
    cubes = {"stress": stress.main, "rest": rest.main}
    return Case(stress.name, HEART.key, cubes, tuple(dict.fromkeys(evidence)))


def parted(pair: Case) -> tuple[Case, Case]:
    """Return the two scans of a pair as cases of their own, the inverse of `paired`."""
    alone = replace(pair, evidence=(*pair.evidence, "taken apart by the user"), question="")
    one, other = (
        replace(alone, name=f"{pair.name} {role}", cubes={role: cube})
        for role, cube in pair.cubes.items()
    )
    return one, other


def same_cubes(one: Case, other: Case) -> bool:
    """Tell whether two cases hold the very same cubes in the same roles, whatever their window."""
    return one.roles == other.roles and all(
        one.cubes[role] is other.cubes[role] for role in one.roles
    )
