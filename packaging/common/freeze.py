"""What the PyInstaller specs of all systems share: what goes into the bundle, what is left out."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import PyInstaller
from inventory import write_parts
from PyInstaller.depend.bindepend import get_imports
from PyInstaller.utils.hooks import collect_data_files, collect_submodules, copy_metadata

ROOT = Path(__file__).resolve().parents[2]
ENTRY = str(ROOT / "packaging" / "common" / "entry.py")

HIDDEN = [
    *collect_submodules("cubeview"),
    # Imported by compiled modules, which no analysis looks into.
    *collect_submodules("sklearn.metrics._pairwise_distances_reduction"),
    *collect_submodules("sklearn.utils"),
    # pydicom asks for its JPEG decoder by name, and that for its library by an entry point.
    *("pydicom.pixels.decoders.pylibjpeg", "pylibjpeg", "libjpeg", "_libjpeg"),
]

EXCLUDED_MODULES = [
    *("pytest", "_pytest", "matplotlib", "tkinter", "IPython", "setuptools", "pip", "pandas"),
    *("tensorboard", "caffe2", "triton", "onnx", "pyqtgraph.examples", "pyqtgraph.opengl"),
    *("readline", "curses", "_curses", "PyQt5", "PySide6", "PySide2"),
    *(f"PyQt6.Qt{name}" for name in ("Qml", "Quick", "QuickWidgets", "Quick3D", "Designer")),
    *(f"PyQt6.Qt{name}" for name in ("Bluetooth", "Help", "Multimedia", "Nfc", "Pdf", "Sql")),
    *(f"PyQt6.Qt{name}" for name in ("Positioning", "RemoteObjects", "Sensors", "SerialPort")),
    *(f"PyQt6.Qt{name}" for name in ("TextToSpeech", "WebChannel", "WebSockets", "SpatialAudio")),
]
"""Modules some library would import if it could, none of which the program uses."""

_QT = r"PyQt6/Qt6/(?:plugins|lib|bin|qml|translations)/"
_UNWANTED = [
    # Test programs, headers and tools of torch; torch will not load without torch_shm_manager.
    r"torch/(?:test|include|share|bin/(?!torch_shm_manager))",
    r"torch/lib/.*\.(?:a|lib)$",
    r"PyQt6/Qt6/(?:qml|translations)/",
    _QT + r"(?:lib)?Qt6?(?:Qml|Quick|Pdf|VirtualKeyboard|Designer|Multimedia|3D|ShaderTools)",
    # No network calls are made, so neither TLS nor network information is wanted.
    r"PyQt6/Qt6/plugins/(?:tls|networkinformation|platforminputcontexts/libqtvirtualkeyboard)",
    r"PyQt6/Qt6/plugins/(?:sqldrivers|multimedia|position|sensors|texttospeech|egldeviceintegr)",
    # Brings the whole of GTK; file dialogs come from the desktop's portal, or from Qt.
    r"PyQt6/Qt6/plugins/platformthemes/libqgtk",
    r"PyQt6/Qt6/plugins/imageformats/.*(?:pdf|webp|tiff|icns|tga|wbmp)",
    r"PyQt6/Qt6/plugins/platforms/libq(?:vnc|linuxfb|eglfs|vkkhrdisplay|minimalegl|webgl)",
    r"PyQt6/Qt6/plugins/(?:generic|wayland-graphics-integration-server)",
    r"(?:scipy|numpy|astropy|pydicom|libjpeg|pylibjpeg|sympy|torch|networkx|pyqtgraph)/(?:.*/)?tests?/",
    r"(?:sklearn|joblib)/(?:.*/)?(?:tests?|datasets/(?:data|descr|images))/",
    r"pyqtgraph/(?:examples|opengl)/",
    r"pydicom/data/(?:test_files|charset_files)/",
    # Every Linux desktop has these, and its drivers and its desktop have to get along with them: a
    # second, older copy of them would be the one that is loaded.
    r"lib(?:stdc\+\+|gcc_s|glib-2\.0|gthread-2\.0|dbus-1|fontconfig|freetype|X11|X11-xcb|xcb)\.so",
    # Qt's network library asks for Kerberos, which nothing here uses.
    r"lib(?:gssapi_krb5|krb5|k5crypto|krb5support|com_err|keyutils)\.so",
]
UNWANTED = re.compile("|".join(f"(?:{pattern})" for pattern in _UNWANTED))
"""Paths inside the bundle, with forward slashes, that are left out."""

# Read at run time though it lies in a folder that is left out.
WANTED = re.compile(r"astropy/.*/tests?/(?:__init__|helper)")


def data_files() -> list[tuple[str, str]]:
    """Return the files of the program itself, as PyInstaller takes them."""
    return [
        (str(ROOT / "resources"), "resources"),
        (str(ROOT / "LICENSE"), "."),
        *collect_data_files("cubeview"),
        *collect_data_files("highdicom"),
        *copy_metadata("pylibjpeg-libjpeg"),
    ]


def trim(analysis: Any) -> None:
    """Take out of an analysis what the program does not need, and system libraries left alone.

    Parameters
    ----------
    analysis : PyInstaller.building.build_main.Analysis
        Its entries are (dest, source, kind).
    """
    analysis.datas = [entry for entry in analysis.datas if _wanted(_plain(entry[0]))]
    kept = [entry for entry in analysis.binaries if _wanted(_plain(entry[0]))]
    names = {_plain(entry[0]) for entry in kept}
    analysis.binaries = without_orphans([e for e in kept if not _second_copy(e, names)])


def without_orphans(entries: list[Any]) -> list[Any]:
    """Return the entries without libraries from the system that nothing kept here asks for."""
    # Windows does not mind case, and its libraries ask for each other in any.
    by_name = {Path(entry[0]).name.lower(): entry for entry in entries}
    waiting = [entry for entry in entries if entry[2] == "EXTENSION" or "/" in _plain(entry[0])]
    waiting += [entry for entry in entries if "python" in Path(entry[0]).name.lower()]
    needed = {entry[0] for entry in waiting}
    while waiting:
        _, source, kind = waiting.pop()
        if kind not in ("BINARY", "EXTENSION"):
            continue
        for asked in _asked_for(source):
            other = by_name.get(asked.lower())
            if other is not None and other[0] not in needed:
                needed.add(other[0])
                waiting.append(other)
    return [entry for entry in entries if entry[0] in needed or entry[2] == "SYMLINK"]


def add_parts(analysis: Any, folder: Path) -> None:
    """Add the list of everything in the bundle, with licences; stops when one may not be in it."""
    entries = [*analysis.pure, *analysis.binaries, *analysis.datas, *analysis.scripts]
    sources = {
        entry[1]
        for entry in entries
        if entry[2] != "SYMLINK" and entry[1] not in ("-", "") and Path(entry[1]).is_file()
    }
    own = (str(folder), str(Path(PyInstaller.__file__).parent))
    path = write_parts((s for s in sources if not s.startswith(own)), folder)
    analysis.datas.append(("resources/parts.json", str(path), "DATA"))


def _asked_for(library: str) -> list[str]:
    """Return the names of the libraries that this one itself asks for."""
    if sys.platform != "linux":
        return [Path(name).name for name, _ in get_imports(library)]
    # PyInstaller asks ldd, which also tells what those libraries ask for in their turn.
    done = subprocess.run(["readelf", "-dW", library], capture_output=True, text=True, check=False)
    return re.findall(r"\(NEEDED\).*\[(.*)\]", done.stdout)


def _plain(name: str) -> str:
    return name.replace("\\", "/")


def _wanted(name: str) -> bool:
    return UNWANTED.match(name) is None or WANTED.match(name) is not None


def _second_copy(entry: Any, names: set[str]) -> bool:
    """Tell whether a library lies at the top as well as in the package that looks for it there."""
    name, _, kind = entry
    return kind == "BINARY" and "/" not in name and f"torch/lib/{name}" in names
