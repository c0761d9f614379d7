"""Import torch with its large library first, so that the window goes on meanwhile.

Python holds its lock while it loads an extension and all the libraries that one needs: for torch
0.3 s in which no other thread runs. A call through `ctypes` gives the lock up.
"""

import contextlib
import ctypes
import importlib
import importlib.util
import logging
import os
import sys
from pathlib import Path

from cubeview.startup import lasting

log = logging.getLogger(__name__)

_NAMES = {"linux": "libtorch_cpu.so", "darwin": "libtorch_cpu.dylib"}


def preload() -> None:
    """Import torch if it is still to be imported; for the thread that is about to need it.

    Where that fails nothing is said: who imports it next is told why.
    """
    if "torch" in sys.modules:
        return
    _load_library(_NAMES.get(sys.platform, ""))
    with lasting(), contextlib.suppress(ImportError, OSError):
        importlib.import_module("torch")


def _load_library(name: str) -> None:
    found = importlib.util.find_spec("torch")
    for folder in (found and found.submodule_search_locations) or ():
        path = Path(folder) / "lib" / name
        if not name or not path.is_file():
            continue
        load = ctypes.CDLL(None).dlopen
        load.restype, load.argtypes = ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_int]
        if not load(os.fsencode(path), os.RTLD_LAZY | os.RTLD_LOCAL):
            log.info("%s was not loaded ahead", name)
        return
