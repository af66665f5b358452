"""The capture page and the photos on it, each with its quality in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from patients import selectors
from patients.capture_protocol import (
    CARD_ADVICE,
    CARD_READ,
    CARD_UNCHECKED,
    GUIDES,
    QUALITY_ADVICE,
    RETAKE_ADVICE,
    SITE_LABELS,
    Advice,
    RetakeReason,
    TrichoscopySite,
    ViewGuide,
    guide,
    other_view_advice,
)
from patients.models import Photo, PhotoSession
from patients.repeats import TakeState, take_state
from vision.quality import thresholds_for
from vision.types import QualityCheck, Reason, View

POSES: Final = {View.CROWN: "down", View.PART: "down", View.TRICHOSCOPY: ""}
"""How the lens looks; the other views are taken upright."""

OUT_OF_SIGHT: Final = (View.CROWN, View.PART, View.OCCIPUT)
"""Views in which one cannot see the screen: the timer is set."""

TIMERS_S: Final = (0, 3, 10)


@dataclass(frozen=True, slots=True)
class CardNote:
    """What became of a calibration card in a photo."""

    good: bool
    words: str
    cure: str = ""
    url: str = ""  # where its print is checked


@dataclass(frozen=True, slots=True)
class PhotoTile:
    """One photo with its quality in words."""

    id: UUID
    name: str
    src: str
    href: str
    remove_url: str
    good: bool
    advice: tuple[Advice, ...]
    hints: tuple[Advice, ...]  # good enough, and worth knowing
    created_at: datetime
    card: CardNote | None

    @property
    def problems(self) -> str:
        """What is wrong with it, or could be better, without what to do: for a photo that was sent."""
        return " ".join(str(one.problem) for one in (*self.advice, *self.hints))


@dataclass(frozen=True, slots=True)
class RetakeWish:
    """A view the clinician asks for again, and why."""

    view: View
    label: str
    advice: Advice
    answered: bool
    url: str


@dataclass(frozen=True, slots=True)
class Ghost:
    """The patient's own baseline of a view, to line up with."""

    src: str
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class CameraGuide:
    """What the camera in the page needs: how to hold it, the quality gate's limits for its hints, where to go on."""

    pose: str  # "down": the lens looks straight down; "upright": at the head's height; "": no level to hold
    dark_below: float
    burnt_above: float
    blurred_below: float
    timers: tuple[int, ...]  # seconds
    timer: int
    next_url: str


@dataclass(frozen=True, slots=True)
class Takes:
    """Whether each view is taken twice in this session, and what that means for the view on show."""

    twice: bool
    state: TakeState

    @property
    def second_wanted(self) -> bool:
        """The first take is good, and the same view is asked for once more."""
        return self.twice and self.state is TakeState.SECOND


@dataclass(frozen=True, slots=True)
class CapturePage:
    """Everything the capture page shows for one view."""

    session_id: UUID
    guide: ViewGuide
    view_key: str  # what an upload of this page names as its view
    site: str
    sites: tuple[dict[str, Any], ...]
    strip: tuple[dict[str, Any], ...]
    tiles: tuple[PhotoTile, ...]
    retakes: tuple[RetakeWish, ...]
    next_guide: ViewGuide | None
    next_url: str
    photo_count: int
    not_good: int
    camera: CameraGuide
    ghost: Ghost | None
    takes: Takes
    second_missing: int  # views with a good first take and no second, in a session that takes each twice

    @property
    def wish(self) -> RetakeWish | None:
        """The clinician's request about the view on show, if any."""
        return next((wish for wish in self.retakes if wish.view == self.guide.view), None)

    @property
    def missing(self) -> list[dict[str, Any]]:
        """Views of a full session that have no photo yet."""
        return [item for item in self.strip if item["state"] == "missing" and item["expected"]]

    @property
    def can_upload(self) -> bool:
        """A close-up needs its site first."""
        return self.guide.view.is_global or bool(self.site)


