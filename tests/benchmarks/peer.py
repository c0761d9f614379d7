"""A peer's first image and channel steps: run by its own Python, see `bench_window.py`.

``python peer.py napari|glue PATH``; prints the time of the first image and the median step in ms.
"""

import os
import statistics
import sys
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

STEPS = 40


def napari(path):
    import napari as program
    from astropy.io import fits
    from qtpy.QtWidgets import QApplication

    viewer = program.Viewer(show=True)
    data = fits.open(path, memmap=True)["DATA"].data
    # Limits given: else napari reads a part of the cube to find some.
    layer = viewer.add_image(data, contrast_limits=(-3, 3))
    application = QApplication.instance()
    canvas = viewer.window._qt_viewer.canvas

    def draw(channel):
        viewer.dims.set_current_step(0, channel)
        application.processEvents()
        assert layer.visible
        canvas.screenshot() if hasattr(canvas, "screenshot") else viewer.screenshot(flash=False)

    return draw


def glue(path):
    from glue.core.data_factories import load_data
    from glue_qt.app.application import GlueApplication
    from glue_qt.viewers.image import ImageViewer
    from qtpy.QtWidgets import QApplication

    application = GlueApplication()
    application.show()
    data = load_data(str(path))
    data = (
        next((d for d in data if d.label.endswith("DATA]")), data[0])
        if isinstance(data, list)
        else data
    )
    application.add_datasets([data]) if hasattr(application, "add_datasets") else None
    viewer = application.new_data_viewer(ImageViewer, data=data)
    qt = QApplication.instance()

    def draw(channel):
        state = viewer.state
        state.slices = (channel, *state.slices[1:])
        qt.processEvents()
        viewer.axes.figure.canvas.draw()

    return draw


def main():
    draw = {"napari": napari, "glue": glue}[sys.argv[1]](sys.argv[2])
    draw(1)
    shown = time.time()
    times = []
    for channel in range(2, 2 + STEPS):
        begin = time.perf_counter()
        draw(channel)
        times.append(time.perf_counter() - begin)
    sys.stdout.write(f"{shown} {1000 * statistics.median(times)}\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
