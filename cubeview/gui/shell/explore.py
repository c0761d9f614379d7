"""What the window does to explore cases and to try answers: actions, and what follows from them."""

from collections.abc import Callable
from functools import partial

from PyQt6.QtCore import Qt

from cubeview.gui.desk.desk import Desk
from cubeview.gui.panels.explore import ExplorePanel
from cubeview.gui.shell.docks import Docks


def handlers(desk: Desk, docks: Docks) -> dict[str, Callable[..., object]]:
    """Return what each action does."""
    panel: ExplorePanel = docks.panels["explore"]

    def show() -> None:
        docks.show_high("explore")
        if desk.exploring.space is None:
            panel.look()
        panel.take_keys()

    def more_like_this() -> None:
        ask = partial(desk.looking.more_like_this, on_screen=True)
        if desk.exploring.space is None:
            once = Qt.ConnectionType.SingleShotConnection
            desk.exploring.space_changed.connect(ask, once)  # type: ignore[call-arg]
            show()
        else:
            show()
            ask()

    return {
        "explore": show,
        "more_like_this": more_like_this,
        "try_answer": docks.panels["classify"].try_answer,
    }
