"""What a kind of case is: one frozen value, read wherever kinds differ."""

from dataclasses import dataclass

Code = tuple[str, str, str]
"""Code value, coding scheme and meaning, as DICOM writes a coded concept (PS3.16)."""


@dataclass(frozen=True)
class LabelClass:
    """One class of the label set a kind begins with.

    Parameters
    ----------
    name : str
    key : str
        Pressed to give the label.
    colour : str
        ``#rrggbb``.
    code : Code, optional
        What the class is called in a standard vocabulary.
    """

    name: str
    key: str
    colour: str
    code: Code | None = None


@dataclass(frozen=True)
class Kind:
    """All that sets one kind of case apart from the others.

    Parameters
    ----------
    key : str
        As it is written in cards, libraries and files.
    name, one, many : str
        What the user reads: "heart", "a heart", "hearts".
    subject : str
        What one line of the worklist is of: "sky window".
    judged : str
        What a model of this kind judges; empty where there are no models.
    role : str
        Role of a single cube of which nothing more is known.
    states : tuple of str
        Roles that are told apart and paired, in the order in which they are shown.
    channels : tuple of str
        What a network is shown, in order.
    label_set : str
        Name of the label set the library comes with; empty for none.
    classes : tuple of LabelClass
        The classes of that set.
    window_px : int
        Edge of the window that is judged and labelled, in voxels; 0 where it is the whole case.
    ventricle : bool
        There is a left ventricle in it: it is looked for, and values are read in per cent of it.
    flat : bool
        It is one slice, and its roles are bands or colours of one picture.
    patient : bool
        It is a scan of somebody.
    colormaps : tuple of str
        The colour maps that suit it; it opens with the first.
    map_suffix : str
        Format of its maps: ``"npz"`` or ``"fits"``.
    variations : tuple of pair of str
        How a case may be varied while a network is taught, and what that does to it, in words;
        `augment` of `cubeview.learn.models.rooms.Room` does it.
    """

    key: str
    name: str
    one: str
    many: str
    subject: str
    judged: str = ""
    role: str = "flux"
    states: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    label_set: str = ""
    classes: tuple[LabelClass, ...] = ()
    window_px: int = 0
    ventricle: bool = False
    flat: bool = False
    patient: bool = True
    colormaps: tuple[str, ...] = (
        "viridis",
        "magma",
        "inferno",
        "cividis",
        "gray",
        "gray inverted",
        "cool",
        "ten steps",
        "rainbow",
    )
    map_suffix: str = "npz"
    variations: tuple[tuple[str, str], ...] = ()

    def called(self, role: str) -> str:
        """Return what a role is called: flux is a word of astronomers, and of no scan."""
        return self.name if self.patient and role == "flux" else role

    @property
    def codes(self) -> dict[str, Code]:
        """The standard codes of the classes that have one, by class."""
        return {entry.name: entry.code for entry in self.classes if entry.code}
