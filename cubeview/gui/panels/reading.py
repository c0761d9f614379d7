"""The Reading panel: a heart's polar maps in 17 segments, their scores, and the sums of them."""

from functools import partial

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import QPushButton, QSpinBox, QWidget

from cubeview.cubes.scores import SEGMENTS, WORST, Scores, percent
from cubeview.gui.desk.jobs import Jobs
from cubeview.gui.desk.labelling import Labelling
from cubeview.gui.desk.records import Records
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.still import AtRest
from cubeview.gui.desk.subject import Subject
from cubeview.gui.panels import discpictures
from cubeview.gui.panels.against import Read, read
from cubeview.gui.panels.polardiscs import PolarDiscs
from cubeview.gui.widgets.basic import button, chooser, label, offer, rule, say, steady
from cubeview.gui.widgets.layout import column, put, row
from cubeview.kinds import kind_of
from cubeview.library.scored import scored
from cubeview.measure.heart import disc
from cubeview.measure.heart.measured import LOW, TID_SPREAD, Measured
from cubeview.measure.heart.segments import NAMES, place_of, voxel_of

_WORDS = ("normal", "mildly reduced", "moderately reduced", "severely reduced", "absent")
_UPTAKE, _SCORES, _NORMAL, _MAP = "uptake", "scores", "normal", "map"
_SHOWN = {
    _UPTAKE: "% of the largest counts",
    _SCORES: "Scores",
    _NORMAL: "Against healthy hearts",
    _MAP: "Network's map",
}
_ON_THE_WALL = 0.4, 1.3
"""Depths between which a cursor lies on the wall, or nearly."""
_SOON_MS = 60


