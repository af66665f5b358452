"""The capture protocol (C2, C4) in words: views, sites, the checklist, and what to do about a photo that failed.

Pure data for pages. What is measured is ``vision``; how a view is drawn is ``templates/patients/_outline.html``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from vision.types import QualityCheck, Reason, View

Text = str | Promise


@dataclass(frozen=True, slots=True)
class ViewGuide:
    """One view: its name, one sentence on what it shows, and steps to take it."""

    view: View
    label: Text
    purpose: Text
    steps: tuple[Text, ...]
    expected: bool = True  # part of a full session; trichoscopy needs a lens


GUIDES: Final[tuple[ViewGuide, ...]] = (
    ViewGuide(
        View.CROWN,
        _("Crown, from above"),
        _("The whole top of the head, seen straight from above."),
        (
            _("Sit, and tilt your head slightly forward."),
            _("Hold the camera level, an arm's length above the head, or ask somebody to."),
            _("The whorl is in the middle and both ears are just outside the picture."),
        ),
    ),
    ViewGuide(
        View.HAIRLINE,
        _("Hairline, from the front"),
        _("Forehead and hairline, with the hair held back."),
        (
            _("Hold the hair back with a hand or a band, so that the whole hairline is free."),
            _("Camera at the height of the forehead; look down a little."),
            _("From eyebrow to crown, with both temples in the picture."),
        ),
    ),
    ViewGuide(
        View.TEMPLE_LEFT,
        _("Left temple, at 45°"),
        _("Your own left side: the corner of the hairline and the area above the ear."),
        (
            _("Turn your head halfway to the right, so that your left temple faces the camera."),
            _("Hold the hair back behind the ear."),
            _("The corner of the hairline is in the middle."),
        ),
    ),
    ViewGuide(
        View.TEMPLE_RIGHT,
        _("Right temple, at 45°"),
        _("Your own right side: the corner of the hairline and the area above the ear."),
        (
            _("Turn your head halfway to the left, so that your right temple faces the camera."),
            _("Hold the hair back behind the ear."),
            _("The corner of the hairline is in the middle."),
        ),
    ),
    ViewGuide(
        View.PART,
        _("Parting"),
        _("A straight middle parting, seen from above."),
        (
            _("Draw a straight parting from forehead to crown with a comb."),
            _("Camera straight above, with the parting upright in the middle."),
            _("Close enough that the parting fills most of the picture's height."),
        ),
    ),
    ViewGuide(
        View.OCCIPUT,
        _("Back of the head"),
        _("The back, from crown to neck: the area to compare with."),
        (
            _("Sit upright. This one is easier with help or a timer."),
            _("Camera at the height of the head, straight from behind."),
            _("From the crown to the start of the neck."),
        ),
    ),
    ViewGuide(
        View.TRICHOSCOPY,
        _("Close-up with a lens"),
        _("Only if you have a trichoscope or the clinic lent you one."),
        (
            _("Choose the site first, and part the hair there."),
            _("Rest the lens on the skin without pressing."),
            _("Hold still until the picture is sharp."),
        ),
        expected=False,
    ),
)

_GUIDE_OF: Final = {guide.view: guide for guide in GUIDES}


def guide(view: View) -> ViewGuide:
    """The guide of one view."""
    return _GUIDE_OF[view]


def expected_views() -> tuple[View, ...]:
    """The views of a full session."""
    return tuple(guide.view for guide in GUIDES if guide.expected)


class TrichoscopySite(StrEnum):
    """Named sites: a close-up can be compared only with one of the same site."""

    FRONTAL = "frontal"
    VERTEX = "vertex"
    TEMPORAL_LEFT = "temporal_left"
    TEMPORAL_RIGHT = "temporal_right"
    OCCIPITAL = "occipital"


SITE_LABELS: Final[dict[TrichoscopySite, Text]] = {
    TrichoscopySite.FRONTAL: _("Front, 2 cm behind the hairline"),
    TrichoscopySite.VERTEX: _("Crown"),
    TrichoscopySite.TEMPORAL_LEFT: _("Left temple"),
    TrichoscopySite.TEMPORAL_RIGHT: _("Right temple"),
    TrichoscopySite.OCCIPITAL: _("Back of the head"),
}


class WashInterval(StrEnum):
    """Time since the last wash; density looks different on unwashed hair."""

    TODAY = "today"
    ONE_DAY = "one_day"
    TWO_DAYS = "two_days"
    LONGER = "longer"


WASH_LABELS: Final[dict[WashInterval, Text]] = {
    WashInterval.TODAY: _("Today"),
    WashInterval.ONE_DAY: _("Yesterday"),
    WashInterval.TWO_DAYS: _("Two days ago"),
    WashInterval.LONGER: _("Longer ago"),
}


class ChecklistItem(StrEnum):
    """What makes two sessions comparable (C4)."""

    DRY = "dry"
    UNSTYLED = "unstyled"
    NO_PRODUCT = "no_product"
    SAME_LAMP = "same_lamp"
    SAME_TIME = "same_time"
    DISTANCE_MARK = "distance_mark"


CHECKLIST_LABELS: Final[dict[ChecklistItem, tuple[Text, Text]]] = {
    ChecklistItem.DRY: (_("My hair is dry"), _("Wet hair clumps and shows more scalp than there is.")),
    ChecklistItem.UNSTYLED: (_("It is unstyled"), _("Combed as usual, no hair tied, sprayed or teased.")),
    ChecklistItem.NO_PRODUCT: (_("There is no product in it"), _("No fibres, powder, gel, oil or spray today.")),
    ChecklistItem.SAME_LAMP: (
        _("I use the lamp that I will use every time"),
        _("A bright, even lamp or a window without direct sun. Flash off."),
    ),
    ChecklistItem.SAME_TIME: (_("I take the photos at my usual time of day"), _("In a first session: choose one now.")),
    ChecklistItem.DISTANCE_MARK: (
        _("I know my distance"),
        _("A mark on the floor or an arm's length: the same for every session."),
    ),
}


@dataclass(frozen=True, slots=True)
class Advice:
    """A check that failed, in words a person can act on."""

    problem: Text
    cure: Text


MIRROR_IMAGE: Final = Advice(
    _("The photo is a mirror image: left and right are exchanged."),
    _("Take it with this page's camera or the rear camera, or switch mirroring off in the camera's settings."),
)


QUALITY_ADVICE: Final[dict[QualityCheck, Advice]] = {
    QualityCheck.SIZE: Advice(
        _("The picture is too small."), _("Send the original photo, not a screenshot or a preview from a chat.")
    ),
    QualityCheck.BLUR: Advice(
        _("The photo is blurred."), _("Rest your elbows, tap on the hair to focus, and hold still for a moment.")
    ),
    QualityCheck.TOO_DARK: Advice(_("The photo is too dark."), _("Turn on the lamp or go closer to a window.")),
    QualityCheck.BURNT_OUT: Advice(
        _("Parts of the photo are burnt out."), _("Turn the flash off, and keep out of direct sun or a spotlight.")
    ),
    QualityCheck.LOW_CONTRAST: Advice(
        _("Hair and skin can hardly be told apart."), _("Wipe the lens, and use brighter, even light.")
    ),
    QualityCheck.UNEVEN_LIGHT: Advice(
        _("One side is much darker than the other."), _("Face the light, so that no shadow falls across the head.")
    ),
    QualityCheck.NO_SCALP: Advice(
        _("No scalp or hair is recognised."),
        _("Check that the right photo was chosen, and that the head fills the picture."),
    ),
    QualityCheck.TOO_FAR: Advice(
        _("Too little of the head is to be seen."),
        _("Go closer, so that the head fills the picture, and take away what covers it."),
    ),
    QualityCheck.WRONG_VIEW: Advice(
        _("The photo seems to show another view."), _("Compare it with the outline, and take this view.")
    ),
    QualityCheck.COLOUR_CAST: Advice(
        _("The light is strongly coloured."),
        _("Use white light: daylight or a white lamp. The calibration card in the picture puts colours right."),
    ),
    QualityCheck.GLARE: Advice(
        _("There are bright reflexes on hair or skin."),
        _("Is the hair dry and free of oil and spray? Move the lamp to the side, and leave the flash off."),
    ),
    QualityCheck.COVERED: Advice(
        _("Something seems to lie across the scalp."),
        _("Take off hats and clips. A band or a hand belongs in the picture only where this view asks for one."),
    ),
    QualityCheck.TILTED: Advice(
        _("The head is tilted in the picture."), _("Hold the camera level, as in the outline.")
    ),
    QualityCheck.MIRRORED: MIRROR_IMAGE,
}


SHOWN_VIEW: Final[dict[View, Text]] = {
    View.CROWN: _("This looks like the top of the head, seen from above."),
    View.HAIRLINE: _("This looks like the front of the head."),
    View.TEMPLE_LEFT: _("This looks like the left side of the head."),
    View.TEMPLE_RIGHT: _("This looks like the right side of the head."),
    View.OCCIPUT: _("This looks like the back of the head."),
}
SIDES: Final = frozenset({View.TEMPLE_LEFT, View.TEMPLE_RIGHT})


def other_view_advice(asked: View, shown: View) -> Advice:
    """What to say where a photo seems to show another view than the one it was taken for."""
    problem = _("%(shown)s It should show: %(asked)s.") % {
        "shown": SHOWN_VIEW[shown],
        "asked": guide(asked).label,
    }
    if {asked, shown} == SIDES:
        return Advice(
            problem, _("Left and right are your own. If you meant this side, the camera has mirrored the photo.")
        )
    return Advice(problem, _("If that is so, take this view again as in the outline; if not, leave it as it is."))


CARD_READ: Final = _("Calibration card read: areas can be given in square millimetres.")
CARD_UNCHECKED: Final = _("There is a calibration card in it, but its print is not checked yet.")
CARD_ADVICE: Final[dict[Reason, Advice]] = {
    Reason.SEVERAL_CARDS: Advice(
        _("There are two calibration cards in it."), _("Leave one: the one that lies where the hair is.")
    ),
    Reason.CARD_MIRRORED: MIRROR_IMAGE,
    Reason.CARD_UNUSABLE: Advice(
        _("The calibration card cannot be read."),
        _("Lay it flat, facing the camera, sharp and wholly in the picture, and not too far away."),
    ),
}
"""A card that gives no scale. The photo counts all the same; only lengths in millimetres are missing."""


class RetakeReason(StrEnum):
    """Why a clinician asks for a view again. Stored as a code, because the list of views is not sealed."""

    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    BURNT_OUT = "burnt_out"
    UNEVEN_LIGHT = "uneven_light"
    TOO_FAR = "too_far"
    TILTED = "tilted"
    WET = "wet"
    COVERED = "covered"
    WRONG_VIEW = "wrong_view"
    MISSING = "missing"
    OTHER = "other"


RETAKE_ADVICE: Final[dict[RetakeReason, Advice]] = {
    RetakeReason.BLURRED: QUALITY_ADVICE[QualityCheck.BLUR],
    RetakeReason.TOO_DARK: QUALITY_ADVICE[QualityCheck.TOO_DARK],
    RetakeReason.BURNT_OUT: QUALITY_ADVICE[QualityCheck.BURNT_OUT],
    RetakeReason.UNEVEN_LIGHT: QUALITY_ADVICE[QualityCheck.UNEVEN_LIGHT],
    RetakeReason.TOO_FAR: Advice(
        _("The camera was too far away."), _("Go closer, so that the head fills the picture.")
    ),
    RetakeReason.TILTED: Advice(_("The camera was tilted."), _("Hold it level, as in the outline.")),
    RetakeReason.WET: Advice(
        _("The hair looks wet or has product in it."), _("Wait until it is dry and without product.")
    ),
    RetakeReason.COVERED: Advice(
        _("Hair or a hand covers the area."), _("Hold the hair back so that the area is free.")
    ),
    RetakeReason.WRONG_VIEW: Advice(_("The photo shows another view."), _("Take this view as in the outline.")),
    RetakeReason.MISSING: Advice(_("This view is missing."), _("Please add it.")),
    RetakeReason.OTHER: Advice(
        _("The clinician needs this view again."), _("Read the message of your clinic, if any.")
    ),
}
