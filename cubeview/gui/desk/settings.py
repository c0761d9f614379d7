"""What the program remembers between two starts: typed settings, and the window's own layout."""

import json
import logging
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from PyQt6.QtCore import QByteArray, QSettings

from cubeview.learn.explain.question import OcclusionSettings
from cubeview.paths import data_dir
from cubeview.plain import from_json

log = logging.getLogger(__name__)

MOST_RECENT = 12


EARLIER = "Scan opened earlier"
"""What stands for a file of which only its path is known."""


@dataclass(frozen=True)
class Settings:
    """Everything that is remembered but the layout.

    Parameters
    ----------
    theme : {"system", "dark", "light"}
    text_percent : int
        Size of letters, of the system's.
    recent : tuple of str
        What was opened last, the newest first: a path, or the paths opened together with a zero
        byte, which no path can hold, between them. Stays on this machine.
    recent_titles : tuple of str
        What each of these is called where it is offered; empty for the name of its file.
    folder : str
        Where the open dialog starts.
    research_use_seen : bool
        The user has dismissed the research-use notice.
    occlusion_patch, occlusion_stride : int
        Input voxels.
    occlusion_fill : {"zero", "wall", "mean"}
    occlusion_precision : {"float32", "bfloat16"}
    cache_gb : int
        Gigabytes that copies of large cubes may take; 0 for no copies.
    reader : str
        Whose labels are placed in this window; empty for the login name.
    blind : bool
        Opinions kept in the library are hidden until a case is labelled.
    label_sets : tuple of str
        ``"kind=label set"`` as chosen in the Label panel.
    identifiers_shown : bool
        The patient's name and number are shown while a scan is open.
    worklist_order : str
        In which order the next case of the library comes; empty for as listed.
    worklist_sorted : str
        ``"column rising"`` or ``"column falling"``; empty for the order above.
    worklist_hidden : tuple of str
        Columns of the library that are not shown.
    default_models : tuple of str
        ``"kind=model"`` as chosen in the model manager.
    rows_shown : bool
        Hearts hang in rows of slices, not in planes.
    """

    theme: Literal["system", "dark", "light"] = "system"
    text_percent: int = 100
    recent: tuple[str, ...] = ()
    recent_titles: tuple[str, ...] = ()
    folder: str = ""
    research_use_seen: bool = False
    occlusion_patch: int = OcclusionSettings.patch
    occlusion_stride: int = OcclusionSettings.stride
    occlusion_fill: Literal["zero", "wall", "mean"] = OcclusionSettings.fill
    occlusion_precision: Literal["float32", "bfloat16"] = OcclusionSettings.precision
    cache_gb: int = 20
    reader: str = ""
    blind: bool = True
    label_sets: tuple[str, ...] = ()
    identifiers_shown: bool = True
    worklist_order: str = ""
    worklist_sorted: str = ""
    worklist_hidden: tuple[str, ...] = ()
    default_models: tuple[str, ...] = ()
    rows_shown: bool = False


class SettingsFile:
    """The ini file in the user's data folder.

    Parameters
    ----------
    folder : Path, optional
        Where it lies instead.

    Attributes
    ----------
    settings : Settings
        As last read or changed; unknown and bad values in the file are logged and left at their
        default.
    """

    def __init__(self, folder: Path | None = None) -> None:
        path = (folder or data_dir()) / "settings.ini"
        self._ini = QSettings(str(path), QSettings.Format.IniFormat)
        self.settings = self._read()

    def change(self, **changes: Any) -> None:
        """Change fields and write them at once."""
        self.settings = replace(self.settings, **changes)
        for name in changes:
            # JSON, because QSettings gives back numbers as text and a list of one as its item.
            self._ini.setValue(f"settings/{name}", json.dumps(getattr(self.settings, name)))
        self._ini.sync()

    def opened(self, paths: list[Path], title: str = "") -> None:
        """Put paths opened together at the head of the recent ones; keep where they lie.

        Parameters
        ----------
        paths : list of Path
        title : str
            What they are called; empty for the name of the file.
        """
        new = "\0".join(str(path.resolve()) for path in paths)
        new += "\0" if "\n" in new and len(paths) == 1 else ""  # formerly two paths
        kept = {old: t for old, t in zip(self.settings.recent, self.titles(), strict=True)}
        known = {new: title} | {old: t for old, t in kept.items() if old != new}
        folder = paths[0] if paths[0].is_dir() else paths[0].parent
        self.change(
            recent=tuple(known)[:MOST_RECENT],
            recent_titles=tuple(known.values())[:MOST_RECENT],
            folder=str(folder),
        )

    def titles(self) -> list[str]:
        """Return what each of the recent ones is called; empty for the name of its file.

        What was opened before titles were kept may be a patient's, unless its name says otherwise.
        """
        known = self.settings.recent_titles
        if len(known) == len(self.settings.recent):
            return list(known)
        return ["" if ".fit" in old.casefold() else EARLIER for old in self.settings.recent]

    def recent(self) -> list[list[Path]]:
        """Return the paths opened together, the newest first."""
        found = []
        for entry in self.settings.recent:
            between = "\0" if "\0" in entry else "\n"  # formerly a line break
            found.append([Path(part) for part in entry.removesuffix("\0").split(between)])
        return found

    def layout(self) -> tuple[QByteArray, QByteArray] | None:
        """Return the window's saved geometry and dock state, if there are any."""
        geometry, state = self._ini.value("window/geometry"), self._ini.value("window/state")
        if isinstance(geometry, QByteArray) and isinstance(state, QByteArray):
            return geometry, state
        return None

    def save_layout(self, geometry: QByteArray, state: QByteArray) -> None:
        """Keep the window's geometry and dock state."""
        self._ini.setValue("window/geometry", geometry)
        self._ini.setValue("window/state", state)
        self._ini.sync()

    def _read(self) -> Settings:
        hints = get_type_hints(Settings)
        values: dict[str, Any] = {}
        for entry in fields(Settings):
            text = self._ini.value(f"settings/{entry.name}")
            if text is None:
                continue
            try:
                values[entry.name] = _typed(from_json(text), hints[entry.name])
            except (TypeError, ValueError):
                log.warning("setting %s cannot be used; its default is taken", entry.name)
        return Settings(**values)


def _typed(value: Any, kind: Any) -> Any:
    """Return a JSON value as the type of its field, or raise ValueError."""
    if get_origin(kind) is Literal:
        good = value in get_args(kind)
    elif get_origin(kind) is tuple:
        good = isinstance(value, list) and all(isinstance(item, str) for item in value)
        value = tuple(value) if good else value
    else:
        good = type(value) is kind
    if not good:
        raise ValueError
    return value