def capture_page(session: PhotoSession, view: View | None, site: str = "") -> CapturePage:
    """The page for ``view``; without one, for the first view that is asked for again or still missing."""
    photos = selectors.photos_of(session)
    wishes = retake_wishes(session, photos)
    shown = view or _first_open(photos, wishes)
    order = [item.view for item in GUIDES]
    following = order[order.index(shown) + 1] if shown != order[-1] else None
    return CapturePage(
        session_id=session.pk,
        guide=guide(shown),
        view_key=shown.value if shown.is_global else f"{shown.value}:{site}",
        site=site,
        sites=tuple(_site(session, item, site) for item in TrichoscopySite),
        strip=tuple(_strip_item(session, item, photos, wishes, shown) for item in GUIDES),
        tiles=tuple(photo_tile(photo) for photo in photos if photo.view == shown),
        retakes=tuple(wishes),
        next_guide=guide(following) if following else None,
        next_url=view_url(session.pk, following) if following else reverse("patients:finish", args=[session.pk]),
        photo_count=len(photos),
        not_good=sum(not photo.quality_passed for photo in photos),
        camera=_camera(session, shown, following),
        ghost=_ghost(session, shown, site),
        takes=Takes(session.take_twice, take_state(session, photos, shown, site)),
        second_missing=_second_missing(session, photos),
    )


def _second_missing(session: PhotoSession, photos: Sequence[Photo]) -> int:
    kinds = {(View(photo.view), photo.site) for photo in photos}
    return sum(take_state(session, photos, view, site) is TakeState.SECOND for view, site in kinds)


def _camera(session: PhotoSession, view: View, following: View | None) -> CameraGuide:
    limits = thresholds_for(view)
    go_on = f"{view_url(session.pk, following)}&camera=1" if following and following.is_global else ""
    return CameraGuide(
        pose=POSES.get(view, "upright"),
        dark_below=limits[QualityCheck.TOO_DARK].limit,
        burnt_above=limits[QualityCheck.BURNT_OUT].limit,
        blurred_below=limits[QualityCheck.BLUR].limit,
        timers=TIMERS_S,
        timer=TIMERS_S[-1] if view in OUT_OF_SIGHT else 0,
        next_url=go_on or reverse("patients:finish", args=[session.pk]),
    )


def _ghost(session: PhotoSession, view: View, site: str) -> Ghost | None:
    photo = selectors.baseline_photo(session, view, site)
    if photo is None:
        return None
    return Ghost(reverse("patients:thumbnail", args=[photo.pk]), photo.created_at)


def view_url(session_id: UUID, view: View | None, site: str = "") -> str:
    """The capture page of one view."""
    address = reverse("patients:capture", args=[session_id])
    if view is None:
        return address
    return f"{address}?view={view.value}" + (f":{site}" if site else "")


def tiles_in_order(photos: Iterable[Photo]) -> list[PhotoTile]:
    """All photos of a session in the order of the protocol."""
    order = {item.view.value: position for position, item in enumerate(GUIDES)}
    return [photo_tile(photo) for photo in sorted(photos, key=lambda photo: (order[photo.view], photo.created_at))]


def photo_tile(photo: Photo) -> PhotoTile:
    """One photo as a tile."""
    name = str(guide(View(photo.view)).label)
    if photo.site:
        name = f"{name}: {SITE_LABELS[TrichoscopySite(photo.site)]}"
    if photo.take == 2:
        name = _("%(view)s, second take") % {"view": name}
    return PhotoTile(
        id=photo.pk,
        name=name,
        src=reverse("patients:thumbnail", args=[photo.pk]),
        href=reverse("patients:photo", args=[photo.pk]),
        remove_url=reverse("patients:photo_remove", args=[photo.pk]),
        good=photo.quality_passed,
        advice=quality_advice(photo),
        hints=quality_hints(photo),
        created_at=photo.created_at,
        card=card_note(photo),
    )