class ReadingPanel(QWidget):
    """Polar maps of both states and their difference, the reader's scores, and their sums.

    Measured in the quick lane when the ventricles are known, and only while somebody may see it.
    """

    def __init__(
        self,
        session: Session,
        jobs: Jobs,
        records: Records,
        subject: Subject,
        labelling: Labelling,
    ) -> None:
        super().__init__()
        self._session, self._jobs, self._records = session, jobs, records
        self._subject, self._labelling = subject, labelling
        self._read_as: Read | None = None
        self._for: tuple[object, ...] = ()
        self._trouble = self._worn = ""
        self._own = Scores()
        self.shown = chooser("Shown in the segments", "What the segments are filled with")
        offer(self.shown, _SHOWN)
        self.shown.activated.connect(self._draw)
        self.discs = PolarDiscs()
        self.place = label("", "dim")
        self.keys = [self._score_button(score) for score in range(WORST + 1)]
        tip = "Take this score back (Delete)"
        self.clear_button = button("✕", self._clear, tip, "quiet", name="Take this score back")
        self.take_button = button("", self._accept, part="quiet")
        self.take_button.hide()  # until there is something to take
        self.state = label("", "dim")
        self.low = steady(QSpinBox())
        self.low.setRange(10, 95)
        self.low.setSingleStep(5)
        self.low.setValue(round(LOW))
        self.low.setSuffix(" %")
        self.low.setAccessibleName("Level below which the wall counts as low")
        self.low.setToolTip("% of the largest counts; how much of the wall lies below it")
        self.low.valueChanged.connect(self._count)
        self.extent = label()
        self.others = label("", "dim")
        self.cautions = label("", "dim")
        self.problem = label("", "warn")
        put(
            column(self),
            self.problem,
            self.shown,
            (self.discs, 1),
            self.place,
            row(*[(made, 1) for made in self.keys], self.clear_button),
            self.take_button,
            self.state,
            self.others,
            rule(),
            row(label("Low: below", "dim", wrap=False), self.low, None),
            self.extent,
            self.cautions,
        )
        self._soon = AtRest(self._measure, self, _SOON_MS)
        self._connect()
        self._measure()

    def take_keys(self) -> None:
        """Give the keyboard to the segments."""
        self.discs.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Measure what has been opened meanwhile."""
        super().showEvent(event)
        self._soon.start()

    def _connect(self) -> None:
        session, discs = self._session, self.discs
        for signal in (
            session.case_changed,
            session.ventricles_changed,
            session.ventricle_placed,
        ):
            signal.connect(self._soon.start)
        session.case_changed.connect(self._forget)
        session.cursor_changed.connect(self._follow)
        session.display_changed.connect(self._dress)
        session.overlay_changed.connect(self._draw)
        for signal in (self._subject.changed, self._records.blind_changed):
            signal.connect(self._read)
        discs.scored.connect(self._score)
        discs.cleared.connect(self._clear)
        discs.accepted.connect(self._accept)
        discs.walked.connect(self._walked)
        discs.picked.connect(self._picked)
        discs.refused.connect(self._records.say)
        # Written down after the picture is finished, not while it is painted.
        discs.painted.connect(AtRest(self._seen, self).start)

    def _forget(self) -> None:
        self._take(None, "")
        self.discs.segment = 1

    def _measure(self) -> None:
        """Measure the current heart in the quick lane, unless that is done."""
        session, case = self._session, self._session.case
        if not self.isVisible() or session.held:
            return
        if case is None or not kind_of(case).ventricle:
            self._take(None, "Open a heart to read it.")
            return
        known = {role: found for role in case.roles if (found := session.ventricles.get(role))}
        if not known:
            self._take(None, "The left ventricle has not been found yet: adjust it, or find it.")
            return
        wanted = (case, *known.values())  # values without equality: the very ellipsoids
        if wanted == self._for:
            self._read()
            return
        self._for = wanted

        self._jobs.start(
            "reading",
            "Measuring the heart",
            lambda job: read(case, known, job.report),
            finished=lambda found: self._take(found, "", wanted),
            failed=lambda why: self._take(None, why, wanted),
        )

    def _take(self, made: Read | None, trouble: str, made_for: tuple[object, ...] = ()) -> None:
        self._read_as, self._trouble, self._for = made, trouble, made_for
        self._read()
        self._follow()

    def _read(self) -> None:
        """Read the scores of the library again."""
        self._own = self._labelling.scores if self.measured is not None else Scores()
        self._draw()
        self._tell()

    @property
    def measured(self) -> Measured | None:
        """What is measured of the current heart; None while nothing is."""
        return None if self._read_as is None else self._read_as.found

    @property
    def suggests(self) -> bool:
        """True where the reader may see what the program suggests: not blind, or once asked for."""
        return not self._records.blind or self._labelling.suggestion_seen

    @property
    def scores(self) -> Scores:
        """The reader's scores, with those suggested where there are none and they may be seen."""
        found = self.measured
        if found is None:
            return Scores()
        if self.suggests:
            return self._own.filled(found.scores)
        return self._own.filled(Scores({role: (None,) * SEGMENTS for role in found.maps}))

    def _dress(self) -> None:
        """Follow the colour map; levels are the slices' own."""
        if self._session.display.colormap != self._worn:
            self._draw()

    def _draw(self) -> None:
        made, session, case = self._read_as, self._session, self._session.case
        found = self.measured
        overlay, shown = session.overlay, self.shown.currentData()
        colormap = self._worn = session.display.colormap
        if found is None or case is None:
            self.discs.set_discs(())
        elif shown == _SCORES:
            self.discs.set_discs(discpictures.scored(found, colormap, self._own, self.scores))
        elif shown == _MAP and overlay is not None:
            self.discs.set_discs(discpictures.looked_at(found, overlay, case, session.ventricles))
        elif shown == _NORMAL and made is not None and made.deviations:
            self.discs.set_discs(discpictures.deviating(made.deviations))
        else:
            self.discs.set_discs(discpictures.uptake(found, colormap))
        trouble = self._trouble
        if made is not None and shown == _NORMAL:
            trouble = made.without
        if found is not None and shown == _MAP and overlay is None:
            trouble = "There is no map yet: make one in the Explain panel."
        say(self.problem, trouble)

    def _tell(self) -> None:
        """Say what the scores add up to, and how far they are the reader's own."""
        found, scores = self.measured, self.scores
        objection = self._subject.objection
        for widget in (*self.keys, self.clear_button, self.take_button):
            widget.setEnabled(found is not None and not objection)
        if found is None:
            for words in (self.state, self.others, self.extent, self.cautions):
                say(words, "")
            self.discs.set_words("")
            self._name_place()
            return
        total = SEGMENTS * len(found.maps)
        sums = (("SSS", scores.sss), ("SRS", scores.srs), ("SDS", scores.sds))
        lines = [f"{name} {n} ({percent(n):.0f} %)" for name, n in sums if n is not None]
        if scores.open == total:
            lines = ["Nothing is", "scored yet"]
        elif scores.open:
            lines.append("so far")
        if found.tid is not None:
            lines += ["", f"TID {found.tid:.2f} ± {TID_SPREAD:.2f}"]
        self.discs.set_words("\n".join(lines))
        own = total - Scores({role: self._own.states.get(role, (None,) * SEGMENTS)
                              for role in found.maps}).open  # fmt: skip
        rest = "suggested, in brackets" if self.suggests else "open"
        if own == total:
            say(self.state, "✓ All segments scored by you", "good")
        else:
            say(self.state, f"{own} of {total} segments scored by you, the others {rest}", "dim")
        say(self.take_button, "" if own == total else self._offer())
        self._compare(own == total)
        say(self.cautions, "\n".join(f"⚠ {one}" for one in found.cautions))
        self._count()
        self._name_place()

    def _offer(self) -> str:
        return "Take what is suggested  ⏎" if self.suggests else "Show what is suggested  ⏎"

    def _compare(self, complete: bool) -> None:
        """Say what other readers gave, once that cannot sway this one."""
        number, library = self._subject.case_id, self._records.library
        lines = []
        if number is not None and library is not None and (complete or not self._records.blind):
            for reader, theirs in scored(library, number).items():
                if reader == self._records.reader:
                    continue
                sums = (("SSS", theirs.sss), ("SRS", theirs.srs), ("SDS", theirs.sds))
                said = ", ".join(f"{name} {n}" for name, n in sums if n is not None)
                apart = sum(
                    a is not None and b is not None and a != b
                    for role in self._own.states.keys() & theirs.states.keys()
                    for a, b in zip(self._own.states[role], theirs.states[role], strict=True)
                )
                lines.append(f"{reader}: {said}; {apart} segments scored otherwise than by you")
        say(self.others, "\n".join(lines))

    def _count(self) -> None:
        """Say how much of the wall lies below the level."""
        made, found, level = self._read_as, self.measured, float(self.low.value())
        if made is None or found is None:
            return
        lines = []
        for role, one in found.maps.items():
            share, ml, deficit = one.below(level)
            lines.append(
                f"{role}: {share:.0f} % of the wall, {ml:.0f} ml"
                + (f", by {deficit:.0f} points on average" if share else "")
            )
        say(self.extent, "\n".join([*lines, *made.words]))

    def _name_place(self) -> None:
        found, (role, segment) = self.measured, (self.discs.role, self.discs.segment)
        scores = self.scores.states.get(role)
        if found is None or scores is None:
            say(self.place, "")
            return
        score = scores[segment - 1]
        given = self._own.states.get(role, (None,) * SEGMENTS)[segment - 1]
        figure = f"({score})" if given is None else str(score)  # in brackets as on the disc
        words = "not scored" if score is None else f"score {figure}, {_WORDS[score]}"
        text = f"{role} {segment}, {NAMES[segment - 1]}: {found.segments[role][segment - 1]:.0f} %"
        say(self.place, f"{text} · {words}")
        self.discs.setAccessibleDescription(f"{self.place.text()}. {self.discs.words}")
        for number, made in enumerate(self.keys):
            made.setChecked(number == given)

    def _walked(self, role: str, segment: int) -> None:
        """Go with the cursor where the keys went."""
        self._go(role, *disc.middle(segment))
        self._name_place()

    def _picked(self, role: str, right: float, down: float) -> None:
        self.discs.setFocus(Qt.FocusReason.MouseFocusReason)
        self._go(role, right, down)
        self._name_place()

    def _go(self, role: str, right: float, down: float) -> None:
        """Put the cursor into the wall at a place of a disc."""
        session, case, found = self._session, self._session.case, self.measured
        if case is None or found is None or role not in session.ventricles:
            return
        place = disc.place_under(right, down, disc.ends(found.maps[role]))
        if place is None:
            return
        kept = self.discs.role, self.discs.segment
        voxel = voxel_of(session.ventricles[role], case.cubes[role].spacing, *place)
        session.set_cursor(*session.from_role(role, voxel))
        self.discs.choose(*kept)  # the nearest voxel may lie in the segment beside it

    def _follow(self) -> None:
        """Mark where the cursor is, and its segment."""
        session, case, found = self._session, self._session.case, self.measured
        main = "" if case is None else case.roles[0]
        known = session.ventricles.keys() & (found.maps.keys() if found is not None else ())
        if case is None or found is None or main not in known:
            self.discs.set_cross(None)
            return
        where = session.ventricles[main], case.main.spacing, session.cursor
        up, turn, depth = place_of(*where)
        least, most = _ON_THE_WALL
        if not (0 <= up <= 1 and least <= depth <= most):
            self.discs.set_cross(None)
            return
        at = disc.place_on(up, turn, disc.ends(found.maps[main]))
        self.discs.set_cross(at)
        if (segment := disc.segment_at(*at)) != self.discs.segment:
            self.discs.choose(self.discs.role, segment)
            self._name_place()

    def _score(self, score: int) -> None:
        """Give the segment chosen a score; it is on disk when this returns."""
        self._give(self._own.changed(self.discs.role, self.discs.segment, score))

    def _clear(self) -> None:
        self._give(self._own.changed(self.discs.role, self.discs.segment, None))

    def _accept(self) -> None:
        """Show what is suggested; where it is shown, take it for all that is open."""
        if self.measured is None:
            return
        if self.suggests:
            self._give(self._own.filled(self.measured.scores))
        else:
            self._labelling.note_suggestion()
            self.shown.setCurrentIndex(self.shown.findData(_SCORES))
            self._read()

    def _give(self, scores: Scores) -> None:
        if self.measured is None or not self.discs.role:
            return
        if self.suggests:
            self._labelling.note_suggestion()
        self.shown.setCurrentIndex(self.shown.findData(_SCORES))
        self._labelling.score(scores)
        self._read()

    def _seen(self) -> None:
        """Note that what is suggested was seen, where it is shown without being asked for."""
        if self.measured is not None and self.suggests:
            self._labelling.note_suggestion()

    def _score_button(self, score: int) -> QPushButton:
        tip = f"{_WORDS[score].capitalize()} ({score})"
        made = button(str(score), partial(self._score, score), tip)
        made.setCheckable(True)
        made.setMinimumWidth(28)
        return made
