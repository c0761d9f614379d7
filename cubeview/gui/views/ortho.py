"""The central area: all views of the current case, laid out for its kind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QSplitter, QSplitterHandle, QVBoxLayout, QWidget

from cubeview.cubes.case import Case
from cubeview.gui.desk.display import default_display, follow_ventricles
from cubeview.gui.desk.jobs import Jobs
from cubeview.gui.desk.session import Session
from cubeview.gui.views.bar import BarView
from cubeview.gui.views.canvas import PlaneCanvas
from cubeview.gui.views.gates import GateView
from cubeview.gui.views.picture import PictureView
from cubeview.gui.views.plot import Plot
from cubeview.gui.views.profile import ProfileView
from cubeview.gui.views.rows import RowsView
from cubeview.gui.views.slice import SliceView
from cubeview.gui.views.spectrum import SpectrumView
from cubeview.gui.views.view import CaseView
from cubeview.gui.widgets.layout import beside
from cubeview.gui.widgets.teardown import forgive_items_that_are_gone
from cubeview.kinds import kind_of

forgive_items_that_are_gone()

_CINE_MS = 80
_APERTURE_PX = 5.0
_P = TypeVar("_P", bound=CaseView)
_ACROSS, _DOWN = Qt.Orientation.Horizontal, Qt.Orientation.Vertical


@dataclass(frozen=True)
class View:
    """A view beside the slices, of the cases it suits; `make` makes it for the current one."""

    suits: Callable[[Case], bool]
    make: Callable[[Session, Jobs], CaseView]


def _is_spectral(case: Case) -> bool:
    return len(case.roles) == 1 and case.main.axes[0].kind == "spectral"


VIEWS = (
    View(_is_spectral, SpectrumView),
    View(
        lambda case: not _is_spectral(case) and not kind_of(case).flat,
        lambda session, jobs: ProfileView(session),
    ),
    View(lambda case: bool(case.gates) and not _is_spectral(case), GateView),
)


class OrthoView(QWidget):
    """Three linked slices of each cube of the current case, and the views that suit it.

    Sky cubes: the sky plane to the left, both spectral planes to the right, the others below.
    Heart pairs: stress above rest, the others below. Pictures: one view of all bands. Other cubes:
    two rows of two. Without a case it is empty.
    """

    playing_changed = pyqtSignal(bool)  # cine started or stopped
    beating_changed = pyqtSignal(bool)  # the film of a gated scan started or stopped
    pointed = pyqtSignal(str)  # what lies under the mouse, in words; empty once it has left

    def __init__(self, session: Session, table: Sequence[View] = VIEWS) -> None:
        super().__init__()
        self.session, self._table = session, table
        # Lanes of its own: a plane must not wait for a network.
        self.jobs = Jobs(self)
        self.slices: list[SliceView] = []
        self.focused: SliceView | None = None
        self.in_rows = False
        self._parts: list[CaseView] = []
        self._root: QWidget | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._cine = QTimer(self)
        self._cine.setInterval(_CINE_MS)
        self._cine.timeout.connect(self._play_one)
        session.case_left.connect(self._clear)
        session.case_changed.connect(self._build)
        session.ventricles_changed.connect(self._take_ventricles)
        session.ventricle_placed.connect(self._take_ventricles)
        self._build()

    @property
    def playing(self) -> bool:
        """True while the slices run."""
        return self._cine.isActive()

    def play(self, on: bool) -> None:
        """Run through the planes of the view in use, again and again."""
        on = on and bool(self.slices)
        if on != self.playing:
            self._cine.start() if on else self._cine.stop()
            self.playing_changed.emit(on)

    def beat(self, on: bool) -> None:
        """Run through the gates of a gated scan, again and again."""
        for gates in self._find(GateView):
            gates.play(on)

    def show_rows(self, on: bool) -> None:
        """Hang hearts in rows of slices, or in planes again."""
        if on == self.in_rows:
            return
        self.in_rows = on
        if self.session.case is not None and kind_of(self.session.case).ventricle:
            self.renew()

    def renew(self) -> None:
        """Make the views anew, for letters of another size."""
        if self.session.case is not None:
            self._clear()
            self._build()

    def toggle_aperture(self) -> None:
        """Show the spectrum of a circle around the cursor, or of its voxel again."""
        if self._find(SpectrumView):
            self.session.set_aperture(0.0 if self.session.aperture else _APERTURE_PX)

    def toggle_mean(self) -> None:
        """Make the mean of the aperture, or the sum again."""
        how = self.session.aperture_how
        self.session.set_aperture(self.session.aperture, "sum" if how == "mean" else "mean")

    def toggle_white(self) -> None:
        """Show the mean of all channels on the sky, or a channel again."""
        if self._find(SpectrumView):
            self.session.set_white(not self.session.white)

    def take_keys(self) -> None:
        """Give the keyboard to the view in use; to nothing where there is none."""
        if self.focused is not None:
            self.focused.canvas.setFocus()
        elif spectra := self._find(SpectrumView):
            spectra[0].plot.setFocus()
        elif rows := self._find(RowsView):
            rows[0].setFocus()
        elif (held := self._holder()) is not None:
            held.clearFocus()

    def answer(self, event: QKeyEvent) -> None:
        """Answer a key that nothing else has, and take the keyboard."""
        self.take_keys()
        if self.focused is not None:
            self.focused.canvas.keyPressEvent(event)
        elif rows := self._find(RowsView):
            rows[0].keyPressEvent(event)

    def _holder(self) -> QWidget | None:
        """Return what has the keyboard in this window, whether or not the window is in use."""
        window = self.window()
        return None if window is None else window.focusWidget()

    @property
    def role(self) -> str:
        """The state whose view or row is in use."""
        assert self.session.case is not None
        if self.focused is not None:
            return self.focused.role
        rows = [view for view in self._find(RowsView) if view.strips]
        return rows[0].in_use.role if rows else self.session.case.roles[0]

    def fit(self) -> None:
        """Fit all views: the slices, and the curves beside them."""
        for view in self.slices:
            view.canvas.fit()
        for rows in self._find(RowsView):
            rows.fit()
        for plot in self.findChildren(Plot):
            if plot.box.linkedView(0) is None:  # another follows the one it is tied to
                plot.fit()

    def follow_now(self) -> None:
        """Draw what the session says without waiting for the next frame."""
        for part in self._parts:
            part.follow_now()

    @property
    def canvases(self) -> list[QWidget]:
        """The drawing areas of all views."""
        return [*self.findChildren(PlaneCanvas), *self.findChildren(Plot)]

    def stop(self) -> None:
        """End cine and reading; call before the window closes."""
        self._clear()
        self.jobs.close()

    def _take_ventricles(self) -> None:
        if not self.session.held:  # the brightness of the picture does not follow a drag
            follow_ventricles(self.session)
            if not self.session.adjusting:
                self._go_to_ventricle()

    def _go_to_ventricle(self) -> None:
        """Put the cursor into the ventricle if the user has gone nowhere yet."""
        session, case = self.session, self.session.case
        if case is None or case.roles[0] not in session.ventricles:
            return
        z, y, x = case.main.shape
        if session.cursor == (z // 2, y // 2, x // 2):
            session.set_cursor(*(session.ventricles[case.roles[0]].centre / case.main.spacing))

    def _play_one(self) -> None:
        if self.focused is not None:
            self.focused.wrap_step()

    def note_zoom(self) -> None:
        """Write down what the views show, with the case they show."""
        zoom = self.session.shown.zoom
        zoom.clear()
        for name, view in self._ranges().items():
            if not view.fitted:
                (left, right), (low, high) = view.box.viewRange()
                zoom[name] = left, right, low, high

    def _take_zoom(self) -> None:
        """Show what the views of this case showed when they were left."""
        views = self._ranges()
        for name, (left, right, low, high) in self.session.shown.zoom.items():
            view = views.get(name)
            if isinstance(view, Plot):
                view.show_across(left, right)
            elif view is not None:
                view.show_part(left, right, low, high)

    def _ranges(self) -> dict[str, PlaneCanvas | Plot]:
        """Return the drawing areas that can be zoomed, by names that last."""
        views: dict[str, PlaneCanvas | Plot] = {
            f"{view.role} {view.axis}": view.canvas for view in self.slices
        }
        views.update({f"spectrum {n}": v.plot for n, v in enumerate(self._find(SpectrumView))})
        return views

    def _clear(self) -> None:
        self.note_zoom()
        self.play(False)
        if (held := self._holder()) is not None and self.isAncestorOf(held):
            held.clearFocus()  # the next views get the keyboard back, and no panel meanwhile
        for part in self._parts:
            part.stop()
        self._parts, self.slices, self.focused = [], [], None
        if self._root is not None:
            self._layout.removeWidget(self._root)
            self._root.hide()
            self._root.deleteLater()
            self._root = None

    def _build(self) -> None:
        case = self.session.case
        if case is None:
            return
        if self.session.display.levels is None:
            self.session.set_display(**default_display(case, self.session))
        else:  # the ventricle may have been found while another case was shown
            follow_ventricles(self.session)
        self._go_to_ventricle()
        role = case.roles[0]
        if self.in_rows and kind_of(case).ventricle:
            self._root = self._hung(case)
        elif kind_of(case).flat:
            picture = self._slice_view(PictureView(self.session, self.jobs))
            self._root = beside(picture, self._bar(role))
        elif len(case.roles) > 1:
            rows = [self._row(role) for role in case.roles]
            self._root = _split(_DOWN, [*rows, self._others(case)], [6] * len(rows) + [3])
            _share_zoom(self.slices)
        elif case.main.shape[1:] == (1, 1):  # a single spectrum has no slices
            self._root = self._others(case)
        elif _is_spectral(case):
            right = _split(_DOWN, [self._slice(role, 2), self._slice(role, 1)], [1, 1])
            top = _split(_ACROSS, [self._slice(role, 0), right], [1, 1])
            self._root = _split(_DOWN, [beside(top, self._bar(role)), self._others(case)], [7, 4])
            planes = [view.canvas for view in self.slices if view.axis != 0]
            _share_range([*planes, *(view.plot for view in self._find(SpectrumView))])
        elif case.main.shape[0] == 1:  # across a single plane there is nothing to see
            main = beside(self._slice(role, 0), self._bar(role))
            self._root = _split(_DOWN, [main, self._others(case)], [7, 3])
        else:
            top = _split(_ACROSS, [self._slice(role, 0), self._slice(role, 2)], [1, 1])
            low = _split(_ACROSS, [self._slice(role, 1), self._others(case)], [1, 1])
            self._root = beside(_split(_DOWN, [top, low], [1, 1]), self._bar(role))
        self._layout.addWidget(self._root)
        self._take_zoom()
        if self.slices:
            self._use(min(self.slices, key=lambda view: view.axis))
        if self._holder() is None:
            self.take_keys()

    def _hung(self, case: Case) -> QWidget:
        """Return the rows with a colour bar for each state, and the gates where there are any."""
        bars = _split(_DOWN, [self._bar(role) for role in case.roles], [1] * len(case.roles))
        hung = beside(self._add(RowsView(self.session, self.jobs)), bars)
        if not case.gates:
            return hung
        gates = self._add(GateView(self.session, self.jobs))
        gates.playing_changed.connect(self.beating_changed)
        return _split(_DOWN, [hung, gates], [8, 2])

    def _others(self, case: Case) -> QWidget:
        """Return the views beside the slices that suit the case."""
        made = [self._add(e.make(self.session, self.jobs)) for e in self._table if e.suits(case)]
        for gates in self._find(GateView):
            gates.playing_changed.connect(self.beating_changed)
        return made[0] if len(made) == 1 else _split(_ACROSS, made, [1] * len(made))

    def _find(self, kind: type[_P]) -> list[_P]:
        return [part for part in self._parts if isinstance(part, kind)]

    def _row(self, role: str) -> QWidget:
        views = [self._slice(role, axis) for axis in (0, 2, 1)]
        return beside(_split(_ACROSS, views, [1, 1, 1]), self._bar(role))

    def _bar(self, role: str) -> BarView:
        return self._add(BarView(self.session, role))

    def _slice(self, role: str, axis: int) -> SliceView:
        return self._slice_view(SliceView(self.session, role, axis, self.jobs))

    def _slice_view(self, view: SliceView) -> SliceView:
        view.activated.connect(lambda: self._use(view))
        view.enlarged.connect(lambda: self._enlarge(view))
        self.slices.append(view)
        return self._add(view)

    def _add(self, part: _P) -> _P:
        self._parts.append(part)
        part.pointed.connect(self.pointed)
        return part

    def _use(self, view: SliceView) -> None:
        self.focused = view
        for other in self.slices:
            other.title.set_active(other is view)

    def _enlarge(self, view: SliceView) -> None:
        """Give one view the whole area, or give it back."""
        self._use(view)
        self.take_keys()
        others = [part for part in self._parts if part is not view and part.parent() is not None]
        hide = any(part.isVisible() for part in others if isinstance(part, SliceView))
        for part in others:
            mine = isinstance(part, BarView) and part.role == view.role
            part.setVisible(mine or not hide)
        if self._root is not None:
            _close_up(self._root)


def _close_up(part: QWidget) -> bool:
    """Hide what holds no view that is shown, which would keep its share of the room; else show."""
    if isinstance(part, CaseView | QSplitterHandle):
        return isinstance(part, CaseView) and not part.isHidden()
    direct = Qt.FindChildOption.FindDirectChildrenOnly
    filled = any([_close_up(inner) for inner in part.findChildren(QWidget, options=direct)])
    part.setVisible(filled)
    return filled


def _share_range(canvases: Sequence[PlaneCanvas | Plot]) -> None:
    """Let views of one spectral axis show the same part of it."""
    for one in canvases:
        for other in canvases:
            if other is not one:
                one.ranged.connect(other.show_across)


def _share_zoom(views: Sequence[SliceView]) -> None:
    """Let views of one plane show the same part of the heart in each state."""
    for one in views:
        for other in views:
            if other is not one and other.axis == one.axis:
                one.canvas.ranged.connect(partial(_follow_zoom, one.canvas, other.canvas))


def _follow_zoom(canvas: PlaneCanvas, other: PlaneCanvas, *_: float) -> None:
    other.show_like(canvas)


def _split(way: Qt.Orientation, parts: Sequence[QWidget], shares: list[int]) -> QSplitter:
    splitter = QSplitter(way)
    splitter.setChildrenCollapsible(False)
    splitter.setHandleWidth(6)
    for part, share in zip(parts, shares, strict=True):
        splitter.addWidget(part)
        splitter.setStretchFactor(splitter.count() - 1, share)
    splitter.setSizes([1000 * share for share in shares])
    return splitter