def card_note(photo: Photo) -> CardNote | None:
    """Nothing for a photo without a card: most have none, and need none."""
    card = photo.capture.get("card")
    if not card:
        return None
    if any(item["check"] == QualityCheck.MIRRORED and not item["passed"] for item in photo.quality.get("checks", [])):
        return None  # the gate has said so, and why the photo does not count
    if "problem" in card:
        advice = CARD_ADVICE[Reason(card["problem"])]
        return CardNote(False, str(advice.problem), str(advice.cure))
    if photo.px_per_mm is None:
        return CardNote(False, str(CARD_UNCHECKED), url=reverse("patients:card", args=[photo.session.patient_id]))
    return CardNote(True, str(CARD_READ))


def quality_advice(photo: Photo) -> tuple[Advice, ...]:
    """What to change about a photo that failed the gate, one item per failed check."""
    return _advice(photo, refuses=True)


def quality_hints(photo: Photo) -> tuple[Advice, ...]:
    """What could be better about a photo though it passed: signs of a fault that do not refuse it."""
    return _advice(photo, refuses=False)


def _advice(photo: Photo, *, refuses: bool) -> tuple[Advice, ...]:
    failed = [item for item in photo.quality.get("checks", []) if not item["passed"]]
    return tuple(_said(photo, item) for item in failed if item.get("refuses", True) is refuses)


def _said(photo: Photo, item: Mapping[str, Any]) -> Advice:
    if item["check"] == QualityCheck.WRONG_VIEW and item.get("detail"):
        return other_view_advice(View(photo.view), View(item["detail"]))
    return QUALITY_ADVICE[QualityCheck(item["check"])]


def retake_wishes(session: PhotoSession, photos: Sequence[Photo]) -> list[RetakeWish]:
    """What the clinician asked for again, with what has come since."""
    return [
        RetakeWish(
            view=View(wish["view"]),
            label=str(guide(View(wish["view"])).label),
            advice=RETAKE_ADVICE[RetakeReason(wish["reason"])],
            answered=any(selectors.answers_retake(photo, wish) for photo in photos),
            url=view_url(session.pk, View(wish["view"])),
        )
        for wish in session.retake_views
    ]


def _first_open(photos: Sequence[Photo], wishes: Sequence[RetakeWish]) -> View:
    for wish in wishes:
        if not wish.answered:
            return wish.view
    taken = {photo.view for photo in photos}
    return next((item.view for item in GUIDES if item.expected and item.view.value not in taken), GUIDES[0].view)


def _site(session: PhotoSession, site: TrichoscopySite, current: str) -> dict[str, Any]:
    url = view_url(session.pk, View.TRICHOSCOPY, site.value)
    return {"label": SITE_LABELS[site], "url": url, "current": site.value == current}


def _strip_item(
    session: PhotoSession, item: ViewGuide, photos: Sequence[Photo], wishes: Sequence[RetakeWish], shown: View
) -> dict[str, Any]:
    own = [photo for photo in photos if photo.view == item.view]
    asked = any(wish.view == item.view and not wish.answered for wish in wishes)
    best = next((photo for photo in reversed(own) if photo.quality_passed), own[-1] if own else None)
    if asked:
        state, label = "retake", _("asked for again")
    elif best is None:
        state, label = "missing", _("no photo yet") if item.expected else _("only with a lens")
    elif best.quality_passed:
        state, label = "good", _("good")
        if item.view.is_global and take_state(session, photos, item.view) is TakeState.SECOND:
            label = _("good, second take to come")
    else:
        state, label = "retake", _("not good enough yet")
    return {
        "name": item.label,
        "url": view_url(session.pk, item.view),
        "src": reverse("patients:thumbnail", args=[best.pk]) if best else "",
        "current": item.view == shown,
        "state": state,
        "state_label": label,
        "expected": item.expected,
    }
