"""What progress pages and documents are made from, read once: visits, series, treatments, noise, pairs of pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from analysis import comparing
from analysis.by_hand import UNTOUCHED, ByHand
from analysis.models import Comparison
from analysis.noise import NoiseBook, device_of, noise_book
from patients.models import Patient, Photo
from patients.selectors import first_takes
from reports.content import Picture
from reports.progress.series import SESSION, Course, Series, Visit, courses_of, place_order, series_of, visits_of
from reports.selectors import reports_of, reviews_behind
from reports.services.rendering import frozen_content
from reviews.by_hand import by_hand_of
from reviews.judging import Judgement, Pairing, Standing, judge
from vision.registration import ComparisonReason
from vision.repeatability import Noise
from vision.types import Metric, NotMeasurable, View

_OTHER_VIEWS = Pairing(Standing.NOT_COMPARABLE, ComparisonReason.OTHER_VIEW.value)
Place = tuple[str, str]
"""View and trichoscopy site."""


@dataclass(frozen=True)
class Progress:
    """One patient's signed past. ``photos``: per visit the photograph of each place that counts."""

    patient: Patient
    visits: tuple[Visit, ...]
    series: tuple[Series, ...]
    courses: tuple[Course, ...]
    photos: tuple[Mapping[Place, Photo], ...]
    _pairs: dict[tuple[UUID, UUID], Comparison | None] = field(default_factory=dict)

    @property
    def places(self) -> tuple[Place, ...]:
        """Views and sites that have a photograph or a value, in the order of the protocol."""
        found = {place for taken in self.photos for place in taken} | {one.key.place for one in self.series}
        return tuple(sorted(found - {(SESSION, "")}, key=place_order))

    def series_at(self, place: Place) -> tuple[Series, ...]:
        return tuple(one for one in self.series if one.key.place == place)

    @cached_property
    def _noise(self) -> NoiseBook:
        return noise_book(self.patient.pk)

    def noise(self, series: Series) -> Noise | NotMeasurable | None:
        """How much a number of this patient varies by itself."""
        key = series.key
        if key.metric not in set(Metric):
            return None
        view = View(key.view) if key.view in set(View) else None
        photo = next((taken[key.place] for taken in reversed(self.photos) if key.place in taken), None)
        device = device_of(photo.capture or {}) if photo is not None else None
        return self._noise.noise_for(self.patient.pk, Metric(key.metric), view, device)

    def load_pairs(self, wanted: Iterable[tuple[int, int]]) -> None:
        """Read the comparisons between these visits, all places at once."""
        pairs = [
            self.inputs(place, then, now)
            for then, now in wanted
            for place in self.photos[then].keys() & self.photos[now].keys()
        ]
        new = {one.pair: one for one in pairs if one is not None and one.pair not in self._pairs}
        found = comparing.newest_of(new.values()) if new else {}
        self._pairs.update({pair: found.get(pair) for pair in new})

    def inputs(self, place: Place, then: int, now: int) -> comparing.Inputs | None:
        """The photographs of a place at two visits, with outlines and scales as they were signed; None without both."""
        first, later = self.photos[then].get(place), self.photos[now].get(place)
        if first is None or later is None:
            return None
        said = self._by_hand
        return comparing.Inputs(first, later, said.get(first.pk, UNTOUCHED), said.get(later.pk, UNTOUCHED))

    @cached_property
    def _by_hand(self) -> Mapping[UUID, ByHand]:
        return by_hand_of(reviews_behind(visit.report_id for visit in self.visits))

    def comparison(self, place: Place, then: int, now: int) -> Comparison | None:
        """The comparison of one place between two visits, in whatever state."""
        first, later = self.photos[then].get(place), self.photos[now].get(place)
        if first is None or later is None:
            return None
        self.load_pairs([(then, now)])
        return self._pairs.get((first.pk, later.pk))

    def pairing(self, place: Place, then: int, now: int) -> Pairing:
        """How the two photographs of a place stand to each other."""
        if place == (SESSION, ""):
            same = self.visits[then].content.views == self.visits[now].content.views
            return Pairing(Standing.NOT_NEEDED) if same else _OTHER_VIEWS
        if place not in self.photos[then] or place not in self.photos[now]:
            return Pairing(Standing.NO_PHOTO)
        row = self.comparison(place, then, now)
        if row is None or row.status in (Comparison.Status.FAILED, Comparison.Status.CANCELLED):
            return Pairing(Standing.UNPROVEN)
        if row.status != Comparison.Status.DONE:
            return Pairing(Standing.PENDING)
        if row.not_comparable:
            return Pairing(Standing.NOT_COMPARABLE, row.not_comparable)
        return Pairing(Standing.COMPARABLE)

    def judgement(self, series: Series, then: int, now: int) -> Judgement | None:
        """The change of a number between two visits; None where one of them has no value."""
        first, later = series.at(then), series.at(now)
        if first is None or later is None:
            return None
        pairing = self.pairing(series.key.place, then, now)
        takes = first.takes, later.takes
        return judge(series.key.metric, first.value, later.value, self.noise(series), pairing, takes=takes)

    def picture(self, visit: int, place: Place) -> Picture | None:
        """The frozen picture of a place in the signed report of a visit."""
        photo = self.photos[visit].get(place)
        pictures = self.visits[visit].content.pictures
        return next(
            (one for one in pictures if photo is not None and one.photo_id == str(photo.pk) and one.kind == "photo"),
            None,
        )


def progress_of(patient: Patient) -> Progress:
    """Everything signed about a patient whose scope the caller has checked. A fixed number of queries."""
    reports = reports_of(patient.pk)
    visits = visits_of((row.pk, frozen_content(row), hasattr(row, "superseded_by")) for row in reports)
    taken: dict[str, list[Photo]] = {}
    rows = Photo.objects.present().filter(session_id__in=[visit.session_id for visit in visits])
    for photo in rows.select_related("session__patient__clinic").order_by("created_at", "pk"):
        taken.setdefault(str(photo.session_id), []).append(photo)
    photos = tuple(
        {(photo.view, photo.site): photo for photo in first_takes(taken.get(visit.session_id, []))} for visit in visits
    )
    return Progress(
        patient=patient,
        visits=visits,
        series=series_of(visits),
        courses=courses_of(visits),
        photos=photos,
    )
