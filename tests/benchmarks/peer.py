"""A peer's first image and channel steps: run by its own Python, see `bench_window.py`.

``python peer.py napari|glue PATH``; prints the time of the first image and the median step in ms.
An image counts as shown when the program has drawn it by itself.
"""

import os
import statistics
import sys
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

STEPS = 40
LONGEST_S = 20


def napari(path):
    import napari as program
    from astropy.io import fits
    from qtpy.QtWidgets import QApplication

    viewer = program.Viewer(show=True)
    data = fits.open(path, memmap=True)["DATA"].data
    # Limits given: else napari reads a part of the cube to find some.
    layer = viewer.add_image(data, contrast_limits=(-3, 3))
    drawn = []
    viewer.window._qt_viewer.canvas.events.draw.connect(drawn.append)

    def choose(channel):
        viewer.dims.set_current_step(0, channel)
        assert layer.visible

    return choose, drawn, QApplication.instance().processEvents


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
    drawn = []
    viewer.axes.figure.canvas.mpl_connect("draw_event", drawn.append)

    def choose(channel):
        viewer.state.slices = (channel, *viewer.state.slices[1:])

    def work(kept=application):  # else its window is deleted with the last name for it
        QApplication.instance().processEvents()

    return choose, drawn, work


def wait_for(drawn, work):
    """Let a program work until it has drawn, and whatever else it wants to at once."""
    end = time.perf_counter() + LONGEST_S
    while not drawn:
        if time.perf_counter() > end:
            raise TimeoutError("nothing was drawn")
        work()


def main():
    choose, drawn, work = {"napari": napari, "glue": glue}[sys.argv[1]](sys.argv[2])
    wait_for(drawn, work)
    shown = time.time()
    times = []
    for channel in range(2, 2 + STEPS):
        drawn.clear()
        begin = time.perf_counter()
        choose(channel)
        wait_for(drawn, work)
        times.append(time.perf_counter() - begin)
    sys.stdout.write(f"{shown} {1000 * statistics.median(times)}\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
