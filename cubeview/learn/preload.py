"""Load torch's large library before torch itself, so that the window goes on meanwhile.

Python holds its lock while it loads an extension and all the libraries that one needs: for torch
0.3 s in which no other thread runs. A call through `ctypes` gives the lock up.
"""

import ctypes
import importlib.util
import logging
import os
import sys
from pathlib import Path

log = logging.getLogger(__name__)

_NAMES = {"linux": "libtorch_cpu.so", "darwin": "libtorch_cpu.dylib"}


def preload() -> None:
    """Load it if torch is still to be imported; for the thread that is about to.

    Where it cannot be loaded nothing is said: importing torch tells why.
    """
    name = _NAMES.get(sys.platform)
    if name is None or "torch" in sys.modules:
        return
    found = importlib.util.find_spec("torch")
    for folder in (found and found.submodule_search_locations) or ():
        path = Path(folder) / "lib" / name
        if not path.is_file():
            continue
        load = ctypes.CDLL(None).dlopen
        load.restype, load.argtypes = ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_int]
        if not load(os.fsencode(path), os.RTLD_LAZY | os.RTLD_LOCAL):
            log.info("%s was not loaded ahead", name)
        return
