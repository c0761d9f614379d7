"""The window: the only home of PyQt6 and pyqtgraph."""

import importlib
import sys

if sys.platform == "win32":
    # WORKAROUND pytorch#166628: there torch 2.9 and later cannot be imported after Qt, so it comes
    # before any module of the window. The splash of the frozen program is up meanwhile; elsewhere
    # torch waits until somebody asks.
    importlib.import_module("cubeview.learn.models.network")
