"""The middle of the window: the start page, a first look at what is being opened, or the views."""

from PyQt6.QtWidgets import QStackedWidget, QWidget

from cubeview.gui.desk.opening import Opening
from cubeview.gui.desk.session import Session
from cubeview.gui.shell.previewpage import PreviewPage


class Pages(QStackedWidget):
    """Shows one of three pages, as the session and the opening of files have it."""

    def __init__(
        self, session: Session, opening: Opening, start_page: QWidget, views: QWidget
    ) -> None:
        super().__init__()
        self._session, self._opening = session, opening
        self._start_page, self._views = start_page, views
        self.preview_page = PreviewPage()
        for page in (start_page, self.preview_page, views):
            self.addWidget(page)
        session.case_changed.connect(self._choose)
        opening.preview_changed.connect(self._choose)
        self._choose()

    def _choose(self) -> None:
        preview = self._opening.preview
        # An open case keeps its place: keys that label it must not meet the picture of another.
        if self._session.case is not None:
            self.setCurrentWidget(self._views)
        elif preview is not None:
            self.preview_page.show_plane(preview)
            self.setCurrentWidget(self.preview_page)
        else:
            self.setCurrentWidget(self._start_page)
