"""The window: the only home of PyQt6 and pyqtgraph."""
